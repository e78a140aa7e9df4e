import { errors } from 'undici'
import { type HeaderList, headerListFromRaw } from '../base/header-list.ts'
import { InvalidAnswer } from './upstream-failure.ts'

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
  /**
   * The same fields with S3's own spelling of their names. Names have no case in HTTP, but there are
   * clients that look for `ETag` as it is written: findings/htslib-etag-case.sh, fluent/fluent-bit#11201.
   */
  readonly rawHeaders: readonly string[]
}

/** The head with these fields, names as they are to be sent. */
export function answerHead(status: number, rawHeaders: readonly string[]): AnswerHead {
  return { status, headers: headerListFromRaw(rawHeaders), rawHeaders }
}

/** S3 says that it did what it was asked. */
export function isSuccess({ status }: Pick<AnswerHead, 'status'>): boolean {
  return status >= 200 && status <= 299
}

/** Informational answers before one answer. */
const INTERIM_ANSWERS_MAX = 100

/** The head of an answer whose length is not known before its end. */
export function withoutLength({ status, headers, rawHeaders }: AnswerHead): AnswerHead {
  const list: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'content-length') list.push(rawHeaders[i] ?? '', headers[i + 1] ?? '')
  }
  return answerHead(status, list)
}

/** An answer whose bytes come. */
export interface AnswerSource {
  /** Hands what has come and what comes to the sink. Once. */
  attach(sink: AnswerSink): void
  /** Goes on after the sink's `write` gave false. */
  resume(): void
  /** Nobody wants what is still to come. */
  abort(reason: Error): void
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
export class UpstreamAnswer implements AnswerSource {
  readonly head: Promise<HeadOutcome>
  #interimCount = 0
  /** An answer of its status has no body, whatever its fields say. */
  #isBodiless = false
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
    if (status < 200) return this.#passInterim(status)
    this.#resume = resume
    this.#isBodiless = status === 204 || status === 304
    this.#settle({ ok: true, value: readHead(status, rawHeaders) })
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
    // undici compares the length all the same, and closes the connection.
    if (this.#isBodiless && error instanceof errors.ResponseContentLengthMismatchError) {
      this.onComplete()
      return
    }
    this.#failure = error
    this.#resume = () => undefined
    this.#started()
    this.#settle({ ok: false, error })
    this.#sink?.fail(error)
  }

  /** Nobody waits for an informational answer here; there may be many, and not without end. */
  #passInterim(status: number): boolean {
    if (status <= 101) throw new InvalidAnswer(`status ${status}`)
    if (++this.#interimCount > INTERIM_ANSWERS_MAX) throw new InvalidAnswer('too many 1xx')
    return true
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

/** Reads both lists of a head in one pass; throws for a transfer coding that undici does not undo. */
function readHead(status: number, octets: readonly Buffer[]): AnswerHead {
  const headers = new Array<string>(octets.length)
  const rawHeaders = new Array<string>(octets.length)
  for (let i = 0; i + 1 < octets.length; i += 2) {
    const rawName = latin1(octets[i])
    const name = rawName.toLowerCase()
    const value = trimEnd(latin1(octets[i + 1]))
    headers[i] = name
    headers[i + 1] = value
    rawHeaders[i] = rawName
    rawHeaders[i + 1] = value
    // Nobody asked for another one: the body would be passed on encoded.
    if (name === 'transfer-encoding' && value.toLowerCase() !== 'chunked') {
      throw new InvalidAnswer(`the transfer coding ${value}`)
    }
  }
  return { status, headers, rawHeaders }
}

/** Space behind a value is none of it (RFC 9112 section 5.1); undici removes what is before it. */
function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--
  return end === text.length ? text : text.slice(0, end)
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** An answer that has come whole already, to be relayed like one that comes. */
export function replayAnswer(body: Buffer): UpstreamAnswer {
  const answer = new UpstreamAnswer()
  if (body.length > 0) answer.onData(body)
  answer.onComplete()
  return answer
}
