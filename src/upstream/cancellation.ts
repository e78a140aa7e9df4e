/** Something under way that can be aborted. */
interface Abortable {
  abort(reason: Error): void
}

/**
 * Aborts everything that is under way for one request, also what is added later: an attempt that has
 * not begun when the client disconnects must not begin.
 */
export class Cancellation implements Abortable {
  readonly #running: Abortable[] = []
  #reason: Error | undefined

  add(one: Abortable): void {
    this.#running.push(one)
    if (this.#reason !== undefined) one.abort(this.#reason)
  }

  abort(reason: Error): void {
    this.#reason = reason
    for (const one of this.#running) one.abort(reason)
  }
}
