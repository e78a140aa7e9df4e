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
  let record = ''
  for await (const line of textLines(path)) {
    record += line
    if (record.length > RECORD_CHARACTERS_MAX) throw new Error(`${path}: a row is too long`)
    if (hasOpenQuote(record)) {
      record += '\n'
      continue
    }
    const row = record.replace(/\r$/, '')
    record = ''
    if (row.trim() !== '') yield splitCsvRow(row)
  }
  if (record !== '') throw new Error(`${path}: the last row has no end`)
}

function hasOpenQuote(record: string): boolean {
  let isOpen = false
  for (let at = record.indexOf('"'); at !== -1; at = record.indexOf('"', at + 1)) isOpen = !isOpen
  return isOpen
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
