import { type FileHandle, open } from 'node:fs/promises'
import { failure, ok, type Result } from '../base/result.ts'
import { firstPrev, nextPrev, readChainFields } from '../evidence/chain.ts'
import { JOURNAL_ORIGIN } from './journal.ts'

/** A record of a journal, whose place in the chain is verified. */
interface JournalLine {
  /** Parsed JSON, an object. */
  readonly fields: object
  readonly record: string
  /** Where its line begins and ends in the file. */
  readonly start: number
  readonly end: number
}

const LF = 0x0a
const READ_BYTES = 256 * 1024

/** More than most records have. */
const RECORD_BYTES = 8 * 1024

/** Far above the longest record. */
const LINE_BYTES_MAX = 4 * 1024 * 1024

/**
 * Reads the records of a journal from `from` (the beginning of a line) on and verifies the chain. A cut
 * line at the end is passed over: its writer was told nothing. The first failure is the last result.
 */
export async function* readJournal(
  file: string,
  from = 0,
): AsyncGenerator<Result<JournalLine, string>> {
  const chain = new ChainReader(from > 0)
  let start = from
  for await (const line of readLines(file, from)) {
    if (!line.ok) {
      yield line
      return
    }
    const record = chain.read(line.value)
    if (!record.ok) {
      yield failure(`${file}, byte ${start}: ${record.error}`)
      return
    }
    const end = start + line.value.length + 1
    yield ok({ ...record.value, start, end })
    start = end
  }
}

/** Parses a record without looking at its place in the chain; undefined: no JSON, or no object. */
function parseRecord(line: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/** Reads the record of a line that begins at `start`, whose place in the chain was verified before. */
export async function readRecordAt(handle: FileHandle, start: number): Promise<object | undefined> {
  for (let bytes = RECORD_BYTES; ; bytes *= 2) {
    const buffer = Buffer.alloc(bytes)
    const { bytesRead } = await handle.read(buffer, 0, bytes, start)
    const at = buffer.subarray(0, bytesRead).indexOf(LF)
    if (at !== -1) return parseRecord(buffer.subarray(0, at))
    if (bytesRead < bytes || bytes > LINE_BYTES_MAX) return undefined
  }
}

class ChainReader {
  #stream: string | undefined
  #seq = 0
  #prev = ''
  #last: Buffer | undefined
  /** Reading began in the middle: the first line is taken as it is. */
  #isMidway: boolean

  constructor(isMidway: boolean) {
    this.#isMidway = isMidway
  }

  read(line: Buffer): Result<{ fields: object; record: string }, string> {
    const chain = readChainFields(line)
    const fields = parseRecord(line)
    const record: unknown = fields === undefined ? undefined : Reflect.get(fields, 'record')
    if (chain === undefined || fields === undefined || typeof record !== 'string') {
      return failure('not a record of a sweep')
    }
    if (!this.#isMidway) {
      const isFollowing =
        chain.stream === this.#stream && chain.seq === this.#seq && chain.prev === this.#prev
      if (!isFollowing && !this.#isOpening(record, fields, chain)) {
        return failure('the chain is broken: records were changed, removed or added')
      }
    }
    this.#isMidway = false
    this.#stream = chain.stream
    this.#seq = chain.seq + 1
    this.#prev = nextPrev(line)
    this.#last = line
    return ok({ fields, record })
  }

  /** A new stream follows the one before it. */
  #isOpening(record: string, fields: object, chain: { stream: string; seq: number; prev: string }) {
    const previous = this.#last === undefined ? null : nextPrev(this.#last)
    return (
      record === 'open' &&
      chain.seq === 0 &&
      chain.prev === firstPrev(JOURNAL_ORIGIN, chain.stream) &&
      Reflect.get(fields, 'previous') === previous
    )
  }
}

/** The whole lines of a file, without their LF. Each is its own memory. */
async function* readLines(file: string, from: number): AsyncGenerator<Result<Buffer, string>> {
  const handle = await open(file, 'r')
  try {
    let rest: Buffer = Buffer.alloc(0)
    let at = from
    for (;;) {
      const chunk = Buffer.alloc(READ_BYTES)
      const { bytesRead } = await handle.read(chunk, 0, READ_BYTES, at)
      if (bytesRead === 0) return
      at += bytesRead
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)])
      let start = 0
      for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
        yield ok(bytes.subarray(start, end))
        start = end + 1
      }
      rest = bytes.subarray(start)
      if (rest.length > LINE_BYTES_MAX) {
        yield failure(`${file}: a line is longer than ${LINE_BYTES_MAX} bytes`)
        return
      }
    }
  } finally {
    await handle.close()
  }
}
