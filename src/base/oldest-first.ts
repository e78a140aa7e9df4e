/**
 * Limits how many unauthenticated connections or requests hold a place at once. If all places are
 * taken, the oldest holder is given up for the new one. Holders that authenticate in time leave the
 * list, so a flood of new ones does not evict them.
 */
export class OldestFirst {
  readonly #places = new Set<() => void>()

  get size(): number {
    return this.#places.size
  }

  /**
   * Takes a place; `giveUp` is called if another holder needs it. The returned function frees the
   * place.
   */
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
