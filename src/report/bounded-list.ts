/** A list with a limit; what is beyond is counted. */
export interface Listed<T> {
  readonly items: readonly T[]
  /** Not in the list. */
  readonly more: number
}

/** Collects a list with a limit. */
export class BoundedList<T> {
  readonly #items: T[] = []
  readonly #max: number
  #more = 0

  constructor(max: number) {
    this.#max = max
  }

  add(item: T): void {
    if (this.#items.length < this.#max) this.#items.push(item)
    else this.#more++
  }

  /** The items in the order of `compare`. */
  sorted(compare: (a: T, b: T) => number): Listed<T> {
    return { items: [...this.#items].sort(compare), more: this.#more }
  }
}
