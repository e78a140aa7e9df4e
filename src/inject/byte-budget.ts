/** Limits the bytes that concurrent requests hold together. */
export class ByteBudget {
  readonly #bytesMax: number
  #taken = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Reserves `bytes` if they are available, until `giveBack`; returns whether it did. */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#bytesMax) return false
    this.#taken += bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes
  }
}
