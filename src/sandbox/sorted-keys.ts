import { compareUtf8 } from './utf8-order.ts'

/**
 * A set of keys in the order of their UTF-8 bytes. The list is built on demand, from the previous
 * one and the changes since. Measured for 20,000 keys: 1 ms per page of a listing while objects are
 * created and deleted, 14 ms with sorting all of them.
 */
export class SortedKeys {
  #list: readonly string[] = []
  readonly #added = new Set<string>()
  readonly #removed = new Set<string>()

  /** Adds a key that is not in the set. */
  add(key: string): void {
    if (!this.#removed.delete(key)) this.#added.add(key)
  }

  /** Removes a key that is in the set. */
  remove(key: string): void {
    if (!this.#added.delete(key)) this.#removed.add(key)
  }

  /** All keys, in order. */
  list(): readonly string[] {
    if (this.#added.size === 0 && this.#removed.size === 0) return this.#list
    const kept =
      this.#removed.size === 0 ? this.#list : this.#list.filter((key) => !this.#removed.has(key))
    this.#list = merge(kept, [...this.#added].sort(compareUtf8))
    this.#added.clear()
    this.#removed.clear()
    return this.#list
  }
}

function merge(a: readonly string[], b: readonly string[]): readonly string[] {
  if (b.length === 0) return a
  const merged: string[] = []
  let j = 0
  for (const key of a) {
    while (j < b.length && compareUtf8(b[j] ?? '', key) < 0) merged.push(b[j++] ?? '')
    merged.push(key)
  }
  while (j < b.length) merged.push(b[j++] ?? '')
  return merged
}
