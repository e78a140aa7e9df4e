import { escapeXml } from '../s3/xml.ts'

const START = Buffer.from('<Location>')
const END = Buffer.from('</Location>')

/** Bytes that may still become a tag. */
const HELD_BYTES_MAX = END.length - 1

/**
 * Replaces the first `<Location>` of a document, whose bytes may be split anywhere, with our own
 * address. All bytes before and after it pass as they arrive, including the blanks with which S3
 * keeps the connection alive during a long completion.
 */
export class LocationRewriter {
  readonly #location: Buffer
  #state: 'before' | 'inside' | 'behind' = 'before'
  #held: Buffer = Buffer.alloc(0)

  /** `location`: plain text, escaped here. */
  constructor(location: string) {
    this.#location = Buffer.from(escapeXml(location), 'utf8')
  }

  /** Returns the bytes to pass on, possibly none. */
  push(chunk: Buffer): Buffer {
    if (this.#state === 'behind') return chunk
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    return this.#state === 'before' ? this.#lookForStart(bytes) : this.#lookForEnd(bytes)
  }

  /** Returns the bytes that were held back; undefined if the document ends inside the element. */
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

  /** Holds back the longest suffix that may begin the tag; returns the rest. */
  #hold(bytes: Buffer, tag: Buffer): Buffer {
    let length = Math.min(bytes.length, HELD_BYTES_MAX, tag.length - 1)
    while (!bytes.subarray(bytes.length - length).equals(tag.subarray(0, length))) length--
    this.#held = bytes.subarray(bytes.length - length)
    return bytes.subarray(0, bytes.length - length)
  }
}
