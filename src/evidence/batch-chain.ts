import { chainEnd, createStream, firstPrev, nextPrev } from './chain.ts'

/** A line of JSON with its LF, and its number. */
interface NumberedLine {
  readonly text: string
  readonly seq: number
  /** As `bytesOf` gave it. */
  readonly bytes: number
}

/** The end of the object and the LF, before which the fields stand. */
const LINE_END = '}\n'
/** Takes the place of `prev` until the line before is hashed. */
const PREV_ROOM = '0'.repeat(43)
const PREV_END = `${PREV_ROOM}"${LINE_END}`

/**
 * One stream whose lines get their numbers when they come and their hashes when they are written. Hashing
 * a batch at once costs a third of hashing each line between two requests, where code and data of the hash
 * are out of the caches.
 */
export class BatchChain {
  readonly stream: string
  /** Bytes of the three fields without the number. */
  readonly #fieldBytes: number
  #seq = 0
  #prev: string

  constructor(origin: string, stream = createStream()) {
    this.stream = stream
    this.#prev = firstPrev(origin, stream)
    this.#fieldBytes = chainEnd({ stream, seq: 0, prev: this.#prev }).length - '0}'.length
  }

  /** The number of the next line, and the count of used numbers. */
  get seq(): number {
    return this.#seq
  }

  /** The number is used: by a line that will be linked, or by one that was dropped. */
  advance(): void {
    this.#seq++
  }

  /** Bytes of the next line as it will be written. */
  bytesOf(text: string): number {
    return Buffer.byteLength(text) + this.#fieldBytes + String(this.#seq).length
  }

  /** Links the lines, which must be all of the stream in their order but those that were dropped. */
  link(lines: readonly NumberedLine[]): Buffer {
    const { stream } = this
    let text = ''
    for (const line of lines) {
      text += line.text.slice(0, -LINE_END.length)
      text += chainEnd({ stream, seq: line.seq, prev: PREV_ROOM })
      text += '\n'
    }
    const batch = Buffer.from(text)
    let start = 0
    for (const line of lines) {
      const end = start + line.bytes
      batch.write(this.#prev, end - PREV_END.length, 'latin1')
      this.#prev = nextPrev(batch.subarray(start, end - 1))
      start = end
    }
    return batch
  }
}
