import { FairPacer, type Flow, type PacerClock } from '../base/fair-pacer.ts'
import { failure, ok, type Result } from '../base/result.ts'
import { type BucketSize, TokenBucket } from '../base/token-bucket.ts'
import type { Client, Config, RequestRate } from '../config/config.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'

/** What a flow holds while it waits: one read of a socket. */
const HELD_BYTES = 64 * 1024
/**
 * No byte waits longer for its turn. S3 closes an upload that is silent for about 20 s, and
 * `limits.bodyIdle` cuts silent bodies too.
 */
const WAIT_MS_MAX = 10_000
const SECOND_MS = 1000

/** The timers of this process. A wait keeps no process alive: the sockets do. */
const PROCESS_CLOCK: PacerClock = {
  now: () => performance.now(),
  wait: (ms, callback) => {
    setTimeout(callback, ms).unref()
  },
}

/** What each client has used of `requests` and `bandwidth`, in this process. Survives a reload. */
export class ClientLimits {
  readonly #clock: PacerClock
  /** Only clients with a limit that have sent a request. */
  readonly #meters = new Map<string, ClientMeter>()
  #workers: number

  constructor({ workers }: Pick<Config, 'workers'>, clock = PROCESS_CLOCK) {
    this.#workers = workers
    this.#clock = clock
  }

  /** Applies a new configuration: what was used stays used. */
  reconfigure({ clients, workers }: Pick<Config, 'clients' | 'workers'>): void {
    this.#workers = workers
    if (this.#meters.size === 0) return
    const limited = new Map(clients.filter(hasLimits).map((client) => [client.name, client]))
    for (const [name, meter] of this.#meters) {
      const client = limited.get(name)
      if (client === undefined) this.#meters.delete(name)
      else meter.resize(client, workers)
    }
  }

  /**
   * Counts a request of an identified client. Returns its share of the client's bandwidth; undefined
   * if that has no limit. Close the share when the request ends.
   */
  enter(client: Client): Result<BandwidthShare | undefined, S3Error> {
    if (!hasLimits(client)) return NO_SHARE
    let meter = this.#meters.get(client.name)
    if (meter === undefined) {
      meter = new ClientMeter(client, this.#workers, this.#clock)
      this.#meters.set(client.name, meter)
    }
    return meter.enter()
  }
}

const NO_SHARE = ok(undefined)

function hasLimits({ requests, bandwidth }: Client): boolean {
  return requests !== undefined || bandwidth !== undefined
}

class ClientMeter {
  readonly #clock: PacerClock
  #requests: TokenBucket | undefined
  #bandwidth: Bandwidth | undefined

  constructor(client: Client, workers: number, clock: PacerClock) {
    this.#clock = clock
    this.resize(client, workers)
  }

  resize({ requests, bandwidth }: Client, workers: number): void {
    const now = this.#clock.now()
    if (requests === undefined) this.#requests = undefined
    else {
      const size = requestBucket(requests, workers)
      this.#requests?.resize(size, now)
      this.#requests ??= new TokenBucket(size, now)
    }
    if (bandwidth === undefined) this.#bandwidth = undefined
    else {
      const bytesPerSecond = bandwidth / workers
      this.#bandwidth?.resize(bytesPerSecond)
      this.#bandwidth ??= new Bandwidth(bytesPerSecond, this.#clock)
    }
  }

  enter(): Result<BandwidthShare | undefined, S3Error> {
    if (this.#bandwidth?.isFull === true) return failure(refusal('bandwidth-exceeded'))
    const now = this.#clock.now()
    if (this.#requests !== undefined && !this.#requests.take(1, now)) {
      const seconds = Math.ceil(this.#requests.waitMs(1, now) / SECOND_MS)
      return failure({ ...refusal('request-rate-exceeded'), retryAfterSeconds: seconds })
    }
    return this.#bandwidth === undefined ? NO_SHARE : ok(this.#bandwidth.enter())
  }
}

/** At least one request, however many workers share the limit. */
function requestBucket({ count, unitMs }: RequestRate, workers: number): BucketSize {
  return { capacity: Math.max(1, count / workers), perMs: count / workers / unitMs }
}

/** A client's bandwidth in this process. */
class Bandwidth {
  readonly #pacer: FairPacer
  #sharesMax: number
  #shares = 0

  constructor(bytesPerSecond: number, clock: PacerClock) {
    this.#pacer = new FairPacer(byteBucket(bytesPerSecond), clock)
    this.#sharesMax = sharesMax(bytesPerSecond)
  }

  resize(bytesPerSecond: number): void {
    this.#pacer.resize(byteBucket(bytesPerSecond))
    this.#sharesMax = sharesMax(bytesPerSecond)
  }

  /** With one more, bytes could wait too long. */
  get isFull(): boolean {
    return Math.max(this.#shares, this.#pacer.waiting) >= this.#sharesMax
  }

  enter(): BandwidthShare {
    this.#shares++
    return new BandwidthShare(this.#pacer, () => {
      this.#shares--
    })
  }
}

function byteBucket(bytesPerSecond: number): BucketSize {
  return { capacity: bytesPerSecond, perMs: bytesPerSecond / SECOND_MS }
}

function sharesMax(bytesPerSecond: number): number {
  return Math.max(1, Math.floor((bytesPerSecond * WAIT_MS_MAX) / SECOND_MS / HELD_BYTES))
}

/** One request's share of its client's bandwidth: a flow for each direction, since both may wait. */
export class BandwidthShare {
  readonly request: Flow
  readonly answer: Flow
  #onClosed: (() => void) | undefined

  constructor(pacer: FairPacer, onClosed: () => void) {
    this.request = pacer.open()
    this.answer = pacer.open()
    this.#onClosed = onClosed
  }

  /** Ends all waiting. */
  close(): void {
    this.request.close()
    this.answer.close()
    this.#onClosed?.()
    this.#onClosed = undefined
  }
}
