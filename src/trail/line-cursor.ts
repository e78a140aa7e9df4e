import type { ByteSource } from './byte-source.ts'
import type { Place } from './findings.ts'

const BUFFER_BYTES = 1024 * 1024
/** Longer lines are none: what is written holds 65,535 bytes at most. */
const LINE_BYTES_MAX = 4 * 1024 * 1024
const LF = 0x0a

/** Goes through a file line by line; what it gives holds until the next `fill`. */
export class LineCursor {
  /** Of the file, for messages. */
  readonly file: string
  readonly #source: ByteSource
  #buffer = Buffer.allocUnsafe(BUFFER_BYTES)
  #at = 0
  #end = 0
  /** Of the buffer's first byte in the file. */
  #base = 0
  /** Number of the line that was given last, from 1. */
  line = 0
  /** Offset in the file of the line that was given last. */
  lineOffset = 0

  constructor(file: string, source: ByteSource) {
    this.file = file
    this.#source = source
  }

  /** Of the next byte. */
  get offset(): number {
    return this.#base + this.#at
  }

  /** The next line without its LF; undefined: `fill`, and if that gives false, there is none. */
  next(): Buffer | undefined {
    const end = this.#buffer.indexOf(LF, this.#at)
    if (end === -1 || end >= this.#end) return undefined
    const line = this.#buffer.subarray(this.#at, end)
    this.lineOffset = this.#base + this.#at
    this.line++
    this.#at = end + 1
    return line
  }

  /** Reads on; false: the file has ended, or goes on without an end of line. */
  async fill(): Promise<boolean> {
    const rest = this.#end - this.#at
    this.#base += this.#at
    if (rest === this.#buffer.length) {
      if (rest > LINE_BYTES_MAX) return false
      const larger = Buffer.allocUnsafe(this.#buffer.length * 2)
      this.#buffer.copy(larger, 0, this.#at, this.#end)
      this.#buffer = larger
    } else {
      this.#buffer.copyWithin(0, this.#at, this.#end)
    }
    this.#at = 0
    this.#end = rest
    const count = await this.#source.read(this.#buffer, rest)
    this.#end += count
    return count > 0
  }

  /** Where the line stands that was given last. */
  get place(): Place {
    const { file, line, lineOffset } = this
    return { file, line, offset: lineOffset, bytes: this.offset - lineOffset - 1 }
  }

  /** What stands behind the last end of line, once the file has ended. */
  get rest(): Buffer {
    return this.#buffer.subarray(this.#at, this.#end)
  }

  close(): void {
    this.#source.close()
  }
}
