import { writeFileSync } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'

/** Bodies up to that size are written at once, synchronously: cheaper than five round trips. */
const SMALL_BYTES_MAX = 65_536

const BATCH_BYTES = 1_048_576

/**
 * Writes a new file from pieces, in batches of about 1 MiB; one batch is written while the next one
 * fills. At most two batches are in memory.
 */
export class DataFileWriter {
  readonly #path: string
  #handle: FileHandle | undefined
  #batch: Buffer[] = []
  #batchBytes = 0
  #isLarge = false
  #pending: Promise<void> | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** Writes a piece. A returned promise asks the caller to wait. */
  write(piece: Buffer): Promise<void> | undefined {
    this.#batch.push(piece)
    this.#batchBytes += piece.length
    return this.#batchBytes < BATCH_BYTES ? undefined : this.#flush()
  }

  /** Writes the rest and closes the file. */
  async finish(): Promise<void> {
    if (!this.#isLarge && this.#batchBytes <= SMALL_BYTES_MAX) {
      writeFileSync(
        this.#path,
        this.#batch.length === 1 ? (this.#batch[0] ?? '') : Buffer.concat(this.#batch),
      )
      return
    }
    await this.#flush()
    await this.#pending
    await this.#handle?.close()
    this.#handle = undefined
  }

  /** Closes and removes the file. */
  async discard(): Promise<void> {
    await this.#pending?.catch(() => undefined)
    await this.#handle?.close()
    this.#handle = undefined
    await rm(this.#path, { force: true })
  }

  async #flush(): Promise<void> {
    const batch = this.#batch
    this.#batch = []
    this.#batchBytes = 0
    this.#isLarge = true
    await this.#pending
    this.#handle ??= await open(this.#path, 'wx')
    this.#pending = writeAll(this.#handle, batch)
    // The failure is met at the next flush; until then it must not count as unhandled.
    this.#pending.catch(() => undefined)
  }
}

async function writeAll(handle: FileHandle, batch: readonly Buffer[]): Promise<void> {
  const total = batch.reduce((sum, piece) => sum + piece.length, 0)
  const { bytesWritten } = await handle.writev(batch)
  // A short write is rare (disk full, signal): write the rest in one piece.
  if (bytesWritten < total) {
    let rest = Buffer.concat(batch).subarray(bytesWritten)
    while (rest.length > 0) {
      const written = await handle.write(rest)
      rest = rest.subarray(written.bytesWritten)
    }
  }
}
