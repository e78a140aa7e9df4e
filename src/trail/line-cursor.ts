import { type ByteSource, DamagedFile } from './byte-source.ts'
import type { Place } from './findings.ts'

const BUFFER_BYTES = 1024 * 1024
/** Limit of a line; written lines have at most 65,535 bytes. */
const LINE_BYTES_MAX = 4 * 1024 * 1024
const LF = 0x0a

/** Iterates over the lines of a file; a returned line is valid until the next `fill`. */
export class LineCursor {
  /** The file's path, for messages. */
  readonly file: string
  readonly #source: ByteSource
  /** The first byte stays free for the prefix of a leaf. */
  #buffer = Buffer.allocUnsafe(1 + BUFFER_BYTES)
  #at = 1
  #end = 1
  /** The offset of the buffer's first byte in the file. */
  #base = -1
  /** Number of the line that was given last, from 1. */
  line = 0
  /** Offset in the file of the line that was given last. */
  lineOffset = 0

  constructor(file: string, source: ByteSource) {
    this.file = file
    this.#source = source
  }

  /** The offset of the next byte. */
  get offset(): number {
    return this.#base + this.#at
  }

  /**
   * Returns the next line without its LF; undefined: call `fill`, and if that returns false, there
   * is none.
   */
  next(): Buffer | undefined {
    const end = this.#buffer.indexOf(LF, this.#at)
    if (end === -1 || end >= this.#end) return undefined
    const line = this.#buffer.subarray(this.#at, end)
    this.lineOffset = this.#base + this.#at
    this.line++
    this.#at = end + 1
    return line
  }

  /**
   * The last returned line behind a byte 0, as a leaf is hashed: in place of the line end before it, so that
   * nothing is copied. Valid as long as the line.
   */
  get leaf(): Buffer {
    const start = this.lineOffset - this.#base - 1
    this.#buffer[start] = 0
    return this.#buffer.subarray(start, this.#at - 1)
  }

  /**
   * Reads more bytes; false if the file has ended. Throws DamagedFile if a line does not end: what is
   * behind it cannot be read.
   */
  async fill(): Promise<boolean> {
    const rest = this.#end - this.#at
    this.#base += this.#at - 1
    if (rest + 1 === this.#buffer.length) {
      if (rest > LINE_BYTES_MAX) throw new DamagedFile('a line of more than 4 MiB')
      const larger = Buffer.allocUnsafe(this.#buffer.length * 2)
      this.#buffer.copy(larger, 1, this.#at, this.#end)
      this.#buffer = larger
    } else {
      this.#buffer.copyWithin(1, this.#at, this.#end)
    }
    this.#at = 1
    this.#end = rest + 1
    const count = await this.#source.read(this.#buffer, this.#end)
    this.#end += count
    return count > 0
  }

  /** The place of the last returned line. */
  get place(): Place {
    const { file, line, lineOffset } = this
    return { file, line, offset: lineOffset, bytes: this.offset - lineOffset - 1 }
  }

  /** The bytes after the last line end, after the file has ended. */
  get rest(): Buffer {
    return this.#buffer.subarray(this.#at, this.#end)
  }

  close(): void {
    this.#source.close()
  }
}
