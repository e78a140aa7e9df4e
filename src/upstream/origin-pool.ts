import type { Dispatcher, Pool } from 'undici'
import type { UpstreamAnswer } from './upstream-answer.ts'
import { NoFreeConnection } from './upstream-failure.ts'

/** The limits of waiting for a connection. */
interface WaitLimits {
  readonly waitMs: number
  /** The number of the pool's connections, but at least {@link WAITING_MIN}. */
  readonly waitingMax: number
}

const WAITING_MIN = 64

/**
 * The connections to one origin. undici's queue is unbounded; this class limits its length and the
 * time spent in it. A request that was given up still counts until undici has dropped it.
 */
export class OriginPool {
  /** Set by the owner of the pools: the order of last use. */
  lastUse = 0
  readonly #pool: Pool
  readonly #waitMs: number
  readonly #waitingMax: number
  #waiting = 0

  constructor(pool: Pool, { waitMs, waitingMax }: WaitLimits) {
    this.#pool = pool
    this.#waitMs = waitMs
    this.#waitingMax = Math.max(WAITING_MIN, waitingMax)
  }

  /** The number of requests that wait for a connection. */
  get waiting(): number {
    return this.#waiting
  }

  /** The numbers of connections with and without a running request. */
  get connections(): { readonly busy: number; readonly free: number } {
    const { running, connected } = this.#pool.stats
    return { busy: running, free: Math.max(0, connected - running) }
  }

  /** Sends or queues the request; `answer` receives the answer or the error. */
  dispatch(request: Dispatcher.DispatchOptions, answer: UpstreamAnswer): void {
    if (this.#waiting >= this.#waitingMax) {
      answer.onError(new NoFreeConnection('too many requests wait for a connection to S3'))
      return
    }
    try {
      const hasFree = this.#pool.dispatch(request, answer)
      if (!hasFree && !answer.hasStarted) this.#boundWait(answer)
    } catch (error) {
      // undici throws for requests that it rejects: fields such as Expect, invalid characters in a
      // path or value.
      answer.onError(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** Resolves when running requests have ended. */
  async close(): Promise<void> {
    await this.#pool.close()
  }

  /** The same, in the background. */
  closeOnceIdle(): void {
    this.#pool.close().catch(() => this.#pool.destroy())
  }

  #boundWait(answer: UpstreamAnswer): void {
    this.#waiting++
    const timer = setTimeout(() => {
      answer.abort(new NoFreeConnection(`no connection came free in ${this.#waitMs} ms`))
    }, this.#waitMs)
    answer.onStart = () => {
      this.#waiting--
      clearTimeout(timer)
    }
  }
}
