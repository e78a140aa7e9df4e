import type { Socket } from 'node:net'
import { type buildConnector, Client, type Dispatcher, errors } from 'undici'
import { InterimAnswers } from './interim-answers.ts'
import { BROKEN_OFF } from './tls-end.ts'
import { UpstreamAnswer } from './upstream-answer.ts'

/**
 * One connection of a pool. Works around a bug of undici 7: an answer may end with its connection
 * (`Connection: close`, or no length). If such an answer is paused when the peer ends the
 * connection, undici throws in a socket listener, which ends the process. This class resumes the
 * answer before undici handles the end: all data has been read by then, so there is no more
 * back-pressure to apply.
 *
 * Source: https://github.com/nodejs/undici/issues/5360, closed in undici 8
 */
export class Connection extends Client {
  readonly #interim = new InterimAnswers()
  #answer: UpstreamAnswer | undefined

  /** `options`: those of the pool; `connect` creates the socket. */
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
    // undici reads the socket only with this method.
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
   * Sends one request at a time: the last one is the running one. Returns whether another may
   * follow at once. Also true after a request that undici rejects: returning `false` would make the
   * pool wait forever, and the connection would never be used again.
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
 * Keeps an exception in a socket listener (undici has assertions there) from ending the process: it
 * ends the connection, and thus the running answer. undici releases both in its `close` listener,
 * which does not throw after an error.
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
 * Returns whether the connection was reset. libuv reports a reset that arrives together with data
 * as a normal end, so a body without a length would look complete. `getpeername` still works after
 * a normal end and fails after a reset. Node caches its result, so it must not be called before.
 */
function wasReset(socket: Socket): boolean {
  return socket.remoteAddress === undefined
}
