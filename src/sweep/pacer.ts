import { setTimeout as sleep } from 'node:timers/promises'

/** The speed that a run may have. */
interface PaceLimits {
  readonly requestsPerSecond: number
  /** Of what S3 copies; undefined: no limit. */
  readonly bytesPerSecond: number | undefined
  /** The lengths of a run of failures of one kind that ends a sweep. */
  readonly failuresMax: number
}

/** S3 is asked at least once in ten seconds. */
const RATE_MIN = 0.1

/** Answers to requests that were under way together count as one. */
const STEP_MS = 1000

/** A step upwards, of the limit. */
const RISE = 0.05

/**
 * Keeps a run below its limits, and below what S3 and KMS take: throttling halves the rate, and each
 * second without raises it by a twentieth of the limit. It also notices a run of failures of one
 * kind, after which all others would fail too, for example because of a key policy.
 */
export class Pacer {
  readonly #limits: PaceLimits
  readonly #now: () => number
  #rate: number
  #requestsFreeAt: number
  #bytesFreeAt: number
  #raisedAt: number
  #halvedAt = Number.NEGATIVE_INFINITY
  #backOffs = 0
  #requests = 0
  #failures = 0
  #code: string | undefined

  /** `now`: a clock in milliseconds that does not jump. */
  constructor(limits: PaceLimits, now: () => number = () => performance.now()) {
    this.#limits = limits
    this.#now = now
    this.#rate = limits.requestsPerSecond
    this.#requestsFreeAt = now()
    this.#bytesFreeAt = now()
    this.#raisedAt = now()
  }

  /** Requests per second at this time. */
  get rate(): number {
    return this.#rate
  }

  /** How often the rate was halved. */
  get backOffs(): number {
    return this.#backOffs
  }

  /** Turns that were taken. */
  get requests(): number {
    return this.#requests
  }

  /** Why nothing more should be begun; undefined: go on. */
  get problem(): string | undefined {
    if (this.#code === undefined || this.#failures < this.#limits.failuresMax) return undefined
    return `${this.#failures} failures in a row with ${this.#code}`
  }

  /** Waits for the turn of one request that makes S3 copy so many bytes; at once if it is aborted. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    const waitMs = this.reserve(bytes)
    if (waitMs < 1) return
    await sleep(waitMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  }

  /** Reserves a turn; returns in how many milliseconds it is. */
  reserve(bytes: number): number {
    this.#requests++
    const now = this.#now()
    const { bytesPerSecond } = this.#limits
    const at = Math.max(now, this.#requestsFreeAt, bytes > 0 ? this.#bytesFreeAt : now)
    this.#requestsFreeAt = Math.max(now, this.#requestsFreeAt) + 1000 / this.#rate
    if (bytesPerSecond !== undefined && bytes > 0) {
      this.#bytesFreeAt = Math.max(now, this.#bytesFreeAt) + (1000 * bytes) / bytesPerSecond
    }
    return at - now
  }

  /** Takes note of an answer. A step upwards just before does not hold off a halving. */
  noteAnswer(isThrottled: boolean): void {
    const now = this.#now()
    if (now - this.#halvedAt < STEP_MS) return
    if (isThrottled) {
      this.#rate = Math.max(RATE_MIN, this.#rate / 2)
      this.#backOffs++
      this.#halvedAt = now
    } else if (now - this.#raisedAt >= STEP_MS) {
      const { requestsPerSecond } = this.#limits
      this.#rate = Math.min(requestsPerSecond, this.#rate + requestsPerSecond * RISE)
      this.#raisedAt = now
    }
  }

  /** Takes note of how an object ended. `code`: of a failure; undefined: it was none. */
  noteOutcome(code: string | undefined): void {
    this.#failures = code !== undefined && code === this.#code ? this.#failures + 1 : 1
    this.#code = code
  }
}
