const BLOCK_BYTES = 256 * 1024

/**
 * Collects bytes that come in pieces of any size, by copying them into blocks: a body that comes byte by byte would
 * otherwise take a hundred times its size, and a piece of a larger read keeps all of it. Allocates what has come, and
 * one block.
 */
export class ByteBlocks {
  readonly #full: Buffer[] = []
  #block = Buffer.alloc(0)
  #used = 0

  /** Bytes that are allocated. */
  get allocated(): number {
    return this.#full.length * BLOCK_BYTES + this.#block.length
  }

  add(piece: Buffer): void {
    let at = 0
    while (at < piece.length) {
      if (this.#used === this.#block.length) this.#begin()
      const copied = piece.copy(this.#block, this.#used, at)
      this.#used += copied
      at += copied
    }
  }

  /** Returns all bytes in one buffer. */
  join(): Buffer {
    return Buffer.concat([...this.#full, this.#block.subarray(0, this.#used)])
  }

  #begin(): void {
    if (this.#used > 0) this.#full.push(this.#block)
    this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES)
    this.#used = 0
  }
}
