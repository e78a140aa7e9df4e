import { escapeXml } from '../s3/xml.ts'

const START = Buffer.from('<Location>')
const END = Buffer.from('</Location>')

/** Bytes that may yet become a tag. */
const HELD_BYTES_MAX = END.length - 1

/**
 * Puts an address of our own in the place of the first `<Location>` of a document, whose bytes come in
 * any pieces. What is before and behind passes as it comes, the blanks too that S3 sends so that nobody
 * takes a long completion for a dead connection.
 */
export class LocationRewriter {
  readonly #location: Buffer
  #state: 'before' | 'inside' | 'behind' = 'before'
  #held: Buffer = Buffer.alloc(0)

  /** `location`: plain text, escaped here. */
  constructor(location: string) {
    this.#location = Buffer.from(escapeXml(location), 'utf8')
  }

  /** Gives the bytes to pass on; they may be none. */
  push(chunk: Buffer): Buffer {
    if (this.#state === 'behind') return chunk
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    return this.#state === 'before' ? this.#lookForStart(bytes) : this.#lookForEnd(bytes)
  }

  /** The bytes that were held back; undefined: the document ends inside of the element. */
  end(): Buffer | undefined {
    return this.#state === 'inside' ? undefined : this.#held
  }

  #lookForStart(bytes: Buffer): Buffer {
    const at = bytes.indexOf(START)
    if (at === -1) return this.#hold(bytes, START)
    const behind = at + START.length
    this.#state = 'inside'
    const rest = this.#lookForEnd(bytes.subarray(behind))
    return Buffer.concat([bytes.subarray(0, behind), this.#location, rest])
  }

  #lookForEnd(bytes: Buffer): Buffer {
    const at = bytes.indexOf(END)
    if (at === -1) {
      this.#hold(bytes, END)
      return Buffer.alloc(0)
    }
    this.#state = 'behind'
    this.#held = Buffer.alloc(0)
    return bytes.subarray(at)
  }

  /** Holds the longest end of the bytes that the tag may begin with; gives the rest. */
  #hold(bytes: Buffer, tag: Buffer): Buffer {
    let length = Math.min(bytes.length, HELD_BYTES_MAX, tag.length - 1)
    while (!bytes.subarray(bytes.length - length).equals(tag.subarray(0, length))) length--
    this.#held = bytes.subarray(bytes.length - length)
    return bytes.subarray(0, bytes.length - length)
  }
}
