import { errors } from 'undici'
import { type HeaderList, headerListFromRaw, lowerCaseName } from '../base/header-list.ts'
import { InvalidAnswer } from './upstream-failure.ts'

/**
 * The receiver of an answer's bytes. `write` returns false if the writer should wait. A receiver that
 * passes a chunk on and keeps it copies it: its memory is read into again after the client has it.
 */
export interface AnswerSink {
  write(chunk: Buffer): boolean
  end(): void
  /** The upstream connection broke after the head: the rest never arrives. */
  fail(error: Error): void
}

/** Status and header fields of S3's answer. */
export interface AnswerHead {
  readonly status: number
  readonly headers: HeaderList
  /**
   * The same fields with S3's own spelling of their names. Names are case-insensitive in HTTP, but
   * some clients look for `ETag` literally: findings/htslib-etag-case.sh, fluent/fluent-bit#11201.
   */
  readonly rawHeaders: readonly string[]
}

/** Creates a head from these fields, with names as they are to be sent. */
export function answerHead(status: number, rawHeaders: readonly string[]): AnswerHead {
  return { status, headers: headerListFromRaw(rawHeaders), rawHeaders }
}

/** Returns whether S3 reports success. */
export function isSuccess({ status }: Pick<AnswerHead, 'status'>): boolean {
  return status >= 200 && status <= 299
}

/** Limit of informational answers before an answer. */
const INTERIM_ANSWERS_MAX = 100

/** Returns the head of an answer whose length is not known in advance. */
export function withoutLength({ status, headers, rawHeaders }: AnswerHead): AnswerHead {
  const list: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'content-length') list.push(rawHeaders[i] ?? '', headers[i + 1] ?? '')
  }
  return answerHead(status, list)
}

/** An answer whose bytes are still arriving. */
export interface AnswerSource {
  /** Passes all received and future bytes to the sink. Call once. */
  attach(sink: AnswerSink): void
  /** Continues after the sink's `write` returned false. */
  resume(): void
  /** The rest of the answer is not needed. */
  abort(reason: Error): void
}

/** The head, or why there is none. */
export type HeadOutcome =
  | { readonly ok: true; readonly value: AnswerHead }
  | { readonly ok: false; readonly error: Error }

/**
 * One answer of the upstream: undici's handler on one side, a head and a stream of bytes on the
 * other. Bytes that arrive before a sink is attached wait here; after at most two socket reads the
 * upstream is paused.
 *
 * It implements undici's raw handler (`onHeaders` with raw bytes), which costs less than the one
 * that parses every field into an object.
 */
export class UpstreamAnswer implements AnswerSource {
  readonly head: Promise<HeadOutcome>
  #interimCount = 0
  /** An answer with its status has no body, whatever its fields say. */
  #isBodiless = false
  /** The request has been written completely, including its body. */
  isRequestSent = false
  /** Called once the request has a connection, or will never get one. */
  onStart: (() => void) | undefined
  #settle: (outcome: HeadOutcome) => void = nothing
  #abort: ((reason: Error) => void) | undefined
  #abortReason: Error | undefined
  #resume: () => void = nothing
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

  /** Whether the request has a connection. */
  get hasStarted(): boolean {
    return this.#abort !== undefined
  }

  /** Passes all received and future bytes to the sink. Call once. */
  attach(sink: AnswerSink): void {
    this.#sink = sink
    let wantsMore = true
    for (const chunk of this.#waiting) wantsMore = sink.write(chunk)
    this.#waiting = []
    if (this.#failure !== undefined) sink.fail(this.#failure)
    else if (this.#ended) sink.end()
    else if (wantsMore) this.#resume()
  }

  /** Continues after `write` returned false. */
  resume(): void {
    this.#resume()
  }

  /** The connection has ended: nothing is held back any more, with or without a sink. */
  flow(): void {
    this.#mayPause = false
    this.#resume()
  }

  /** Treats a later end as a failure, not as the end of the answer. */
  refuseEnd(reason: Error): void {
    this.#endRefusal = reason
  }

  /** Destroys the upstream connection; before the head, `head` fails. */
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
    // undici passes an empty chunk after each pause; do not pause for it.
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
    this.#resume = nothing
    this.#sink?.end()
  }

  onError(error: Error): void {
    // undici compares the length anyway, and closes the connection.
    if (this.#isBodiless && error instanceof errors.ResponseContentLengthMismatchError) {
      this.onComplete()
      return
    }
    this.#failure = error
    this.#resume = nothing
    this.#started()
    this.#settle({ ok: false, error })
    this.#sink?.fail(error)
  }

  /** Informational answers are dropped; their number is limited. */
  #passInterim(status: number): boolean {
    if (status <= 101) throw new InvalidAnswer(`status ${status}`)
    if (++this.#interimCount > INTERIM_ANSWERS_MAX) throw new InvalidAnswer('too many 1xx')
    return true
  }

  #take(chunk: Buffer): boolean {
    if (this.#sink !== undefined) return this.#sink.write(chunk)
    this.#waiting.push(chunk)
    // A small answer arrives in one chunk, and its sink is attached right after. Pausing for it
    // costs 9 µs (stop the socket, put the rest back, start it again).
    return this.#waiting.length < 2
  }

  #started(): void {
    if (this.onStart === undefined) return
    this.onStart()
    this.onStart = undefined
  }
}

function nothing(): void {}

/** Half the cost of `toString('latin1')`; in Node since 0.x, but not in its types. */
function latin1(bytes: Buffer | undefined): string {
  const slicing = bytes as (Buffer & { latin1Slice(): string }) | undefined
  return slicing === undefined ? '' : slicing.latin1Slice()
}

/**
 * Reads both lists of a head in one pass; throws for a transfer coding that undici does not decode.
 */
function readHead(status: number, bytes: readonly Buffer[]): AnswerHead {
  const headers = new Array<string>(bytes.length)
  const rawHeaders = new Array<string>(bytes.length)
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    const rawName = latin1(bytes[i])
    const name = lowerCaseName(rawName)
    const value = trimEnd(latin1(bytes[i + 1]))
    headers[i] = name
    headers[i + 1] = value
    rawHeaders[i] = rawName
    rawHeaders[i + 1] = value
    // Another transfer coding was not requested, and the body would be passed on encoded.
    if (name === 'transfer-encoding' && value.toLowerCase() !== 'chunked') {
      throw new InvalidAnswer(`the transfer coding ${value}`)
    }
  }
  return { status, headers, rawHeaders }
}

/** Trailing space is not part of a value (RFC 9112 section 5.1); undici removes leading space. */
function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--
  return end === text.length ? text : text.slice(0, end)
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** Creates an answer from a complete body, to be relayed like one that is arriving. */
export function replayAnswer(body: Buffer): UpstreamAnswer {
  const answer = new UpstreamAnswer()
  if (body.length > 0) answer.onData(body)
  answer.onComplete()
  return answer
}
