import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { settledWithin } from '../base/settled-within.ts'
import { SlotList } from '../base/slot-list.ts'
import type { Config, ListenerConfig, SocketAddress } from '../config/config.ts'
import { Exchange } from '../proxy/exchange.ts'
import { Generation, type Telemetry } from '../proxy/generation.ts'
import { handleRequest } from '../proxy/handle-request.ts'
import { causeFor } from '../telemetry/log.ts'
import type { MetricValues } from '../telemetry/merge-metrics.ts'
import { createHostId, RequestIds } from '../telemetry/request-id.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { UpstreamUse } from '../upstream/upstream-use.ts'
import { AdminServer, type AdminSource } from './admin.ts'
import { answerSts } from './answer-sts.ts'
import { certificateFiles } from './config-snapshot.ts'
import { configuredFacts } from './configured-facts.ts'
import { drainListeners } from './drain-listeners.ts'
import { ListenError } from './listen-error.ts'
import { Listener } from './listener.ts'
import type { ExchangeIds, OpenEgress, ServiceListener } from './listener-host.ts'
import { closeAudit } from './open-audit.ts'
import { Readiness } from './readiness.ts'
import { pickTlsMaterial, type TlsMaterial } from './tls-material.ts'

/** The addresses of a running service. */
export interface ServiceAddresses {
  readonly listen: readonly SocketAddress[]
  readonly admin: SocketAddress | undefined
}

/** The inputs of a service besides the configuration. */
interface ServiceFiles {
  /** Texts of the TLS files by path, as validated. */
  readonly files: ReadonlyMap<string, string>
  readonly ticketKeys: Buffer | undefined
}

interface ServiceOptions {
  /** Absent: the TLS files are read when the listeners open. */
  readonly files?: ServiceFiles
  /** False if another process has the admin listener. */
  readonly hasAdmin?: boolean
  /** Required for listeners of kind `egress`. */
  readonly openEgress?: OpenEgress
}

/** A running request. */
interface Running {
  slot: number
  readonly response: ServerResponse
}

/**
 * The time after the listeners have closed, for the last audit lines and for connections to S3 to
 * end.
 */
const CLOSING_MS = 2_000

/**
 * The running proxy of one process: its listeners, its admin listener, and the generation that
 * serves requests. It starts completely or not at all: if one address cannot be bound, the others
 * are released.
 */
export class Service implements AdminSource {
  #generation: Generation
  #use: UpstreamUse
  readonly #telemetry: Telemetry
  readonly #options: ServiceOptions
  readonly #listeners: ServiceListener[] = []
  readonly #running = new SlotList<Running>()
  /** Running tunnels and other traffic that is not an exchange. */
  #passages = 0
  readonly #requestIds = new RequestIds()
  readonly #hostId = createHostId()
  readonly #readiness: Readiness
  #admin: AdminServer | undefined
  /** The admin listener opens last. */
  readonly isStarted = true
  #onIdle: () => void = () => undefined

  constructor(
    config: Config,
    upstream: Upstream,
    telemetry: Telemetry,
    options: ServiceOptions = {},
  ) {
    this.#telemetry = telemetry
    this.#options = options
    this.#generation = new Generation(config, upstream, telemetry)
    this.#use = new UpstreamUse(upstream, telemetry.log)
    this.#readiness = new Readiness(() => this.#generation)
    telemetry.metrics.watchCredentials(() => secondsLeft(this.#generation.upstream))
    telemetry.metrics.watchAudit(telemetry.audit)
    telemetry.metrics.watchService({
      connections: () => this.#listeners.reduce((sum, { connections }) => sum + connections(), 0),
      unauthenticatedConnections: () => this.#generation.strangers.size,
      upstream: () => this.#generation.upstream.poolUse,
      degraded: () => this.#readiness.degraded(),
    })
  }

  get config(): Config {
    return this.#generation.config
  }

  get upstream(): Upstream {
    return this.#generation.upstream
  }

  /** Binds all listeners; on failure throws a ListenError, and then nothing is bound. */
  async listen(): Promise<ServiceAddresses> {
    const { config } = this
    try {
      const files = this.#options.files ?? (await readTlsFiles(config))
      this.#tellConfiguration(files)
      const listen: SocketAddress[] = []
      for (const [i, listenerConfig] of config.listen.entries()) {
        const listener = this.#openListener(listenerConfig, files)
        const { host } = listenerConfig.address
        const port = await ListenError.wrap(`listen[${i}].address`, listener.listen())
        this.#listeners.push(listener)
        listen.push({ host, port })
      }
      if (config.admin === undefined || this.#options.hasAdmin === false) {
        return { listen, admin: undefined }
      }
      this.#admin = new AdminServer(this)
      const port = await ListenError.wrap('admin.address', this.#admin.listen(config.admin))
      return { listen, admin: { host: config.admin.host, port } }
    } catch (error) {
      await drainListeners(this.#listeners, () => true, 0)
      throw error
    }
  }

  /**
   * Uses this configuration for new requests; running ones keep the old one. If the upstream
   * changes, the old one is closed after its last request. Settings that a listening process cannot
   * change must be unchanged.
   */
  swap(config: Config, upstream: Upstream, files: ServiceFiles): void {
    this.#generation = new Generation(config, upstream, this.#telemetry, this.#generation)
    if (upstream !== this.#use.upstream) {
      this.#use.retire().catch(() => undefined)
      this.#use = new UpstreamUse(upstream, this.#telemetry.log)
    }
    this.#tellConfiguration(files)
    this.#telemetry.log.level = config.log.level
    config.listen.forEach((listenerConfig, i) => {
      const tls = tlsOf(listenerConfig, files)
      this.#listeners[i]?.configure(listenerConfig, config.limits, tls, files.files)
    })
  }

  /** The metrics of this process. */
  async metrics(): Promise<{ readonly contentType: string; readonly text: string }> {
    const { registry } = this.#telemetry.metrics
    return { contentType: registry.contentType, text: await registry.metrics() }
  }

  metricValues(): Promise<readonly MetricValues[]> {
    return this.#telemetry.metrics.registry.getMetricsAsJSON()
  }

  /** Returns whether this process should get requests. */
  readiness() {
    return this.#readiness.report()
  }

  /**
   * Stops as Kubernetes requires: readiness fails at once, the listeners close after `drain.delay`
   * (until then a load balancer may still send requests), running requests have until
   * `drain.deadline` to end. Returns whether they all did. `onEnded` is called before the audit log
   * is closed.
   */
  async drain(onEnded: () => void = () => undefined): Promise<boolean> {
    const { delayMs, deadlineMs } = this.config.drain
    this.#announceClose()
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    const inTime = await drainListeners(this.#listeners, this.#isIdle, deadlineMs)
    await settledWithin(this.#idle(), CLOSING_MS)
    await settledWithin(this.#use.retire(), CLOSING_MS)
    const { audit, log } = this.#telemetry
    onEnded()
    await closeAudit(audit, log)
    await this.#admin?.close()
    return inTime
  }

  #tellConfiguration({ files }: ServiceFiles): void {
    const { config, configHash } = this.#generation
    this.#telemetry.metrics.configured(configuredFacts(config, configHash, files))
  }

  #announceClose(): void {
    this.#readiness.drain()
    for (const listener of this.#listeners) listener.announceClose()
    for (const { response } of this.#running) {
      if (!response.headersSent) response.shouldKeepAlive = false
    }
  }

  #openListener(config: ListenerConfig, files: ServiceFiles): ServiceListener {
    const { limits } = this.config
    if (config.kind === 'egress') return this.#openEgress(config, files)
    const handle = config.kind === 'sts' ? answerSts : handleRequest
    const listener: Listener = new Listener(
      config,
      limits,
      tlsOf(config, files),
      (request, response, expectsContinue, refused) => {
        const ids = this.#nextIds()
        const exchange = new Exchange(listener.config, request, response, ids, expectsContinue)
        this.#serve(exchange, () => handle(this.#generation, exchange, refused))
      },
      this.#generation.strangers,
    )
    listener.onHandshakeFailure((error) => {
      const { log } = this.#telemetry
      log.info({ address: config.address, err: causeFor(log, error) }, 'TLS handshake failed')
    })
    return listener
  }

  #openEgress(config: ListenerConfig, files: ServiceFiles): ServiceListener {
    const { openEgress } = this.#options
    if (openEgress === undefined)
      throw new Error('openEgress is missing for a listener of kind egress')
    return openEgress(config, this.config.limits, tlsOf(config, files), files.files, {
      generation: () => this.#generation,
      nextIds: () => this.#nextIds(),
      take: (listener, request, response, expectsContinue, refused, identity) => {
        const ids = this.#nextIds()
        const exchange = new Exchange(listener, request, response, ids, expectsContinue, identity)
        this.#serve(exchange, () => handleRequest(this.#generation, exchange, refused))
      },
      begin: () => {
        this.#passages++
        return () => {
          this.#passages--
          this.#noteEnd()
        }
      },
    })
  }

  #nextIds(): ExchangeIds {
    return { requestId: this.#requestIds.next(), hostId: this.#hostId }
  }

  /** Serves an exchange to its end; a drain waits for it. */
  #serve({ response }: Exchange, handle: () => Promise<void>): void {
    const use = this.#use
    use.enter()
    const running = { slot: -1, response }
    this.#running.add(running)
    const end = (): void => {
      use.leave()
      this.#running.remove(running)
      this.#noteEnd()
    }
    handle().then(end, end)
  }

  #noteEnd(): void {
    if (this.#isIdle()) this.#onIdle()
  }

  readonly #isIdle = (): boolean => this.#running.size === 0 && this.#passages === 0

  #idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onIdle = resolve
    })
  }
}

function tlsOf({ tls }: ListenerConfig, files: ServiceFiles): TlsMaterial | undefined {
  return tls === undefined ? undefined : pickTlsMaterial(tls, files.files, files.ticketKeys)
}

async function readTlsFiles(config: Config): Promise<ServiceFiles> {
  const files = new Map<string, string>()
  for (const path of certificateFiles(config)) files.set(path, await readFile(path, 'utf8'))
  return { files, ticketKeys: undefined }
}

function secondsLeft(upstream: Upstream): number | undefined {
  const expiry = upstream.credentialsExpireAt
  return expiry === undefined ? undefined : (expiry.getTime() - Date.now()) / 1000
}
