/**
 * The SHA-256 of the chunks of one body that have been verified, for the chunks that are signed for
 * S3: a chunk of the same bytes has the same hash. Both sides go through the body in order, the
 * verified side ahead by what the streams between them hold.
 */
export class ChunkHashes {
  /** Chunks that have been verified and not yet passed by the signing side, in order. */
  readonly #verified: { readonly bytes: number; readonly end: number; readonly sha256: string }[] =
    []
  #verifiedBytes = 0
  #signedBytes = 0

  /** Adds the hash of the next verified chunk; the empty last one is signed without it. */
  add(bytes: number, sha256: string): void {
    if (bytes === 0) return
    this.#verifiedBytes += bytes
    this.#verified.push({ bytes, end: this.#verifiedBytes, sha256 })
  }

  /** Returns the hash of the next chunk to sign; undefined if no verified chunk has exactly its bytes. */
  take(bytes: number): string | undefined {
    this.#signedBytes += bytes
    let sha256: string | undefined
    for (;;) {
      const [first] = this.#verified
      if (first === undefined || first.end > this.#signedBytes) return sha256
      this.#verified.shift()
      const isSame = first.end === this.#signedBytes && first.bytes === bytes
      sha256 = isSame ? first.sha256 : undefined
    }
  }
}
