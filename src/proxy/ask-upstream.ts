import { type ForwardObserver, forward } from '../upstream/forward.ts'
import type { AnswerHead, UpstreamAnswer } from '../upstream/upstream-answer.ts'
import type { UpstreamFailureKind } from '../upstream/upstream-failure.ts'
import type { Exchange } from './exchange.ts'
import type { Gate } from './gate.ts'

/** A question of our own, beside the client's request. */
export interface Question {
  readonly method: 'HEAD' | 'OPTIONS'
  /** `scheme://host:port` */
  readonly origin: string
  /** Path and query, raw. */
  readonly path: string
  /** Complete, the signature included; flat, lower-case names; Host first. */
  readonly headers: readonly string[]
  readonly timeoutMs: number
}

/**
 * Asks S3 and gives the answer's head; undefined where none comes in time. A body is read and
 * dropped. A client that goes away takes the question with it.
 */
export async function askUpstream(
  gate: Gate,
  exchange: Exchange,
  { method, origin, path, headers, timeoutMs }: Question,
): Promise<AnswerHead | undefined> {
  const observer = new QuestionObserver(exchange, timeoutMs)
  const pool = gate.upstream.poolOf(origin)
  const forwarded = await forward(pool, { method, path, headers, body: undefined }, observer)
  observer.end()
  if (!forwarded.ok) return undefined
  forwarded.value.answer.attach({ write: () => true, end: () => undefined, fail: () => undefined })
  return forwarded.value.head
}

/** Ends an attempt that takes too long. */
class QuestionObserver implements ForwardObserver {
  readonly #exchange: Exchange
  readonly #timer: NodeJS.Timeout
  #answer: UpstreamAnswer | undefined
  #isLate = false

  constructor(exchange: Exchange, timeoutMs: number) {
    this.#exchange = exchange
    this.#timer = setTimeout(() => {
      this.#isLate = true
      this.#cut()
    }, timeoutMs)
  }

  setUpstream(answer: UpstreamAnswer): void {
    this.#answer = answer
    this.#exchange.setUpstream(answer)
    if (this.#isLate) this.#cut()
  }

  noteUpstreamFailure(kind: UpstreamFailureKind): void {
    this.#exchange.noteUpstreamFailure(this.#isLate ? 'timeout' : kind)
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  #cut(): void {
    this.#answer?.abort(new Error('the answer took too long'))
  }
}
