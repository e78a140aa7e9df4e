import type { Dispatcher, Pool } from 'undici'
import type { UpstreamAnswer } from './upstream-answer.ts'
import { NoFreeConnection } from './upstream-failure.ts'

/** How long, and how many, may wait for a connection. */
interface WaitLimits {
  readonly waitMs: number
  /** As many as the pool has connections, but not less than {@link WAITING_MIN}. */
  readonly waitingMax: number
}

const WAITING_MIN = 64

/**
 * The connections to one origin. undici queues what finds all of them busy, without a limit: here
 * the wait and the number that waits have one. What was given up still counts until undici has dropped it.
 */
export class OriginPool {
  /** Set by who keeps the pools: which were used last. */
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

  /** Requests that wait for a connection. */
  get waiting(): number {
    return this.#waiting
  }

  /** Connections on which a request is under way, and others that are open. */
  get connections(): { readonly busy: number; readonly free: number } {
    const { running, connected } = this.#pool.stats
    return { busy: running, free: Math.max(0, connected - running) }
  }

  /** Sends the request, or has it wait; the answer, or why there is none, goes to `answer`. */
  dispatch(request: Dispatcher.DispatchOptions, answer: UpstreamAnswer): void {
    if (this.#waiting >= this.#waitingMax) {
      answer.onError(new NoFreeConnection('too many requests wait for a connection to S3'))
      return
    }
    try {
      const hasFree = this.#pool.dispatch(request, answer)
      if (!hasFree && !answer.hasStarted) this.#boundWait(answer)
    } catch (error) {
      // undici throws on what it will not send: fields such as Expect, odd characters in a path or value.
      answer.onError(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** Ends when running requests have ended. */
  async close(): Promise<void> {
    await this.#pool.close()
  }

  /** The same, without anybody to wait for it. */
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
