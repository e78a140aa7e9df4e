import { AsyncResource } from 'node:async_hooks'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { DownstreamBodyError } from '../body/downstream-body-error.ts'
import { linger } from './linger.ts'
import { answerMalformed, isCutOff, isMalformed } from './malformed-request.ts'

/** Requests that may wait or be under way behind the first one on a connection; then nobody reads on. */
const PIPELINED_MAX = 32

/**
 * A head has fewer fields than this: node:http drops those beyond unseen. S3 takes heads of 8 KB, in which a
 * signed request has no room for as many.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
export const FIELDS_MAX = 512

/** Source: RFC 9110 section 9.2.1 */
const SAFE_METHODS: readonly (string | undefined)[] = ['GET', 'HEAD', 'OPTIONS', 'TRACE']

/** A request that was taken, and its answer. */
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
 * The requests of one client connection and their order. Requests that a client sends without waiting
 * for answers begin together only while all of them are safe; one that is not safe begins when those
 * before it have ended, and holds those behind it. A request that waits when its connection ends has
 * never begun, as if it had not come.
 *
 * Source: RFC 9112 section 9.3.2
 */
export class Connection {
  readonly #socket: Duplex
  readonly #resume: Duplex['resume']
  #latest: Turn | undefined
  readonly #waiting: Waiting[] = []
  /** Pipelined requests that have not ended. */
  #pipelined = 0
  #isHeld = false
  /** What comes behind the latest request is no request any more. */
  #isOver = false
  #hasFailed = false
  #hasEnded = false

  constructor(socket: Duplex & { destroySoon?: () => void }) {
    this.#socket = socket
    this.#resume = socket.resume
    // What node:http calls behind a last answer; its own would close with bytes of the client unread.
    socket.destroySoon = () => this.end()
  }

  /**
   * Calls `begin` when the request's turn comes: now, later, or never. `isLast`: where it ends is in
   * doubt, so nothing behind it is read.
   */
  take(
    request: IncomingMessage,
    response: ServerResponse,
    begin: () => void,
    isLast: boolean,
  ): void {
    const socket = this.#socket
    // An answer with `Connection: close` has gone out. Source: RFC 9112 section 9.6
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
    // Bound, or it would begin in the trace of the request before it.
    this.#waiting.push({ before, turn, begin: AsyncResource.bind(begin) })
    before.response.once('close', this.#advance)
  }

  /** Whether an answer is due. */
  get isBusy(): boolean {
    return this.#latest !== undefined && !this.#latest.response.writableFinished
  }

  /**
   * For CONNECT and Upgrade, where node:http has let go of the socket: calls `begin` when the answers
   * that are due have gone out, unless the connection ends with them.
   */
  detach(begin: () => void): void {
    const socket = this.#socket
    // node:http has taken its listeners off: an error would end the process, an answer would stall,
    // and without a reader the client's end would not be seen.
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
   * The parser has failed, or the socket has. Bytes that are not HTTP belong to the body of the latest
   * request, which is told so and answers; or no request can be told of them, and they are answered
   * here. A request that has its answer gets no other one, and answers that are due go out first.
   */
  fail(error: NodeJS.ErrnoException): void {
    const socket = this.#socket
    if (!isMalformed(error)) {
      socket.destroy(error)
      return
    }
    const latest = this.#latest
    // Where the connection ends with the latest request, its body may still be on its way.
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

  /** Ends our side with that. What the client does not take in time is lost. */
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
      // It has not begun, and will never be whole.
      this.#waiting.pop()
      this.#endBehind(last.before)
      return
    }
    this.#endBehind(turn)
    if (response.headersSent) return
    tell(request, new DownstreamBodyError(isCutOff(error) ? 'aborted' : 'malformed'))
  }

  /** Closes the connection behind the answer to this request. */
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
   * What node:http has read, 64 KiB at most, it goes through to the end; then it would read on with
   * every body that is read and every answer that goes out.
   */
  #stopReading(): void {
    const socket = this.#socket
    socket.pause()
    socket.resume = () => socket
  }

  #readOn(): void {
    this.#isHeld = false
    // Not deleted: that would make each access to the socket slow.
    this.#socket.resume = this.#resume
    this.#socket.resume()
  }
}

/**
 * Tells who reads the body. If nobody does yet, whoever will is told then: the request may be one that
 * is answered without its body, and answers to others may be due before that.
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
      // Unheard it would end the process.
      if (request.listenerCount('error') > 0) request.emit('error', error)
    })
  }
  request.on('newListener', onListener)
}

function mayBegin({ before, turn }: Waiting): boolean {
  return before.response.writableFinished || (before.hasBegun && before.isSafe && turn.isSafe)
}

/**
 * node:http stops socket and parser where a request comes while earlier answers are still being
 * written, even where the client has all of them. A TLS socket goes on giving what it has decrypted,
 * the parser answers HPE_PAUSED to it, and an upload behind a download on a kept connection was cut
 * (2 to 15 % of such pairs). PIPELINED_MAX bounds here what that stop is meant to bound.
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
 * Upgrade is ignored, as HTTP allows: the request is served, and the connection ends with its answer.
 * node:http drops what has come in one read behind such a request, so the rest cannot be trusted to
 * begin where a request begins.
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

/** Whether node:http may have dropped fields of the head. */
export function hasTooManyFields({ rawHeaders }: IncomingMessage): boolean {
  return rawHeaders.length >= 2 * FIELDS_MAX
}

/** The answer that is due on the connection. Not in node's types. */
function answerOf(socket: Duplex & { _httpMessage?: ServerResponse | null }) {
  return socket._httpMessage ?? undefined
}
