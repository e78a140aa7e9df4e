/**
 * Seeded random numbers (sfc32): the same text gives the same draws on every machine, so that a case
 * is replayed from its seed, mode and number alone.
 *
 * Source: Chris Doty-Humphrey, PractRand, "Small Fast Counting RNG"
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: string) {
    this.#a = hashOf(seed, 0x9e3779b9)
    this.#b = hashOf(seed, 0x243f6a88)
    this.#c = hashOf(seed, 0xb7e15162)
    for (let i = 0; i < 12; i++) this.#next()
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number {
    return this.#next() % limit
  }

  /** True in that many of a hundred draws. */
  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  /** One of the list's items, all alike. */
  pick<T>(list: readonly T[]): T {
    const at = this.below(list.length)
    for (const [i, item] of list.entries()) if (i === at) return item
    throw new Error('nothing to pick from')
  }

  /** Bytes of any value. */
  bytes(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count)
    for (let i = 0; i < count; i++) bytes[i] = this.#next() & 0xff
    return bytes
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }
}

/** FNV-1a with a mixed end. */
function hashOf(text: string, start: number): number {
  let hash = start
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}
