import { failure, ok, type Result } from '../base/result.ts'
import type { IssuerConfig } from '../config/config.ts'
import { findKey, parseKeySet, type VerificationKey } from './key-set.ts'
import { type StsError, stsRefusal } from './sts-error.ts'

/** Reads a document of an issuer, within limits of time and size; rejects if that fails. */
export type ReadDocument = (
  url: string,
  options: { readonly ca: string | undefined; readonly tokenFile?: string | undefined },
) => Promise<string>

/** What the keys of an issuer are read with. */
export interface IssuerKeysOptions {
  readonly read: ReadDocument
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number
  /** Called after each attempt, with the cause if it failed. */
  readonly onRead: (issuer: string, cause?: unknown) => void
}

/** Keys that are older are read again before they are used: a key that is gone must not be taken. */
const FRESH_MS = 5 * 60_000
/** If they cannot be read, older ones are used for that long. */
const STALE_MS = 60 * 60_000
/** An unknown key id makes the keys be read again, at most twice in that time. */
const COOLDOWN_MS = 10_000

/**
 * The keys of one issuer: read when they are first needed, again when a token names an unknown key,
 * and when they are old. At most one read at a time, and two in ten seconds, whatever tokens come: an
 * unknown key in that time is answered so that SDKs ask again.
 */
export class IssuerKeys {
  readonly #config: IssuerConfig
  readonly #options: IssuerKeysOptions
  #keys: readonly VerificationKey[] = []
  #readAtMs = Number.NEGATIVE_INFINITY
  /** The last attempt but one, and the last: a new key is found right after the start too. */
  #triedAtMs: readonly [number, number] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  #reading: Promise<void> | undefined

  constructor(config: IssuerConfig, options: IssuerKeysOptions) {
    this.#config = config
    this.#options = options
  }

  /** Finds the key that verifies a token with this key id. */
  async find(keyId: string | undefined): Promise<Result<VerificationKey, StsError>> {
    const askedAtMs = this.#options.nowMs()
    if (this.#age() > FRESH_MS) await this.#renew()
    const [, lastTryMs] = this.#triedAtMs
    if (this.#find(keyId) === undefined && lastTryMs < askedAtMs) await this.#renew()
    const key = this.#find(keyId)
    if (key !== undefined) return ok(key)
    // Not known to be unknown before the keys have been read since: SDKs ask again then.
    const isCurrent = this.#isFixed ? this.#keys.length > 0 : this.#readAtMs >= askedAtMs
    return failure(stsRefusal(isCurrent ? 'token-key-unknown' : 'keys-unavailable'))
  }

  /** A file's text does not change: a changed file is another configuration. */
  get #isFixed(): boolean {
    return this.#config.jwks.kind === 'file'
  }

  #find(keyId: string | undefined): VerificationKey | undefined {
    return this.#age() > STALE_MS ? undefined : findKey(this.#keys, keyId)
  }

  /** How long ago the keys were read. */
  #age(): number {
    if (this.#isFixed && this.#keys.length > 0) return 0
    return this.#options.nowMs() - this.#readAtMs
  }

  /** Reads the keys again, unless that was tried a moment ago; never rejects. */
  #renew(): Promise<void> {
    if (this.#reading !== undefined) return this.#reading
    const now = this.#options.nowMs()
    const [earlier, last] = this.#triedAtMs
    if (now - earlier < COOLDOWN_MS) return Promise.resolve()
    this.#triedAtMs = [last, now]
    this.#reading = this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #read(): Promise<void> {
    const { nowMs, onRead } = this.#options
    const { name } = this.#config
    const startedAtMs = nowMs()
    try {
      const keys = await parseKeySet(await this.#readText())
      if (keys === undefined) throw new Error('the key set has no key for signatures')
      this.#keys = keys
      this.#readAtMs = startedAtMs
      onRead(name)
    } catch (cause) {
      onRead(name, cause)
    }
  }

  async #readText(): Promise<string> {
    const { issuer, jwks } = this.#config
    const { read } = this.#options
    switch (jwks.kind) {
      case 'file':
        return jwks.text
      case 'uri':
        return read(jwks.uri, { ca: jwks.ca, tokenFile: jwks.tokenFile })
      case 'discovery': {
        const { ca } = jwks
        const base = issuer.endsWith('/') ? issuer.slice(0, -1) : issuer
        const text = await read(`${base}/.well-known/openid-configuration`, { ca })
        return read(keySetUri(text, issuer), { ca })
      }
    }
  }
}

/**
 * Reads where the keys are. The document must be about this very issuer.
 *
 * Source: OpenID Connect Discovery 1.0 section 4.3
 */
function keySetUri(text: string, issuer: string): string {
  const document: unknown = JSON.parse(text)
  const isObject = typeof document === 'object' && document !== null
  const named: unknown = isObject ? Reflect.get(document, 'issuer') : undefined
  const uri: unknown = isObject ? Reflect.get(document, 'jwks_uri') : undefined
  if (named !== issuer) throw new Error('the discovery document names another issuer')
  if (typeof uri !== 'string' || !URL.canParse(uri)) {
    throw new Error('the discovery document has no jwks_uri')
  }
  // Plain HTTP only to where the discovery itself was plain: a loopback address.
  const [from, to] = [new URL(issuer), new URL(uri)]
  const isSafe = to.protocol === 'https:' || to.origin === from.origin
  if (!isSafe) throw new Error('the discovery document has a jwks_uri without TLS')
  return uri
}
