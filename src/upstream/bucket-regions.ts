/** Limit of remembered buckets; the least recently used one is dropped first. */
const BUCKETS_MAX = 10_000

/** Regions of buckets that S3 has named; limited, because clients choose bucket names. */
export class BucketRegions {
  readonly #bucketsMax: number
  readonly #regions = new Map<string, string>()

  constructor(bucketsMax = BUCKETS_MAX) {
    this.#bucketsMax = bucketsMax
  }

  /** The number of remembered buckets. */
  get size(): number {
    return this.#regions.size
  }

  /** Undefined if S3 has not named it. */
  regionOf(bucket: string): string | undefined {
    // Nearly always, all buckets are in their configured region.
    if (this.#regions.size === 0) return undefined
    const region = this.#regions.get(bucket)
    if (region !== undefined) this.#moveToEnd(bucket, region)
    return region
  }

  learn(bucket: string, region: string): void {
    this.#moveToEnd(bucket, region)
    if (this.#regions.size <= this.#bucketsMax) return
    for (const oldest of this.#regions.keys()) {
      this.#regions.delete(oldest)
      return
    }
  }

  forget(bucket: string): void {
    this.#regions.delete(bucket)
  }

  /** A Map iterates in insertion order. */
  #moveToEnd(bucket: string, region: string): void {
    this.#regions.delete(bucket)
    this.#regions.set(bucket, region)
  }
}
