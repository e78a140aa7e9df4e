import { TLSSocket } from 'node:tls'
import type { HeaderList } from '../base/header-list.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import type { AnswerHead, AnswerSink, AnswerSource } from '../upstream/upstream-answer.ts'
import { collectEvery8MiB } from './collect-garbage.ts'
import type { Exchange } from './exchange.ts'
import { connectionNominees, isHopByHop } from './hop-by-hop.ts'
import { limitUnreadBody } from './limit-unread-body.ts'
import { limitUnsentAnswer } from './limit-unsent-answer.ts'

/**
 * Passes S3's answer to the client unchanged, hop-by-hop fields apart, byte by byte as it comes; the
 * promise ends with the answer, however it ends. A small answer goes out in one write. If the
 * upstream breaks, the client is told so where nothing has gone out yet (the error that is given);
 * else the socket is cut: a truncated body must not look whole. So it is where the client reads
 * nothing for `idleMs`.
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
    answer.attach(new ResponseSink(exchange, head, answer, idleMs, resolve))
  })
}

class ResponseSink implements AnswerSink {
  readonly #exchange: Exchange
  readonly #head: AnswerHead
  readonly #answer: AnswerSource
  readonly #contentLength: number
  /** A body that came whole in one read waits for the end, to leave in one write with the head. */
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
    collectEvery8MiB(chunk.length)
    if (!this.#started) {
      if (chunk.length === this.#contentLength) {
        this.#whole = chunk
        return true
      }
      exchange.response.on('drain', this.#onDrain)
      exchange.response.on('close', () => clearTimeout(this.#stall))
      this.#start()
    }
    if (exchange.response.write(chunk)) return true
    this.#isStalled = true
    if (this.#stall === undefined) this.#stall = setTimeout(this.#onStall, this.#idleMs)
    else this.#stall.refresh()
    return false
  }

  readonly #onDrain = (): void => {
    this.#isStalled = false
    this.#answer.resume()
  }

  /** One timer an answer, refreshed: cheaper than one a chunk. */
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

/** To a client of HTTP/1.0 an orderly end of the connection is the end of the body: it gets a reset. */
function cut({ request, response }: Exchange): void {
  if (request.httpVersion === '1.0' && !(request.socket instanceof TLSSocket)) {
    request.socket.resetAndDestroy()
  } else response.destroy()
}

/**
 * The answer's fields for the client, as S3 spells and orders them; its own request id stays, ours is
 * added beside it. Words of ours that S3 says are not passed on: they tell our answers from S3's.
 *
 * Content-Length comes last: behind it, node:http would write a Content-Disposition anew as UTF-8
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
