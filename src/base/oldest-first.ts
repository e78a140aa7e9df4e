/**
 * Bounds how many strangers hold a place at once: for each one that comes when all places are taken,
 * the oldest is given up. Those who say in time who they are keep out of it, however many come.
 */
export class OldestFirst {
  readonly #places = new Set<() => void>()

  get size(): number {
    return this.#places.size
  }

  /** Takes a place; `giveUp` is called where it is needed for another. The result gives it back. */
  enter(max: number, giveUp: () => void): () => void {
    if (this.#places.size >= max) this.#giveUpOldest()
    this.#places.add(giveUp)
    return () => {
      this.#places.delete(giveUp)
    }
  }

  #giveUpOldest(): void {
    const [oldest] = this.#places
    if (oldest === undefined) return
    this.#places.delete(oldest)
    oldest()
  }
}
