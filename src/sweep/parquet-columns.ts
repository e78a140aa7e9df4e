import type { FileHandle } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import type { ColumnMetaData, SchemaTree } from 'hyparquet'
import { parquetHeader, readPage } from 'hyparquet/src/column.js'
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js'

/** A value as an inventory needs it; empty: there is none. */
export type Cell = string | Unreadable

/** Bytes of a text that are no UTF-8, percent-encoded. */
interface Unreadable {
  readonly encoded: string
}

/** Writers make pages of about one MiB; every page is in memory, packed and unpacked, while it is read. */
const PAGE_BYTES_MAX = 16 * 1024 * 1024
/** Values that are the same take no bytes: a page may hold a whole group of rows. */
const PAGE_VALUES_MAX = 2 * 1024 * 1024
/** A head may hold the smallest and the largest value of its page. */
const HEAD_BYTES_MAX = 64 * 1024

/** What is decoded without growing beyond the page's own size. DELTA_BYTE_ARRAY is not among them. */
const ENCODINGS: ReadonlySet<string> = new Set([
  'PLAIN',
  'PLAIN_DICTIONARY',
  'RLE_DICTIONARY',
  'RLE',
  'DELTA_BINARY_PACKED',
  'DELTA_LENGTH_BYTE_ARRAY',
])

type PageHeader = ReturnType<typeof parquetHeader>
type Decoder = Parameters<typeof readPage>[2]
type Values = NonNullable<ReturnType<typeof readPage>['data']>

/**
 * The values of one column in one group of rows, a page at a time. What a page declares is checked before it is
 * unpacked. Throws an error with words for people.
 */
export class ParquetColumn {
  readonly #handle: FileHandle
  readonly #decoder: Decoder
  readonly #end: number
  #at: number
  #rowsLeft: number
  #dictionary: Values | undefined
  #values: Values = []
  #next = 0

  /** `rows`: of the group. */
  constructor(handle: FileHandle, meta: ColumnMetaData, path: SchemaTree[], rows: number) {
    const leaf = path.at(-1)
    if (leaf === undefined) throw new Error('a column has no type')
    this.#handle = handle
    this.#decoder = {
      pathInSchema: meta.path_in_schema,
      element: leaf.element,
      schemaPath: path,
      type: meta.type,
      codec: meta.codec,
      parsers: { ...DEFAULT_PARSERS, ...PARSERS },
      compressors: { GZIP: gunzip },
    }
    const starts = [meta.data_page_offset, meta.dictionary_page_offset]
    this.#at = Math.min(...starts.filter((at) => at !== undefined && at > 0n).map(Number))
    this.#end = this.#at + Number(meta.total_compressed_size)
    this.#rowsLeft = rows
  }

  /** Values that can be taken before the next page. */
  get ready(): number {
    return this.#values.length - this.#next
  }

  /** Reads pages until there is a value, or none is left. */
  async fill(): Promise<void> {
    while (this.ready === 0 && this.#rowsLeft > 0) await this.#readPage()
  }

  take(): Cell {
    return cellOf(this.#values[this.#next++])
  }

  skip(count: number): void {
    this.#next += count
  }

  async #readPage(): Promise<void> {
    const head = await this.#read(this.#at, Math.min(HEAD_BYTES_MAX, this.#end - this.#at))
    const reader = { view: head, offset: 0 }
    const header = parquetHeader(reader)
    const problem = problemOf(header, this.#rowsLeft)
    if (problem !== undefined) throw new Error(problem)
    const start = this.#at + reader.offset
    if (start + header.compressed_page_size > this.#end) throw new Error('a page is cut')
    const page = await this.#read(start, header.compressed_page_size)
    this.#at = start + header.compressed_page_size
    const body = { view: page, offset: 0 }
    const { data } = readPage(body, header, this.#decoder, this.#dictionary, undefined, 0)
    if (data === undefined) throw new Error('a page has no values')
    if (header.type === 'DICTIONARY_PAGE') {
      this.#dictionary = convert(data, this.#decoder)
      return
    }
    if (data.length !== valuesOf(header)) throw new Error('a page has not the values that it names')
    this.#values = data
    this.#next = 0
    this.#rowsLeft -= data.length
  }

  async #read(start: number, length: number): Promise<DataView> {
    if (!(length >= 0)) throw new Error('a page is cut')
    const bytes = new Uint8Array(length)
    const { bytesRead } = await this.#handle.read(bytes, 0, length, start)
    if (bytesRead !== length) throw new Error('the file is cut')
    return new DataView(bytes.buffer)
  }
}

/** What is wrong with what a page says of itself. */
function problemOf(header: PageHeader, rowsLeft: number): string | undefined {
  const { type, compressed_page_size: packed, uncompressed_page_size: unpacked } = header
  if (!isSize(packed) || !isSize(unpacked)) {
    return `a page is larger than ${PAGE_BYTES_MAX} bytes: write the file with pages of 1 MiB`
  }
  const values = valuesOf(header)
  if (!Number.isSafeInteger(values) || values < 0) return 'a page does not say what it holds'
  if (type === 'DICTIONARY_PAGE') {
    return values > unpacked ? 'a dictionary has more values than bytes' : undefined
  }
  if (values === 0 || values > rowsLeft) return 'a page has not the rows of its group'
  if (values > PAGE_VALUES_MAX) {
    return `a page has more than ${PAGE_VALUES_MAX} values: write the file with smaller groups of rows`
  }
  const encoding = (header.data_page_header ?? header.data_page_header_v2)?.encoding ?? 'none'
  if (!ENCODINGS.has(encoding)) {
    return `the encoding ${encoding} is not read: write the file in version 1 of the format`
  }
  return undefined
}

function isSize(bytes: number): boolean {
  return Number.isSafeInteger(bytes) && bytes >= 0 && bytes <= PAGE_BYTES_MAX
}

function valuesOf(header: PageHeader): number {
  switch (header.type) {
    case 'DICTIONARY_PAGE':
      return header.dictionary_page_header?.num_values ?? -1
    case 'DATA_PAGE':
      return header.data_page_header?.num_values ?? -1
    case 'DATA_PAGE_V2':
      return header.data_page_header_v2?.num_values ?? -1
    default:
      return -1
  }
}

function gunzip(bytes: Uint8Array, length: number): Uint8Array {
  return gunzipSync(bytes, { maxOutputLength: Math.max(1, length) })
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A text that is no UTF-8 is kept, since its object would otherwise be another. */
const PARSERS = {
  stringFromBytes: (bytes: Uint8Array | undefined): Cell | undefined => {
    if (bytes === undefined) return undefined
    try {
      return UTF8.decode(bytes)
    } catch {
      return { encoded: encodeBytes(bytes) }
    }
  },
  timestampFromMilliseconds: (ms: bigint) => isoOf(Number(ms)),
  timestampFromMicroseconds: (us: bigint) => isoOf(Number(us / 1000n)),
  timestampFromNanoseconds: (ns: bigint) => isoOf(Number(ns / 1_000_000n)),
}

/** Printable ASCII stays; everything else is `%XX`. */
function encodeBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte > 0x20 && byte < 0x7f && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('')
}

function isoOf(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? '' : date.toISOString()
}

function cellOf(value: unknown): Cell {
  if (typeof value === 'string') return value
  if (isUnreadable(value)) return value
  return value === undefined || value === null ? '' : String(value)
}

function isUnreadable(value: unknown): value is Unreadable {
  return typeof value === 'object' && value !== null && 'encoded' in value
}
