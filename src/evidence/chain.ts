import { hash, randomBytes } from 'node:crypto'

/** Bytes of a stream's id. */
const STREAM_BYTES = 16

/** The three fields that tie a line to the one before it. */
interface ChainFields {
  /** The process life that wrote the line: 22 characters, base64url. */
  readonly stream: string
  /** 0, 1, 2 …; a line that was dropped uses up its number. */
  readonly seq: number
  /** SHA-256 of the line before, base64url; of the stream's beginning for `seq` 0. */
  readonly prev: string
}

/** Longer lines do not fit the 16-bit length of a tlog-tiles entry bundle. */
export const LINE_BYTES_MAX = 65_535

/** The longest end of a chained line: the three fields with a number of 16 digits. */
export const CHAIN_END_BYTES = 120

/** A new stream's id. */
export function createStream(): string {
  return randomBytes(STREAM_BYTES).toString('base64url')
}

/** `prev` of a stream's first line: it binds the stream to the origin. */
export function firstPrev(origin: string, stream: string): string {
  const text = `sealgate-audit/v1\n${origin}\n${stream}\n`
  return hash('sha256', text, 'base64url')
}

/** `prev` of the line after this one. `line` is as written, without its LF. */
export function nextPrev(line: Buffer | string): string {
  return hash('sha256', line, 'base64url')
}

/** A line of JSON, without its LF, with the three fields before its closing brace. */
export function chainLine(line: string, fields: ChainFields): string {
  return line.slice(0, -1) + chainEnd(fields)
}

/** The end of a line with these fields, in place of its closing brace. */
export function chainEnd({ stream, seq, prev }: ChainFields): string {
  return `,"stream":"${stream}","seq":${seq},"prev":"${prev}"}`
}

/** Returns whether a line ends with these fields; cheaper than parsing them. */
export function hasChainFields(line: Buffer, fields: ChainFields): boolean {
  const end = chainEnd(fields)
  const start = line.length - end.length
  return start > 0 && line.toString('latin1', start) === end
}

/** One stream as its writer keeps it: the next line's number, and the hash of the last line that was written. */
export class Chain {
  readonly stream: string
  #seq = 0
  #prev: string

  constructor(origin: string, stream = createStream()) {
    this.stream = stream
    this.#prev = firstPrev(origin, stream)
  }

  /** The number of the next line, and the count of used numbers. */
  get seq(): number {
    return this.#seq
  }

  /**
   * Returns the line (JSON, without its LF) with the three fields. The caller then calls `advance`
   * or `skip`.
   */
  link(line: string): string {
    return chainLine(line, { stream: this.stream, seq: this.#seq, prev: this.#prev })
  }

  /** The line, as `link` gave it, is written. */
  advance(chained: string): void {
    this.#seq++
    this.#prev = nextPrev(chained)
  }

  /** The line was dropped: it uses up its number. */
  skip(): void {
    this.#seq++
  }
}

const STREAM = ',"stream":"'
const SEQ = '","seq":'
const PREV = ',"prev":"'
const END = '"}'
const STREAM_CHARS = 22
const PREV_CHARS = 43
const DIGITS = /^(?:0|[1-9]\d{0,15})$/
const BASE64URL = /^[A-Za-z0-9_-]+$/

/**
 * Parses the three fields at the end of a line, without its LF; undefined if they are missing.
 * Nothing may follow them. Parsed by position, because a verifier reads every line of a trail.
 */
export function readChainFields(line: Buffer): ChainFields | undefined {
  const tail = line.toString('latin1', Math.max(0, line.length - CHAIN_END_BYTES))
  const streamAt = tail.lastIndexOf(STREAM) + STREAM.length
  const seqAt = streamAt + STREAM_CHARS
  const prevAt = tail.length - END.length - PREV_CHARS
  const isChained =
    streamAt >= STREAM.length &&
    tail.endsWith(END) &&
    tail.startsWith(SEQ, seqAt) &&
    tail.startsWith(PREV, prevAt - PREV.length)
  if (!isChained) return undefined
  const digits = tail.slice(seqAt + SEQ.length, prevAt - PREV.length)
  const stream = tail.slice(streamAt, seqAt)
  const prev = tail.slice(prevAt, -END.length)
  if (!DIGITS.test(digits) || !BASE64URL.test(stream) || !BASE64URL.test(prev)) return undefined
  const seq = Number(digits)
  return Number.isSafeInteger(seq) ? { stream, seq, prev } : undefined
}
