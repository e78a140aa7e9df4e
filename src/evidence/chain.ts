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
export function chainLine(line: string, { stream, seq, prev }: ChainFields): string {
  return `${line.slice(0, -1)},"stream":"${stream}","seq":${seq},"prev":"${prev}"}`
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

  /** The number of the next line; so many have been used up. */
  get seq(): number {
    return this.#seq
  }

  /** The line (JSON, without its LF) with the three fields. Then `advance` or `skip` says what became of it. */
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

/** The end of a chained line: what follows it must be nothing. */
const CHAIN_END =
  /,"stream":"([A-Za-z0-9_-]{22})","seq":(0|[1-9]\d{0,15}),"prev":"([A-Za-z0-9_-]{43})"\}$/

/** The longest end of a chained line. */
const CHAIN_END_BYTES = 120

/** Reads the three fields at the end of a line, without its LF; undefined if they are not there. */
export function readChainFields(line: Buffer): ChainFields | undefined {
  const end = line.toString('latin1', Math.max(0, line.length - CHAIN_END_BYTES))
  const match = CHAIN_END.exec(end)
  if (match === null) return undefined
  const [, stream = '', digits, prev = ''] = match
  const seq = Number(digits)
  return Number.isSafeInteger(seq) ? { stream, seq, prev } : undefined
}
