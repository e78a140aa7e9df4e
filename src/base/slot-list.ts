/** An item of a {@link SlotList}: it stores its own index. An item is in one list at a time. */
interface Slotted {
  slot: number
}

/**
 * A set with insertion and removal in constant time and no garbage. Order is not kept.
 *
 * A Set allocates a new table every few dozen deletions and chains the old ones. If one of these
 * reaches old space, every object of a later table survives all minor collections. A Set of the
 * running requests cost 30 µs a request and 50 MB (docs/benchmarks.md).
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
