import { AsyncResource } from 'node:async_hooks'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { DownstreamBodyError } from '../body/downstream-body-error.ts'
import { linger } from './linger.ts'
import { answerMalformed, isCutOff, isMalformed } from './malformed-request.ts'

/**
 * Limit of waiting or running requests after the first one on a connection; beyond it, reading
 * stops.
 */
const PIPELINED_MAX = 32

/**
 * The limit of fields in a head, exclusive: node:http silently drops further ones. S3 accepts heads
 * of 8 KB, in which a signed request does not have room for so many.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
export const FIELDS_MAX = 512

/** Source: RFC 9110 section 9.2.1 */
const SAFE_METHODS: readonly (string | undefined)[] = ['GET', 'HEAD', 'OPTIONS', 'TRACE']

/** An accepted request and its answer. */
interface Turn {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly isSafe: boolean
  hasBegun: boolean
}

interface Waiting {
  readonly before: Turn
  readonly turn: Turn
  readonly begin: () => void
}

/**
 * Keeps the order of the requests on one client connection. Pipelined requests run in parallel only
 * while all of them are safe. An unsafe request starts when the previous ones have ended, and
 * delays the next ones. If the connection ends, a waiting request never starts, as if it had not
 * arrived.
 *
 * Source: RFC 9112 section 9.3.2
 */
export class Connection {
  readonly #socket: Duplex
  readonly #resume: Duplex['resume']
  #latest: Turn | undefined
  readonly #waiting: Waiting[] = []
  /** The number of pipelined requests that have not ended. */
  #pipelined = 0
  #isHeld = false
  /** Bytes after the latest request are not requests any more. */
  #isOver = false
  #hasFailed = false
  #hasEnded = false

  constructor(socket: Duplex & { destroySoon?: () => void }) {
    this.#socket = socket
    this.#resume = socket.resume
    // node:http calls this after a last answer; its own method would close with unread bytes of the
    // client.
    socket.destroySoon = () => this.end()
  }

  /**
   * Calls `begin` when it is the request's turn: now, later, or never. `isLast`: the end of the
   * request is uncertain, so nothing after it is read.
   */
  take(
    request: IncomingMessage,
    response: ServerResponse,
    begin: () => void,
    isLast: boolean,
  ): void {
    const socket = this.#socket
    // An answer with `Connection: close` has been sent. Source: RFC 9112 section 9.6
    if (this.#isOver || socket.writableEnded) {
      this.#stopReading()
      return
    }
    unpause(socket)
    const before = this.#latest
    const isSafe = SAFE_METHODS.includes(request.method)
    const turn: Turn = { request, response, isSafe, hasBegun: true }
    this.#latest = turn
    if (isLast || hasUpgrade(request)) this.#endBehind(turn)
    if (before === undefined || before.response.writableFinished) {
      begin()
      return
    }
    this.#countPipelined(response)
    if (isSafe && before.isSafe && before.hasBegun) {
      begin()
      return
    }
    turn.hasBegun = false
    // Bound, otherwise it would run in the trace of the previous request.
    this.#waiting.push({ before, turn, begin: AsyncResource.bind(begin) })
    before.response.once('close', this.#advance)
  }

  /** Whether an answer is pending. */
  get isBusy(): boolean {
    return this.#latest !== undefined && !this.#latest.response.writableFinished
  }

  /**
   * For CONNECT and Upgrade, after node:http has released the socket: calls `begin` when the
   * pending answers have been sent, unless the connection ends with them.
   */
  detach(begin: () => void): void {
    const socket = this.#socket
    // node:http has removed its listeners: an error would end the process, an answer would stall,
    // and without a reader the client's end would not be noticed.
    socket.on('error', () => socket.destroy())
    socket.once('end', () => socket.end())
    socket.resume()
    const isLast = !this.#isOver
    this.#isOver = true
    if (this.#latest === undefined || !this.isBusy) {
      if (isLast) begin()
      return
    }
    const onDrain = (): void => {
      answerOf(socket)?.emit('drain')
    }
    socket.on('drain', onDrain)
    this.#latest.response.once('close', () => {
      socket.off('drain', onDrain)
      if (isLast && !socket.destroyed && !socket.writableEnded) begin()
    })
  }

  /**
   * Handles a failure of the parser or the socket. Bytes that are not HTTP belong to the body of
   * the latest request, which then fails and answers. If there is no such request, the bytes are
   * answered here. An answered request gets no second answer, and pending answers are sent first.
   */
  fail(error: NodeJS.ErrnoException): void {
    const socket = this.#socket
    if (!isMalformed(error)) {
      socket.destroy(error)
      return
    }
    const latest = this.#latest
    // If the connection ends with the latest request, its body may still be arriving.
    if (this.#isOver && (this.#hasFailed || latest?.request.complete !== false)) return
    this.#isOver = true
    this.#hasFailed = true
    if (latest === undefined || (latest.request.complete && !this.isBusy)) {
      if (!socket.writable) socket.destroy()
      else this.end(answerMalformed(error))
      return
    }
    if (!latest.request.complete) this.#failBody(latest, error)
    else this.#endBehind(latest)
  }

  /** Ends our side with `answer`. Bytes that the client does not read in time are lost. */
  end(answer = ''): void {
    const socket = this.#socket
    this.#isOver = true
    if (this.#hasEnded || socket.destroyed) return
    this.#hasEnded = true
    socket.end(answer)
    linger(socket, this.#resume)
  }

  #failBody(turn: Turn, error: NodeJS.ErrnoException): void {
    const { request, response } = turn
    const last = this.#waiting.at(-1)
    if (last?.turn === turn) {
      // It has not started, and will never be complete.
      this.#waiting.pop()
      this.#endBehind(last.before)
      return
    }
    this.#endBehind(turn)
    if (response.headersSent) return
    tell(request, new DownstreamBodyError(isCutOff(error) ? 'aborted' : 'malformed'))
  }

  /** Closes the connection after the answer to this request. */
  #endBehind({ response }: Turn): void {
    this.#isOver = true
    if (!response.headersSent) response.shouldKeepAlive = false
    if (response.writableFinished) this.end()
    else response.once('close', () => this.end())
  }

  readonly #advance = (): void => {
    const socket = this.#socket
    if (socket.destroyed || socket.writableEnded) return
    for (;;) {
      const [first] = this.#waiting
      if (first === undefined || !mayBegin(first)) return
      this.#waiting.shift()
      first.turn.hasBegun = true
      first.begin()
    }
  }

  #countPipelined(response: ServerResponse): void {
    this.#pipelined++
    response.once('close', () => {
      this.#pipelined--
      if (this.#isHeld && this.#pipelined <= PIPELINED_MAX / 2) this.#readOn()
    })
    if (this.#pipelined >= PIPELINED_MAX && !this.#isHeld) {
      this.#isHeld = true
      this.#stopReading()
    }
  }

  /**
   * node:http processes everything that it has read, at most 64 KiB. After that it would resume
   * reading whenever a body is read or an answer is sent.
   */
  #stopReading(): void {
    const socket = this.#socket
    socket.pause()
    socket.resume = () => socket
  }

  #readOn(): void {
    this.#isHeld = false
    // Not deleted, because that would make each access to the socket slow.
    this.#socket.resume = this.#resume
    this.#socket.resume()
  }
}

/**
 * Reports the error to the reader of the body. If there is none yet, the next reader gets it: the
 * request may be answered without its body, and other answers may be pending before.
 */
function tell(request: IncomingMessage, error: DownstreamBodyError): void {
  if (request.listenerCount('error') > 0) {
    request.emit('error', error)
    return
  }
  const onListener = (event: string | symbol): void => {
    if (event !== 'error') return
    request.off('newListener', onListener)
    setImmediate(() => {
      // Without a listener it would end the process.
      if (request.listenerCount('error') > 0) request.emit('error', error)
    })
  }
  request.on('newListener', onListener)
}

function mayBegin({ before, turn }: Waiting): boolean {
  return before.response.writableFinished || (before.hasBegun && before.isSafe && turn.isSafe)
}

/**
 * node:http pauses socket and parser if a request arrives while earlier answers are still being
 * written, even if the client has received all of them. A TLS socket continues to emit decrypted
 * data, the parser answers HPE_PAUSED, and an upload after a download on the same connection was
 * aborted (2 to 15 % of such pairs). PIPELINED_MAX provides the limit that this pause is for.
 * Source: findings/node-https-upload-cut.sh
 */
function unpause(socket: Duplex & { _paused?: boolean }): void {
  // Annotated, since the narrowed type would have no such member.
  const isTls: boolean = socket instanceof TLSSocket
  if (!isTls || socket._paused !== true) return
  socket._paused = false
  socket.resume()
}

/**
 * Returns whether the request has Upgrade. It is ignored, as HTTP allows: the request is served,
 * and the connection ends with its answer. node:http drops data that it has read together with such
 * a request, so the next bytes may not be the start of a request.
 *
 * Source: RFC 9110 section 7.8
 */
function hasUpgrade({ rawHeaders }: IncomingMessage): boolean {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === 7 && name.toLowerCase() === 'upgrade') return true
  }
  return false
}

/** Returns whether node:http may have dropped fields of the head. */
export function hasTooManyFields({ rawHeaders }: IncomingMessage): boolean {
  return rawHeaders.length >= 2 * FIELDS_MAX
}

/** The pending answer of the connection. Not in node's types. */
function answerOf(socket: Duplex & { _httpMessage?: ServerResponse | null }) {
  return socket._httpMessage ?? undefined
}
