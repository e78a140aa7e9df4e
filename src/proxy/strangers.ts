import type { Duplex } from 'node:stream'
import { OldestFirst } from '../base/oldest-first.ts'

/** How often it is told that connections were closed, at most. */
const TELL_MS = 1_000

/**
 * The connections on which nobody has said who they are. Each may hold an unfinished head, which
 * node:http keeps at several times its length; beyond `max` the oldest is closed for each that comes, so
 * that those who sign a request at once always get in.
 */
export class Strangers {
  /** A reload may change it. */
  max: number
  readonly #places = new OldestFirst()
  readonly #leaves = new WeakMap<Duplex, () => void>()
  readonly #onClosed: () => void
  #toldAt = Number.NEGATIVE_INFINITY

  /** `onClosed`: told that connections are being closed, once a second at most. */
  constructor(max: number, onClosed: () => void) {
    this.max = max
    this.#onClosed = onClosed
  }

  get size(): number {
    return this.#places.size
  }

  /** A connection that has been made. */
  enter(socket: Duplex): void {
    const leave = this.#places.enter(this.max, () => this.#close(socket))
    this.#leaves.set(socket, leave)
    socket.once('close', leave)
  }

  /** Somebody has said who they are, or what the connection carries is no HTTP any more. */
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

/** The code stands in the log of a request that was under way. */
class TooManyStrangers extends Error {
  readonly code = 'unauthenticated-connections'
}
