/** Something that can be aborted. */
interface Abortable {
  abort(reason: Error): void
}

/**
 * Aborts everything that runs for one request, including anything added later: an attempt that has
 * not started when the client disconnects must not start.
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
