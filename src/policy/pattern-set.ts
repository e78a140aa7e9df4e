import { matchesAny, type Pattern } from './pattern.ts'

/** The patterns of many lists, to be compared with a value at once. */
export class PatternSet {
  readonly #names = new Set<string>()
  /** Those with a star, each once. */
  readonly #patterns: readonly Pattern[]

  constructor(lists: Iterable<readonly Pattern[]>) {
    const patterns = new Map<string, Pattern>()
    for (const list of lists) {
      for (const pattern of list) {
        if (pattern.pieces.length === 1) this.#names.add(pattern.text)
        else patterns.set(pattern.text, pattern)
      }
    }
    this.#patterns = [...patterns.values()]
  }

  /** Returns whether any of the patterns matches. */
  matches(value: string): boolean {
    return this.#names.has(value) || matchesAny(this.#patterns, value)
  }
}
