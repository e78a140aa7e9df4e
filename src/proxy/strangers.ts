import type { Duplex } from 'node:stream'
import { OldestFirst } from '../base/oldest-first.ts'

/** Limit of how often closed connections are reported. */
const TELL_MS = 1_000

/**
 * The connections without an identified client. Each may hold an unfinished head, which node:http
 * stores at several times its length. Beyond `max` the oldest is closed for each new one, so that
 * clients that sign their request at once are always served.
 */
export class Strangers {
  /** A reload may change it. */
  max: number
  readonly #places = new OldestFirst()
  readonly #leaves = new WeakMap<Duplex, () => void>()
  readonly #onClosed: () => void
  #toldAt = Number.NEGATIVE_INFINITY

  /** `onClosed`: called at most once a second when connections are closed. */
  constructor(max: number, onClosed: () => void) {
    this.max = max
    this.#onClosed = onClosed
  }

  get size(): number {
    return this.#places.size
  }

  /** Registers a new connection. */
  enter(socket: Duplex): void {
    const leave = this.#places.enter(this.max, () => this.#close(socket))
    this.#leaves.set(socket, leave)
    socket.once('close', leave)
  }

  /** A client has been identified, or the connection is not used for HTTP any more. */
  leave(socket: Duplex): void {
    const leave = this.#leaves.get(socket)
    if (leave === undefined) return
    this.#leaves.delete(socket)
    socket.off('close', leave)
    leave()
  }

  #close(socket: Duplex): void {
    socket.destroy(new TooManyStrangers())
    const now = performance.now()
    if (now - this.#toldAt < TELL_MS) return
    this.#toldAt = now
    this.#onClosed()
  }
}

/** The code is in the log line of a running request. */
class TooManyStrangers extends Error {
  readonly code = 'unauthenticated-connections'
}
