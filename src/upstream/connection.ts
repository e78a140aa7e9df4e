import type { Socket } from 'node:net'
import { type buildConnector, Client, type Dispatcher, errors } from 'undici'
import { InterimAnswers } from './interim-answers.ts'
import { BROKEN_OFF } from './tls-end.ts'
import { UpstreamAnswer } from './upstream-answer.ts'

/**
 * One of a pool's connections. An answer may end with its connection (`Connection: close`, or no length
 * at all); where such an answer is paused when the peer ends the connection, undici 7 throws in a
 * listener of the socket's, which ends the process. So it goes on before undici hears of the end: by
 * then everything that came has been read, and nothing is left to hold back.
 *
 * Source: https://github.com/nodejs/undici/issues/5360, closed in undici 8
 */
export class Connection extends Client {
  readonly #interim = new InterimAnswers()
  #answer: UpstreamAnswer | undefined

  /** `options`: those that the pool gives; `connect` makes the socket. */
  static open(origin: URL, options: object, connect: buildConnector.connector): Connection {
    const connection: Connection = new Connection(origin, {
      ...options,
      connect: (to, callback) => {
        connect(to, (...outcome) => {
          const [, socket] = outcome
          // Before undici adds its own listeners.
          if (socket !== null) connection.#guard(socket)
          callback(...outcome)
        })
      },
    })
    return connection
  }

  #guard(socket: Socket): void {
    containFailures(socket)
    this.#interim.begin()
    const read = socket.read.bind(socket)
    // undici reads the socket by this method only.
    socket.read = (size) => {
      const chunk = read(size)
      if (chunk !== null) this.#interim.pass(chunk)
      return chunk
    }
    let isBrokenOff = false
    socket.on(BROKEN_OFF, () => {
      isBrokenOff = true
    })
    socket.on('end', () => {
      this.#answer?.flow()
      if (wasReset(socket)) this.#answer?.refuseEnd(new errors.SocketError(RESET))
      else if (isBrokenOff) this.#answer?.refuseEnd(new errors.SocketError(NO_CLOSE_NOTIFY))
    })
  }

  /**
   * One request at a time: the last one is the one under way. Gives whether another may follow at once:
   * so it may behind one that undici refuses to send, of which `false` would have the pool wait for an
   * end that never comes, and the connection never be used again.
   */
  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    this.#answer = handler instanceof UpstreamAnswer ? handler : undefined
    this.#interim.begin()
    const hasRoom = super.dispatch(options, handler)
    return hasRoom || (this.stats.size === 0 && !this.closed && !this.destroyed)
  }
}

const RESET = 'the connection was reset'
const NO_CLOSE_NOTIFY = 'TLS ended without close_notify'

/**
 * Keeps what a listener of the socket throws (undici has assertions there) from ending the process: it
 * ends the connection, and so the answer under way. undici lets go of both in its listener of `close`,
 * which throws no more once it has been told of an error.
 */
function containFailures(socket: Socket): void {
  const emit = socket.emit.bind(socket)
  socket.emit = (event: string | symbol, ...facts: unknown[]): boolean => {
    try {
      return emit(event, ...facts)
    } catch (thrown) {
      const error = new errors.SocketError(thrown instanceof Error ? thrown.message : '')
      error.cause = thrown
      if (event !== 'close') {
        socket.destroy(error)
        return true
      }
      emit('error', error)
      return emit(event, ...facts)
    }
  }
}

/**
 * Of a reset that comes together with octets libuv tells as of an orderly end, and what has no length
 * would look whole. The system knows better: who is at the other end it tells of an ended connection
 * still, and not of one that was reset. Nobody may ask before, as node remembers the answer.
 */
function wasReset(socket: Socket): boolean {
  return socket.remoteAddress === undefined
}
