import type { HeaderList } from '../base/header-list.ts'

/** What the bytes of an answer go to. `write` gives false where the writer should wait. */
export interface AnswerSink {
  write(chunk: Buffer): boolean
  end(): void
  /** The upstream connection broke after the head: what is missing never comes. */
  fail(error: Error): void
}

/** Status and header fields of S3's answer. */
export interface AnswerHead {
  readonly status: number
  readonly headers: HeaderList
}

/** The head came, or why it did not. */
export type HeadOutcome =
  | { readonly ok: true; readonly value: AnswerHead }
  | { readonly ok: false; readonly error: Error }

/**
 * One answer of the upstream's: undici's handler on one side, a head and a stream of bytes on the
 * other. Bytes that arrive before a sink is attached wait here, two reads of the socket at most, and
 * the upstream is paused after that.
 *
 * It implements undici's raw handler (`onHeaders` with the octets as they came), which costs less
 * than the one that parses every field into an object.
 */
export class UpstreamAnswer {
  readonly head: Promise<HeadOutcome>
  /** The request has gone out, its body included, as far as this program goes. */
  isRequestSent = false
  /** Called once the request has a connection, or will never have one. */
  onStart: (() => void) | undefined
  #settle: (outcome: HeadOutcome) => void = () => undefined
  #abort: ((reason: Error) => void) | undefined
  #abortReason: Error | undefined
  #resume: () => void = () => undefined
  #sink: AnswerSink | undefined
  #waiting: Buffer[] = []
  #ended = false
  #failure: Error | undefined
  #endRefusal: Error | undefined
  #mayPause = true

  constructor() {
    this.head = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  /** The request has a connection. */
  get hasStarted(): boolean {
    return this.#abort !== undefined
  }

  /** Hands what has come and what comes to the sink. Once. */
  attach(sink: AnswerSink): void {
    this.#sink = sink
    let wantsMore = true
    for (const chunk of this.#waiting) wantsMore = sink.write(chunk)
    this.#waiting = []
    if (this.#failure !== undefined) sink.fail(this.#failure)
    else if (this.#ended) sink.end()
    else if (wantsMore) this.#resume()
  }

  /** Goes on after `write` gave false. */
  resume(): void {
    this.#resume()
  }

  /** The connection has ended: from now on nothing is held back, with a sink or without. */
  flow(): void {
    this.#mayPause = false
    this.#resume()
  }

  /** An end that comes from now on is not that of the answer. */
  refuseEnd(reason: Error): void {
    this.#endRefusal = reason
  }

  /** Cuts the upstream connection; before the head, `head` says so. */
  abort(reason: Error): void {
    this.#abortReason = reason
    this.#abort?.(reason)
    this.#settle({ ok: false, error: reason })
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort
    this.#started()
    if (this.#abortReason !== undefined) abort(this.#abortReason)
  }

  onRequestSent(): void {
    this.isRequestSent = true
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void): boolean {
    if (status < 200) return true
    this.#resume = resume
    const headers = new Array<string>(rawHeaders.length)
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      headers[i] = latin1(rawHeaders[i]).toLowerCase()
      headers[i + 1] = latin1(rawHeaders[i + 1])
    }
    this.#settle({ ok: true, value: { status, headers } })
    return true
  }

  onData(chunk: Buffer): boolean {
    // undici hands over an empty chunk after each pause; it is nothing to pause for.
    if (chunk.length === 0) return true
    return this.#take(chunk) || !this.#mayPause
  }

  onComplete(): void {
    if (this.#endRefusal !== undefined) {
      this.onError(this.#endRefusal)
      return
    }
    this.#ended = true
    // The connection's next answer is paused and resumed by its own reader.
    this.#resume = () => undefined
    this.#sink?.end()
  }

  onError(error: Error): void {
    this.#failure = error
    this.#resume = () => undefined
    this.#started()
    this.#settle({ ok: false, error })
    this.#sink?.fail(error)
  }

  #take(chunk: Buffer): boolean {
    if (this.#sink !== undefined) return this.#sink.write(chunk)
    this.#waiting.push(chunk)
    // A small answer comes in one chunk, of one read, and its sink comes right after: pausing for it
    // costs 9 µs (a socket is stopped, its rest is put back, and it is started again).
    return this.#waiting.length < 2
  }

  #started(): void {
    if (this.onStart === undefined) return
    this.onStart()
    this.onStart = undefined
  }
}

/** Half the cost of `toString('latin1')`; there since Node 0.x, and not in its types. */
function latin1(octets: Buffer | undefined): string {
  const slicing = octets as (Buffer & { latin1Slice(): string }) | undefined
  return slicing === undefined ? '' : slicing.latin1Slice()
}

/** An answer that has come whole already, to be relayed like one that comes. */
export function replayAnswer(body: Buffer): UpstreamAnswer {
  const answer = new UpstreamAnswer()
  if (body.length > 0) answer.onData(body)
  answer.onComplete()
  return answer
}
