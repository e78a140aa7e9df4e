import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { splitCsvRow } from '../base/csv-row.ts'

/** Keys have at most 1,024 bytes, each of which may be escaped to three. */
const RECORD_CHARACTERS_MAX = 64 * 1024

/**
 * The records of a CSV file, also gzip'ed. A cell between quotation marks may hold line ends. A cut gzip file is an
 * error. Throws an error with words for people.
 *
 * Source: RFC 4180
 */
export async function* csvRecords(path: string): AsyncGenerator<readonly string[]> {
  let lines: string[] = []
  let length = 0
  let isQuoted = false
  for await (const line of textLines(path)) {
    lines.push(line)
    length += line.length + 1
    if (length > RECORD_CHARACTERS_MAX) throw new Error(`${path}: a row is too long`)
    isQuoted = isQuoted !== hasOddQuotes(line)
    if (isQuoted) continue
    const record = lines.join('\n').replace(/\r$/, '')
    lines = []
    length = 0
    if (record.trim() !== '') yield splitCsvRow(record)
  }
  if (lines.length > 0) throw new Error(`${path}: the last row has no end`)
}

function hasOddQuotes(line: string): boolean {
  let isOdd = false
  for (let at = line.indexOf('"'); at !== -1; at = line.indexOf('"', at + 1)) isOdd = !isOdd
  return isOdd
}

/** Lines without their LF. */
async function* textLines(path: string): AsyncGenerator<string> {
  const bytes = createReadStream(path)
  const stream = path.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes
  bytes.on('error', (error) => stream.destroy(error))
  stream.setEncoding('utf8')
  let rest = ''
  for await (const chunk of stream) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
    if (rest.length > RECORD_CHARACTERS_MAX) throw new Error(`${path}: a row is too long`)
  }
  if (rest !== '') yield rest
}
