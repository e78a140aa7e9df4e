import { type FileHandle, open } from 'node:fs/promises'
import { Chain, createStream, nextPrev } from '../evidence/chain.ts'

/** What a journal's lines are bound to. */
export const JOURNAL_ORIGIN = 'sealgate-sweep'

const LF = 0x0a
const TAIL_BYTES = 64 * 1024

/**
 * A file of records, one JSON object a line, that only grows. Its lines are chained like those of the
 * audit trail: a stream for each life of a process, whose `open` record names the hash of the line
 * before it.
 */
export class Journal {
  readonly #handle: FileHandle
  readonly #chain: Chain
  readonly #clock: () => Date
  readonly #isOurs: () => boolean
  #pending: string[] = []
  #appended = 0
  #synced = 0
  #writing: Promise<void> | undefined
  #error: Error | undefined

  private constructor(handle: FileHandle, chain: Chain, clock: () => Date, isOurs: () => boolean) {
    this.#handle = handle
    this.#chain = chain
    this.#clock = clock
    this.#isOurs = isOurs
  }

  /**
   * Opens a journal at its end and appends an `open` record with these fields. A line that a crash cut is
   * removed: nobody was told that it was written. The caller holds the lock of the folder; nothing is
   * written any more when `isOurs` says that it has lost it. Throws the file system's error.
   */
  static async open(
    file: string,
    fields: object,
    clock: () => Date,
    isOurs: () => boolean = () => true,
  ): Promise<Journal> {
    const handle = await open(file, 'a+', 0o600)
    try {
      const { end, last } = await lastLine(handle)
      await handle.truncate(end)
      const chain = new Chain(JOURNAL_ORIGIN, createStream())
      const journal = new Journal(handle, chain, clock, isOurs)
      const previous = last === undefined ? null : nextPrev(last)
      journal.append({ record: 'open', ...fields, previous })
      await journal.flush()
      return journal
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Adds a record; it is on the disk after the next `flush`. */
  append<R extends { readonly record: string }>(record: R): void {
    const line = this.#chain.link(JSON.stringify({ time: this.#clock().toISOString(), ...record }))
    this.#chain.advance(line)
    this.#pending.push(`${line}\n`)
    this.#appended++
  }

  /** Resolves when every record so far is on the disk. Throws the file system's error, then and ever after. */
  async flush(): Promise<void> {
    const until = this.#appended
    while (this.#synced < until) {
      if (this.#error !== undefined) throw this.#error
      this.#writing ??= this.#write()
      await this.#writing
    }
  }

  async close(): Promise<void> {
    try {
      await this.flush()
    } finally {
      await this.#handle.close()
    }
  }

  /** One write and one sync for all that came together meanwhile. */
  async #write(): Promise<void> {
    const lines = this.#pending
    this.#pending = []
    try {
      if (!this.#isOurs()) throw new Error('another process has taken over the state')
      await this.#handle.appendFile(lines.join(''))
      await this.#handle.datasync()
      this.#synced += lines.length
    } catch (error) {
      this.#error = error instanceof Error ? error : new Error(String(error))
    } finally {
      this.#writing = undefined
    }
  }
}

/** The last whole line, and where it ends. */
async function lastLine(
  handle: FileHandle,
): Promise<{ readonly end: number; readonly last: Buffer | undefined }> {
  const { size } = await handle.stat()
  for (let bytes = TAIL_BYTES; ; bytes *= 2) {
    const from = Math.max(0, size - bytes)
    const tail = Buffer.alloc(size - from)
    await handle.read(tail, 0, tail.length, from)
    const at = tail.lastIndexOf(LF)
    const before = at < 1 ? -1 : tail.lastIndexOf(LF, at - 1)
    if (at !== -1 && (before !== -1 || from === 0)) {
      return { end: from + at + 1, last: tail.subarray(before + 1, at) }
    }
    if (from === 0) return { end: 0, last: undefined }
  }
}
