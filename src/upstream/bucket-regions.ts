/** Buckets whose region is remembered; the one that was asked for longest ago goes first. */
const BUCKETS_MAX = 10_000

/** Regions of buckets as S3 has told them, within a limit: clients choose the names of buckets. */
export class BucketRegions {
  readonly #bucketsMax: number
  readonly #regions = new Map<string, string>()

  constructor(bucketsMax = BUCKETS_MAX) {
    this.#bucketsMax = bucketsMax
  }

  /** How many are remembered. */
  get size(): number {
    return this.#regions.size
  }

  /** Undefined: S3 has not told. */
  regionOf(bucket: string): string | undefined {
    // Nearly always all buckets are where the configuration says.
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

  /** A Map iterates in order of insertion. */
  #moveToEnd(bucket: string, region: string): void {
    this.#regions.delete(bucket)
    this.#regions.set(bucket, region)
  }
}
