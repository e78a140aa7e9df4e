import { measureProlog } from '../s3/xml-prolog.ts'
import { ANSWER_BYTES_MAX } from './buffer-answer.ts'
import type { AnswerSink, AnswerSource } from './upstream-answer.ts'

/** Returns the bytes to send to the client in place of a complete document. */
type Release = (document: Buffer) => Promise<Buffer>

/** The state of an answer that is held back. */
export type HeldAnswer =
  | { readonly kind: 'whole'; readonly document: Buffer }
  | { readonly kind: 'broken'; readonly cause: Error }
  /** The answer takes long: blanks are passed on as they arrive, then the released bytes. */
  | { readonly kind: 'slow'; readonly pass: (release: Release) => AnswerSource }

/**
 * Reads a short answer to its end. If it takes longer than `holdMs` and its sender keeps it alive
 * with blanks, it may be passed on up to its root element. Undefined: it must be held back
 * completely.
 */
export function holdAnswer(answer: AnswerSource, holdMs: number | undefined): Promise<HeldAnswer> {
  return new Promise((resolve) => {
    answer.attach(new Holder(answer, holdMs, resolve))
  })
}

class Holder implements AnswerSink, AnswerSource {
  readonly #answer: AnswerSource
  readonly #resolve: (held: HeldAnswer) => void
  readonly #timer: NodeJS.Timeout | undefined
  #isOverdue = false
  #hasRoot = false
  #held: Buffer[] = []
  #bytes = 0
  #sink: AnswerSink | undefined
  #release: Release | undefined
  #end: { readonly cause: Error | undefined } | undefined

  constructor(
    answer: AnswerSource,
    holdMs: number | undefined,
    resolve: (held: HeldAnswer) => void,
  ) {
    this.#answer = answer
    this.#resolve = resolve
    if (holdMs === undefined) return
    this.#timer = setTimeout(() => {
      this.#isOverdue = true
      this.#passBlanks()
    }, holdMs)
  }

  write(chunk: Buffer): boolean {
    this.#bytes += chunk.length
    if (this.#bytes > ANSWER_BYTES_MAX) this.abort(new Error('the answer is too long'))
    this.#held.push(chunk)
    this.#passBlanks()
    return true
  }

  end(): void {
    this.#finish(undefined)
  }

  fail(cause: Error): void {
    this.#finish(cause)
  }

  attach(sink: AnswerSink): void {
    this.#sink = sink
    this.#passBlanks()
    if (this.#end !== undefined) this.#finish(this.#end.cause)
  }

  /** It is read to its end in any case. */
  resume(): void {}

  abort(reason: Error): void {
    this.#answer.abort(reason)
  }

  #passBlanks(): void {
    if (!this.#isOverdue || this.#hasRoot) return
    const held = Buffer.concat(this.#held)
    const { length, isOver } = measureProlog(held)
    if (length > 0 && this.#sink === undefined) this.#becomeSlow()
    if (length > 0) this.#sink?.write(held.subarray(0, length))
    this.#hasRoot = isOver
    this.#held = [this.#sink === undefined ? held : held.subarray(length)]
  }

  #becomeSlow(): void {
    this.#resolve({
      kind: 'slow',
      pass: (release) => {
        this.#release = release
        return this
      },
    })
  }

  #finish(cause: Error | undefined): void {
    clearTimeout(this.#timer)
    this.#end = { cause }
    const document = Buffer.concat(this.#held)
    if (cause === undefined) this.#resolve({ kind: 'whole', document })
    else this.#resolve({ kind: 'broken', cause })
    const sink = this.#sink
    if (sink === undefined || this.#release === undefined) return
    if (cause !== undefined) {
      sink.fail(cause)
      return
    }
    this.#release(document).then(
      (released) => {
        sink.write(released)
        sink.end()
      },
      (error: unknown) => sink.fail(error instanceof Error ? error : new Error(String(error))),
    )
  }
}
