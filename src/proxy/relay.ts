import { TLSSocket } from 'node:tls'
import type { HeaderList } from '../base/header-list.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { isLentRead, releaseRead } from '../upstream/read-buffers.ts'
import type { AnswerHead, AnswerSink, AnswerSource } from '../upstream/upstream-answer.ts'
import { collectEvery8MiB } from './collect-garbage.ts'
import type { Exchange } from './exchange.ts'
import { connectionNominees, isHopByHop } from './hop-by-hop.ts'
import { limitUnreadBody } from './limit-unread-body.ts'
import { limitUnsentAnswer } from './limit-unsent-answer.ts'
import { paceAnswer } from './pace-answer.ts'

/**
 * Passes S3's answer to the client unchanged, except for hop-by-hop fields, as it arrives. The
 * promise settles when the answer ends in any way. A small answer is sent in one write. If the
 * upstream breaks before anything was sent, the returned error is the client's answer; otherwise
 * the socket is destroyed, because a truncated body must not look complete. The socket is also
 * destroyed if the client reads nothing for `idleMs`.
 */
export function relay(
  exchange: Exchange,
  head: AnswerHead,
  answer: AnswerSource,
  idleMs: number,
): Promise<S3Error | undefined> {
  return new Promise((resolve) => {
    exchange.beginAnswer(head.status)
    exchange.whenClosed(() => resolve(undefined))
    const { share } = exchange
    const source = share === undefined ? answer : paceAnswer(answer, share.answer)
    source.attach(new ResponseSink(exchange, head, source, idleMs, resolve))
  })
}

class ResponseSink implements AnswerSink {
  readonly #exchange: Exchange
  readonly #head: AnswerHead
  readonly #answer: AnswerSource
  readonly #contentLength: number
  /** A body that arrived in one read waits for the end, to be sent in one write with the head. */
  #whole: Buffer | undefined
  #started = false
  #isStalled = false
  #stall: NodeJS.Timeout | undefined
  readonly #idleMs: number
  readonly #refuse: (error: S3Error) => void

  constructor(
    exchange: Exchange,
    head: AnswerHead,
    answer: AnswerSource,
    idleMs: number,
    refuse: (error: S3Error) => void,
  ) {
    this.#exchange = exchange
    this.#head = head
    this.#answer = answer
    this.#idleMs = idleMs
    this.#refuse = refuse
    this.#contentLength = contentLengthOf(head.headers)
  }

  write(chunk: Buffer): boolean {
    const exchange = this.#exchange
    exchange.countAnswered(chunk.length)
    if (!this.#started) {
      if (chunk.length === this.#contentLength) {
        this.#whole = chunk
        return true
      }
      exchange.response.on('drain', this.#onDrain)
      exchange.response.on('close', () => clearTimeout(this.#stall))
      this.#start()
    }
    if (this.#pass(chunk)) return true
    this.#isStalled = true
    if (this.#stall === undefined) this.#stall = setTimeout(this.#onStall, this.#idleMs)
    else this.#stall.refresh()
    return false
  }

  #pass(chunk: Buffer): boolean {
    const { response } = this.#exchange
    if (!isLentRead(chunk)) {
      collectEvery8MiB(chunk.length)
      return response.write(chunk)
    }
    return response.write(chunk, (error) => {
      // After a failure, it is not certain that the system has done with the bytes.
      if (!error) releaseRead(chunk)
    })
  }

  readonly #onDrain = (): void => {
    this.#isStalled = false
    this.#answer.resume()
  }

  /** One refreshed timer per answer is cheaper than one per chunk. */
  readonly #onStall = (): void => {
    if (this.#isStalled) cut(this.#exchange)
  }

  end(): void {
    const { response } = this.#exchange
    if (!this.#started) this.#start()
    if (this.#whole === undefined) response.end()
    else response.end(this.#whole)
    limitUnsentAnswer(this.#exchange, this.#idleMs)
    limitUnreadBody(this.#exchange)
  }

  fail(error: Error): void {
    const exchange = this.#exchange
    if (exchange.ending.kind !== 'open') return
    if (!this.#started) {
      this.#refuse({ ...refusal('upstream-closed'), cause: error })
      return
    }
    exchange.end({ kind: 'aborted', by: 'upstream', cause: error.message })
    cut(exchange)
  }

  #start(): void {
    this.#started = true
    const { response, requestId } = this.#exchange
    response.writeHead(this.#head.status, relayedHeaders(this.#head, requestId))
  }
}

/** For an HTTP/1.0 client a normal end of the connection ends the body, so it gets a reset. */
function cut({ request, response }: Exchange): void {
  if (request.httpVersion === '1.0' && !(request.socket instanceof TLSSocket)) {
    request.socket.resetAndDestroy()
  } else response.destroy()
}

/**
 * Returns the answer's fields for the client, in S3's spelling and order; S3's own request id
 * stays, and ours is added. Fields with our own names are dropped, because they distinguish our
 * answers from S3's.
 *
 * Content-Length is last: node:http would re-encode a Content-Disposition after it as UTF-8
 * (https://github.com/nodejs/node/issues/58240).
 */
function relayedHeaders({ status, headers, rawHeaders }: AnswerHead, requestId: string): string[] {
  const nominees = connectionNominees(headers)
  const list: string[] = []
  let length: string | undefined
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (isHopByHop(name) || nominees?.has(name) || name.startsWith('x-sealgate-')) continue
    if (name === 'content-length') length = headers[i + 1]
    else list.push(rawHeaders[i] as string, headers[i + 1] as string)
  }
  list.push('x-sealgate-request-id', requestId)
  // A 204 has none (RFC 9110 section 8.6).
  if (length !== undefined && status !== 204) list.push('Content-Length', length)
  return list
}

function contentLengthOf(headers: HeaderList): number {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'content-length') return Number(headers[i + 1])
  }
  return -1
}
