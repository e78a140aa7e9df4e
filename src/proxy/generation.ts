import { TLSSocket } from 'node:tls'
import { ByteRoom } from '../base/byte-room.ts'
import { OldestFirst } from '../base/oldest-first.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { Client, Config } from '../config/config.ts'
import { configHash } from '../config/config-hash.ts'
import { HELD_BODIES_BYTES } from '../config/memory-need.ts'
import { stripsMisplacedHeaders } from '../policy/read-headers.ts'
import type { AuthenticationContext } from '../request/identify.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { SigningKeyCache } from '../sigv4/signing-key.ts'
import { readDocument } from '../sts/read-document.ts'
import { SessionAuthority } from '../sts/session-authority.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'
import { causeFor, type Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { CertificateClients } from './client-certificate.ts'
import { type BandwidthShare, ClientLimits } from './client-limits.ts'
import type { Exchange } from './exchange.ts'
import { isOtherSite } from './other-site.ts'
import { Strangers } from './strangers.ts'

/** No client keys: signatures are not verified. */
const NO_CLIENTS: ReadonlyMap<string, Client> = new Map()

/** The instruments that every request writes to; they survive a reload. */
export interface Telemetry {
  readonly metrics: Metrics
  readonly audit: AuditLog
  readonly log: Log
  /** Undefined if no OpenTelemetry SDK is loaded. */
  readonly tracing?: Tracing | undefined
}

/** The place of a running request among its client's. */
export interface Place {
  /** Whether the list of objects to delete may be held in memory. */
  readonly isHeldList: boolean
  /** What lets its bodies pass; undefined: the client's bandwidth has no limit. */
  readonly share: BandwidthShare | undefined
  /** Frees the place; called once. */
  readonly leave: () => void
}

/**
 * One active configuration: everything that the steps of a request need. A reload creates a new
 * generation; running requests keep the one with which they began.
 */
export class Generation {
  readonly config: Config
  readonly upstream: Upstream
  readonly telemetry: Telemetry
  /** Identifies the configuration in the metrics and the audit log. */
  readonly configHash: string
  /** Reserved names (access point aliases) that the configuration lists. */
  readonly configuredBuckets: ReadonlySet<string>
  readonly clientKeys = new SigningKeyCache()
  /** Issues session keys, and opens their tokens; undefined: there are none. */
  readonly sessions: SessionAuthority | undefined
  /** Forms whose fields are being read: their senders are not known yet. */
  readonly #openForms: OldestFirst
  /** Connections without an identified client. */
  readonly strangers: Strangers
  readonly #clientsByAccessKeyId: ReadonlyMap<string, Client>
  readonly #anonymousClient: Client | undefined
  readonly #certificateClients: CertificateClients
  readonly #requestsByClient: Map<string, number>
  /** What clients have used of their limits. */
  readonly #clientLimits: ClientLimits
  /** Lists of DeleteObjects that are held for the record. */
  readonly #heldLists: { count: number }
  /** Bodies that are held until their trailing checksum has come. */
  readonly #heldBodies: ByteRoom

  /** `before`: the previous generation, whose requests still count. */
  constructor(config: Config, upstream: Upstream, telemetry: Telemetry, before?: Generation) {
    this.config = config
    this.upstream = upstream
    this.telemetry = telemetry
    this.configHash = configHash(config)
    this.configuredBuckets = new Set(config.upstream.buckets.keys())
    this.sessions = openSessions(config, telemetry, before?.sessions)
    const byKey = new Map<string, Client>()
    for (const client of config.clients) {
      if (client.identity.kind === 'keys') byKey.set(client.identity.accessKeyId, client)
    }
    this.#clientsByAccessKeyId = byKey
    this.#anonymousClient = config.clients.find(({ identity }) => identity.kind === 'anonymous')
    this.#certificateClients = new CertificateClients(config.clients)
    this.#requestsByClient = before === undefined ? new Map() : before.#requestsByClient
    this.#clientLimits = before === undefined ? new ClientLimits(config) : before.#clientLimits
    this.#clientLimits.reconfigure(config)
    this.#heldLists = before === undefined ? { count: 0 } : before.#heldLists
    this.#heldBodies = before === undefined ? new ByteRoom(HELD_BODIES) : before.#heldBodies
    this.#openForms = before === undefined ? new OldestFirst() : before.#openForms
    this.strangers = before === undefined ? openStrangers(config, telemetry.log) : before.strangers
    this.strangers.max = config.limits.unauthenticatedConnections
  }

  /**
   * Returns the refusal of a request that has just been counted: there are too many, or the audit
   * log cannot be written, and requests that cannot be recorded are not served. Undefined if it is
   * accepted.
   */
  refusedEntry(): S3Error | undefined {
    const { metrics, audit } = this.telemetry
    if (!audit.isAccepting) return refusal('audit-stalled')
    return metrics.inflight <= this.config.limits.concurrentRequests
      ? undefined
      : refusal('too-many-requests')
  }

  /**
   * Counts a form whose sender is not known yet; call the result when it is. Forms get at most half
   * of the places for requests: beyond that the oldest is given up.
   */
  enterForm(giveUp: () => void): () => void {
    return this.#openForms.enter(Math.ceil(this.config.limits.concurrentRequests / 2), giveUp)
  }

  /**
   * Counts the request for its client, and the list of objects to delete that is held for the record
   * (`hasList`). If too many lists are held, this one passes uninspected. Fails if the client has too
   * many running requests, or has used its limits.
   */
  enterClient(client: Client, hasList: boolean): Result<Place, S3Error> {
    const { name } = client
    const requests = this.#requestsByClient.get(name) ?? 0
    if (requests >= this.config.limits.concurrentRequestsPerClient) {
      return failure(refusal('too-many-requests'))
    }
    const entered = this.#clientLimits.enter(client)
    if (!entered.ok) return entered
    const share = entered.value
    this.#requestsByClient.set(name, requests + 1)
    const held = this.#heldLists
    const isHeldList = hasList && held.count < HELD_LISTS_MAX
    if (isHeldList) held.count++
    return ok({
      isHeldList,
      share,
      leave: () => {
        // Not deleted at 0: a Map's old tables would keep requests' strings alive (see SlotList).
        this.#requestsByClient.set(name, (this.#requestsByClient.get(name) ?? 1) - 1)
        if (isHeldList) held.count--
        share?.close()
      },
    })
  }

  /**
   * Takes room for a body that is held in memory; call the result when it is not needed any more. Undefined if
   * there was none in time.
   */
  holdBody(client: Client, bytes: number): Promise<(() => void) | undefined> {
    return this.#heldBodies.enter(client.name, bytes)
  }

  /** The clients that this request may authenticate as. */
  authenticationContext(exchange: Exchange): AuthenticationContext {
    const { egressIdentity } = exchange
    const stripsEncryption = stripsMisplacedHeaders(this.config.policy)
    if (egressIdentity !== undefined) {
      const [region = this.config.upstream.region, ...otherRegions] = egressIdentity.regions
      return {
        clientsByAccessKeyId: egressIdentity.verifySignatures
          ? this.#clientsByAccessKeyId
          : NO_CLIENTS,
        sessions: egressIdentity.verifySignatures ? this.sessions : undefined,
        unsignedClient: this.#unsignedClient(exchange),
        region,
        otherRegions: [...otherRegions, ...this.config.upstream.acceptRegions],
        keys: this.clientKeys,
        nowMs: exchange.startedAtMs,
        stripsEncryption,
      }
    }
    return {
      clientsByAccessKeyId: this.#clientsByAccessKeyId,
      sessions: this.sessions,
      unsignedClient: this.#unsignedClient(exchange),
      region: this.config.upstream.region,
      otherRegions: this.config.upstream.acceptRegions,
      keys: this.clientKeys,
      nowMs: exchange.startedAtMs,
      stripsEncryption,
    }
  }

  /**
   * A browser uses its user's sidecar, or certificate, for any page. If it says that the page is
   * from another site, no client is admitted without a signature. A sender that gave an egress
   * listener a name and a secret is still identified, because every page is another site for S3.
   */
  #unsignedClient({ egressIdentity, listener, request, headers }: Exchange): Client | undefined {
    const isFromOtherSite = isOtherSite(headers, request.socket instanceof TLSSocket)
    if (egressIdentity !== undefined) {
      const { unsignedClient } = egressIdentity
      return isFromOtherSite && unsignedClient?.identity.kind === 'anonymous'
        ? undefined
        : unsignedClient
    }
    if (isFromOtherSite) return undefined
    const certified =
      listener.tls?.clientCaFile === undefined
        ? undefined
        : this.#certificateClients.find(request.socket)
    return certified ?? (listener.isLoopback ? this.#anonymousClient : undefined)
  }
}

function openSessions(
  { sts, clients }: Config,
  { metrics, log }: Telemetry,
  before: SessionAuthority | undefined,
): SessionAuthority | undefined {
  if (sts === undefined) return undefined
  const onRead = (issuer: string, cause?: unknown): void => {
    metrics.keySetRead(issuer, cause === undefined ? 'success' : 'failure')
    if (cause === undefined) return
    log.warn({ issuer, err: causeFor(log, cause) }, 'the keys of an issuer cannot be read')
  }
  const options = { read: readDocument, nowMs: () => performance.now(), onRead }
  return new SessionAuthority(sts, clients, options, before)
}

function openStrangers({ limits }: Config, log: Log): Strangers {
  const max = limits.unauthenticatedConnections
  return new Strangers(max, () => {
    log.warn(
      { unauthenticatedConnections: max },
      'too many unauthenticated connections: closing the oldest',
    )
  })
}

/** With up to 4 MiB each, list and answer. */
const HELD_LISTS_MAX = 8

/** One client holds at most half of it. A client's timeouts are longer than the wait. */
const HELD_BODIES = {
  bytesMax: HELD_BODIES_BYTES,
  ownerBytesMax: HELD_BODIES_BYTES / 2,
  waitMs: 10_000,
}
