/** How fast a bucket fills, and how much it holds. Both are positive and finite. */
export interface BucketSize {
  /** What it holds at most: the largest burst. */
  readonly capacity: number
  /** Tokens that are added in a millisecond. */
  readonly perMs: number
}

/**
 * A token bucket; full at first. In any time t, at most `capacity + perMs * t` tokens are taken, and
 * what one `take` has above the capacity. Times are milliseconds of a clock that the caller reads; a
 * clock that goes back adds nothing, and one that jumps ahead fills the bucket once.
 */
export class TokenBucket {
  #size: BucketSize
  #level: number
  #atMs: number

  constructor(size: BucketSize, nowMs: number) {
    this.#size = size
    this.#level = size.capacity
    this.#atMs = nowMs
  }

  /** Takes the tokens if they are there. More than the capacity are taken from a full bucket: it then owes the rest. */
  take(tokens: number, nowMs: number): boolean {
    this.#fill(nowMs)
    if (this.#level < this.#needed(tokens)) return false
    this.#level -= tokens
    return true
  }

  /** Milliseconds until `take` succeeds if nobody else takes any; 0: it would now. */
  waitMs(tokens: number, nowMs: number): number {
    this.#fill(nowMs)
    return Math.max(0, (this.#needed(tokens) - this.#level) / this.#size.perMs)
  }

  /** From now on another size; keeps the level, as far as it still fits. */
  resize(size: BucketSize, nowMs: number): void {
    this.#fill(nowMs)
    this.#size = size
    this.#level = Math.min(this.#level, size.capacity)
  }

  #needed(tokens: number): number {
    return Math.min(tokens, this.#size.capacity)
  }

  #fill(nowMs: number): void {
    if (!(nowMs > this.#atMs)) return
    const { capacity, perMs } = this.#size
    this.#level = Math.min(capacity, this.#level + (nowMs - this.#atMs) * perMs)
    this.#atMs = nowMs
  }
}
