/** What can be in a {@link SlotList}: it keeps its place itself. In one list at a time. */
interface Slotted {
  slot: number
}

/**
 * A set that takes and gives in constant time and leaves nothing behind. Order is not kept.
 *
 * A Set makes a new table each few dozen deletions and chains the dead ones; once one of these is in
 * old space, every object that was ever in a later one outlives all minor collections. With one Set
 * of the requests under way that cost 30 µs a request and 50 MB (docs/benchmarks.md).
 */
export class SlotList<T extends Slotted> {
  readonly #items: T[] = []

  get size(): number {
    return this.#items.length
  }

  add(item: T): void {
    item.slot = this.#items.length
    this.#items.push(item)
  }

  /** The last item moves to the place that becomes free. The item must be in the list. */
  remove(item: T): void {
    const last = this.#items.pop()
    if (last === undefined || last === item) return
    this.#items[item.slot] = last
    last.slot = item.slot
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#items[Symbol.iterator]()
  }
}
