import type { Clock } from './clock.ts'
import type { CredentialSource, Credentials } from './credentials.ts'
import { backOffMs, refreshDelayMs } from './refresh-schedule.ts'

/** The log methods that a source uses; pino has them. */
export interface CredentialsLog {
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
  error(fields: object, text: string): void
}

/** The options of a renewing source. */
interface RenewingSourceOptions {
  /** Fetches once. */
  readonly fetch: () => Promise<Credentials>
  /** Describes a failure for operators: what to do, no secrets. */
  readonly describe: (error: unknown) => string
  /** The value of `source` in log lines. */
  readonly name: string
  readonly clock: Clock
  /** From 0 to 1. */
  readonly random: () => number
  readonly timeoutMs: number
  readonly log: CredentialsLog | undefined
}

/**
 * Credentials that are renewed in the background before they expire: one attempt at a time, each
 * with a timeout, with growing pauses after failures. The previous ones are used until they expire.
 * After that there are none, so nothing is signed with credentials that S3 would reject.
 */
export class RenewingSource implements CredentialSource {
  readonly #options: RenewingSourceOptions
  readonly #ready: Promise<void>
  #resolveReady: () => void = () => undefined
  #rejectReady: (error: Error) => void = () => undefined
  #credentials: Credentials | undefined
  #expiresMs = Number.POSITIVE_INFINITY
  #failures = 0
  #problem: string | undefined
  #isAsking = false
  #isClosed = false
  #cancelTimer: () => void = () => undefined

  constructor(options: RenewingSourceOptions) {
    this.#options = options
    this.#ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve
      this.#rejectReady = reject
    })
    this.#ready.catch(() => undefined) // the caller may not wait for it
    this.#attempt()
  }

  current(): Credentials | undefined {
    if (this.#expiresMs === Number.POSITIVE_INFINITY) return this.#credentials
    if (this.#options.clock.now() < this.#expiresMs) return this.#credentials
    this.#catchUp()
    return undefined
  }

  ready(): Promise<void> {
    return this.#ready
  }

  get problem(): string | undefined {
    return this.#problem
  }

  get expiresAt(): Date | undefined {
    return this.#credentials?.expiration
  }

  close(): void {
    this.#isClosed = true
    this.#cancelTimer()
    this.#rejectReady(new Error('the source of credentials was closed'))
  }

  /**
   * Renews credentials that expired without an attempt, because the clock jumped. Timers do not
   * count the time during which a machine is suspended, so the next attempt could be an hour away.
   */
  #catchUp(): void {
    if (this.#isClosed || this.#isAsking || this.#failures > 0) return
    this.#cancelTimer()
    this.#attempt()
  }

  #attempt(): void {
    this.#isAsking = true
    this.#fetchInTime().then(
      (credentials) => this.#succeed(credentials),
      (error: unknown) => this.#fail(error),
    )
  }

  /** Fetches once; rejects if the answer is late or invalid. */
  async #fetchInTime(): Promise<Credentials> {
    const { fetch, clock, timeoutMs } = this.#options
    let cancel: () => void = () => undefined
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(timeoutMs, () => reject(new Error(`no answer within ${timeoutMs} ms`)))
    })
    try {
      const credentials = await Promise.race([fetch(), late])
      checkCredentials(credentials, clock.now())
      return credentials
    } finally {
      cancel()
    }
  }

  #succeed(credentials: Credentials): void {
    if (this.#isClosed) return
    const { clock, log, name, random } = this.#options
    const expiresMs = credentials.expiration?.getTime()
    if (this.#failures > 0 || expiresMs !== undefined) {
      log?.info(
        { source: name, expiration: credentials.expiration },
        'upstream credentials renewed',
      )
    }
    this.#credentials = credentials
    this.#expiresMs = expiresMs ?? Number.POSITIVE_INFINITY
    this.#failures = 0
    this.#problem = undefined
    this.#resolveReady()
    this.#next(refreshDelayMs(clock.now(), expiresMs, random()))
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return
    const { describe, log, name, random } = this.#options
    this.#failures++
    this.#problem = describe(error)
    const pauseMs = Math.round(backOffMs(this.#failures, random()))
    const fields = { source: name, attempt: this.#failures, nextAttemptMs: pauseMs }
    if (this.current() === undefined) {
      log?.error(fields, `no upstream credentials: ${this.#problem}`)
    } else {
      log?.warn(
        fields,
        `failed to renew upstream credentials; still using the previous ones: ${this.#problem}`,
      )
    }
    this.#next(pauseMs)
  }

  #next(ms: number): void {
    this.#isAsking = false
    this.#cancelTimer = this.#options.clock.after(ms, () => this.#attempt())
  }
}

function checkCredentials(credentials: Credentials, nowMs: number): void {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = credentials
  // They become header values, so only visible ASCII is valid.
  for (const text of [accessKeyId, secretAccessKey, sessionToken ?? 'none']) {
    if (typeof text !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(text)) {
      throw new Error('the answer has malformed credentials')
    }
  }
  if (expiration === undefined) return
  if (Number.isNaN(expiration.getTime())) throw new Error('the answer has a malformed expiration')
  if (expiration.getTime() <= nowMs) {
    throw new Error(`the answer has credentials that expired at ${expiration.toISOString()}`)
  }
}
