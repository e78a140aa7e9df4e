import type { HeaderList } from '../base/header-list.ts'
import type { Exchange } from './exchange.ts'
import { notePassed } from './free-chunks.ts'
import { connectionNominees, isHopByHop } from './hop-by-hop.ts'
import { boundUnreadBody } from './unread-body.ts'
import type { AnswerHead, AnswerSink, UpstreamAnswer } from './upstream-answer.ts'

/**
 * Passes S3's answer to the client unchanged, hop-by-hop fields apart, byte by byte as it comes; the
 * promise ends with the answer, however it ends. A small answer goes out in one write. If the
 * upstream breaks after the head, the socket is cut: a truncated body must not look whole.
 */
export function relay(exchange: Exchange, head: AnswerHead, answer: UpstreamAnswer): Promise<void> {
  return new Promise((resolve) => {
    exchange.status = head.status
    exchange.whenClosed(resolve)
    answer.attach(new ResponseSink(exchange, head, answer))
  })
}

class ResponseSink implements AnswerSink {
  readonly #exchange: Exchange
  readonly #head: AnswerHead
  readonly #answer: UpstreamAnswer
  readonly #contentLength: number
  /** A body that came whole in one read waits for the end, to leave in one write with the head. */
  #whole: Buffer | undefined
  #started = false

  constructor(exchange: Exchange, head: AnswerHead, answer: UpstreamAnswer) {
    this.#exchange = exchange
    this.#head = head
    this.#answer = answer
    this.#contentLength = contentLengthOf(head.headers)
  }

  write(chunk: Buffer): boolean {
    // undici gives an empty chunk after each pause; writing it would be a system call for nothing.
    if (chunk.length === 0) return true
    const exchange = this.#exchange
    exchange.responseBytes += chunk.length
    notePassed(chunk.length)
    if (!this.#started) {
      if (chunk.length === this.#contentLength) {
        this.#whole = chunk
        return true
      }
      exchange.response.on('drain', () => this.#answer.resume())
      this.#start()
    }
    return exchange.response.write(chunk)
  }

  end(): void {
    const { response } = this.#exchange
    if (!this.#started) this.#start()
    if (this.#whole === undefined) response.end()
    else response.end(this.#whole)
    boundUnreadBody(this.#exchange)
  }

  fail(error: Error): void {
    const exchange = this.#exchange
    if (exchange.ending.kind !== 'open') return
    exchange.ending = { kind: 'aborted', by: 'upstream', cause: error.message }
    exchange.response.destroy()
  }

  #start(): void {
    this.#started = true
    const { response, requestId } = this.#exchange
    response.writeHead(this.#head.status, relayedHeaders(this.#head.headers, requestId))
  }
}

/** The answer's fields for the client; S3's own request id stays, ours is added beside it. */
function relayedHeaders(headers: HeaderList, requestId: string): string[] {
  const nominees = connectionNominees(headers)
  const list: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (isHopByHop(name) || nominees?.has(name)) continue
    list.push(name, headers[i + 1] as string)
  }
  list.push('x-sealgate-request-id', requestId)
  return list
}

function contentLengthOf(headers: HeaderList): number {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'content-length') return Number(headers[i + 1])
  }
  return -1
}
