import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { failure, ok, type Result } from '../base/result.ts'
import type { Client, IssuerConfig, StsConfig } from '../config/config.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import type { SessionFacts } from '../s3/session-facts.ts'
import { type IdentityToken, readIdentityToken, verifyIdentityToken } from './identity-token.ts'
import { IssuerKeys, type IssuerKeysOptions } from './issuer-keys.ts'
import { RecentMap } from './recent-map.ts'
import { SealingKey } from './sealing-key.ts'
import {
  ACCESS_KEY_BYTES,
  isSessionAccessKeyId,
  openSessionToken,
  SALT_BYTES,
  type SessionKeys,
  sealSession,
} from './session-token.ts'
import { type StsError, stsRefusal } from './sts-error.ts'
import type { AssumeRole } from './sts-request.ts'
import { isIdentityOf, isSubjectOf } from './web-identity.ts'

/** The keys of a client for a while. */
export interface Session {
  readonly client: Client
  readonly accessKeyId: string
  readonly sessionToken: string
  /** The one that belongs to the token. */
  readonly secretAccessKeys: readonly string[]
  readonly facts: SessionFacts
  readonly expiresAtMs: number
}

/** Session keys that were just issued. */
export interface IssuedSession {
  readonly keys: SessionKeys
  /** The name of the client. */
  readonly client: string
  readonly sessionName: string
  readonly subject: string
  readonly audience: string
  /** `iss` of the identity token. */
  readonly issuer: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

/** What became of a request for session keys. */
interface Assumption {
  readonly result: Result<IssuedSession, StsError>
  /** The issuer's name in the configuration; undefined if no issuer was found. */
  readonly issuer: string | undefined
  /** Undefined unless the token was verified. */
  readonly token: IdentityToken | undefined
}

/** Opened tokens that are kept, so that opening one costs nothing the next time. */
const OPENED_MAX = 4096

interface IssuerEntry {
  readonly config: IssuerConfig
  readonly keys: IssuerKeys
}

/**
 * Issues session keys to clients that prove their identity, and opens the tokens of such keys. Every
 * process with the same sealing keys opens the tokens of every other.
 */
export class SessionAuthority {
  /** The clients that session keys can be for. */
  readonly clients: readonly Client[]
  readonly durationSeconds: number
  readonly #sealingKeys: readonly SealingKey[]
  /** By `iss`. */
  readonly #issuers = new Map<string, IssuerEntry>()
  readonly #clientsByName: ReadonlyMap<string, Client>
  /** Only tokens that were issued are in here, by access key id. */
  readonly #opened = new RecentMap<Session>(OPENED_MAX)

  /** `before`: the one that this replaces; what its unchanged issuers have read is kept. */
  constructor(
    { issuers, sealingKeys, durationSeconds }: StsConfig,
    clients: readonly Client[],
    options: IssuerKeysOptions,
    before: SessionAuthority | undefined,
  ) {
    this.durationSeconds = durationSeconds
    this.#sealingKeys = sealingKeys.map((secret) => new SealingKey(secret))
    for (const config of issuers) {
      const known = before === undefined ? undefined : before.#issuers.get(config.issuer)
      const keys = isDeepStrictEqual(known?.config, config) ? known?.keys : undefined
      this.#issuers.set(config.issuer, { config, keys: keys ?? new IssuerKeys(config, options) })
    }
    this.clients = clients.filter(({ identity }) => identity.kind === 'web-identity')
    this.#clientsByName = new Map(this.clients.map((client) => [client.name, client]))
  }

  /**
   * Finds the session of an access key id; undefined if it has not the form of one. The token must
   * be one that this gateway issued for it (403 InvalidAccessKeyId without one, 400 InvalidToken,
   * 400 ExpiredToken). The request's signature is not checked here.
   */
  find(
    accessKeyId: string,
    sessionToken: string | undefined,
    nowMs: number,
  ): Result<Session, S3Error> | undefined {
    if (!isSessionAccessKeyId(accessKeyId)) return undefined
    if (sessionToken === undefined) return failure(refusal('unknown-access-key', { accessKeyId }))
    // The token signs nothing by itself, so the time of this comparison is of no use to anybody.
    const known = this.#opened.get(accessKeyId)
    const session =
      known?.sessionToken === sessionToken ? known : this.#open(accessKeyId, sessionToken)
    if (session === undefined) return failure(refusal('session-token-invalid'))
    return nowMs < session.expiresAtMs ? ok(session) : failure(refusal('session-expired'))
  }

  /** Verifies the identity token and, if it proves to be the client, issues keys. */
  async assumeRole(request: AssumeRole, nowMs: number): Promise<Assumption> {
    const read = readIdentityToken(request.token)
    if (!read.ok) return { result: read, issuer: undefined, token: undefined }
    const entry = this.#issuers.get(read.value.issuer)
    if (entry === undefined) {
      const result = failure(stsRefusal('token-issuer-unknown'))
      return { result, issuer: undefined, token: undefined }
    }
    const { name: issuer } = entry.config
    const key = await entry.keys.find(read.value.keyId)
    if (!key.ok) return { result: key, issuer, token: undefined }
    const verified = await verifyIdentityToken(read.value, key.value, entry.config, nowMs)
    if (!verified.ok) return { result: verified, issuer, token: undefined }
    const token = verified.value
    return { result: this.#issue(request, issuer, token, nowMs), issuer, token }
  }

  #issue(
    request: AssumeRole,
    issuerName: string,
    token: IdentityToken,
    nowMs: number,
  ): Result<IssuedSession, StsError> {
    const client = this.#clientsByName.get(request.client)
    // The same answer for a client that does not exist: names are not to be found out here.
    if (
      client?.identity.kind !== 'web-identity' ||
      !isIdentityOf(client.identity, issuerName, token)
    ) {
      return failure(stsRefusal('role-not-allowed'))
    }
    const [sealingKey] = this.#sealingKeys
    if (sealingKey === undefined) throw new Error('there is no sealing key')
    const { issuer, subject, audience, tokenId } = token
    const { sessionName } = request
    const seconds = request.durationSeconds ?? this.durationSeconds
    const expiresAt = Math.floor(nowMs / 1000) + seconds
    const keys = sealSession(
      sealingKey,
      { client: client.name, issuer, subject, sessionName, tokenId, expiresAt },
      { salt: randomBytes(SALT_BYTES), accessKey: randomBytes(ACCESS_KEY_BYTES) },
    )
    return ok({ keys, client: client.name, sessionName, subject, audience, issuer, expiresAt })
  }

  #open(accessKeyId: string, sessionToken: string): Session | undefined {
    const opened = openSessionToken(this.#sealingKeys, accessKeyId, sessionToken)
    if (opened === undefined) return undefined
    const { subject, sessionName, tokenId, secretAccessKey } = opened
    const client = this.#clientsByName.get(opened.client)
    const issuer = this.#issuers.get(opened.issuer)?.config.name
    // The client, or the right of this subject to be it, may have been taken away meanwhile.
    if (
      client?.identity.kind !== 'web-identity' ||
      issuer === undefined ||
      !isSubjectOf(client.identity, issuer, subject)
    ) {
      return undefined
    }
    const session = {
      client,
      accessKeyId,
      sessionToken,
      secretAccessKeys: [secretAccessKey],
      facts: { issuer, subject, sessionName, tokenId },
      expiresAtMs: opened.expiresAt * 1000,
    }
    this.#opened.set(accessKeyId, session)
    return session
  }
}
