/*
 * The fuzzer's own reading of HTTP/1.1, stricter than any server's: what RFC 9112 leaves open or two
 * programs could read in two ways is malformed here. Heads are latin1 texts, one character per byte.
 */

/** A header field as it stands on the wire; the value without blanks around it. */
export interface WireField {
  readonly name: string
  readonly value: string
}

/** A request whose head has come. */
export interface WireRequest {
  readonly method: string
  readonly target: string
  readonly version: string
  readonly fields: readonly WireField[]
  /** Without HTTP's chunks; what has come of it. */
  readonly body: Buffer
  /** False: the connection ended, or would end, before the body did. */
  readonly isWhole: boolean
}

/** A final answer. */
export interface WireAnswer {
  readonly status: number
  readonly fields: readonly WireField[]
  readonly body: Buffer
  readonly isWhole: boolean
  /** Interim answers before it. */
  readonly interim: number
}

/** What the start of some bytes is. */
export type Reading<T> =
  | { readonly kind: 'message'; readonly message: T; readonly length: number }
  | { readonly kind: 'partial' }
  | {
      readonly kind: 'malformed'
      readonly why: string
      /** A request whose head is good and whose body is not. */
      readonly broken?: T
    }

interface Body {
  readonly bytes: Buffer
  readonly length: number
  readonly isWhole: boolean
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Node takes other versions too, and even none; that opens nothing. */
const REQUEST_LINE =
  /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) +((?:\/|\*|https?:)[\x21-\x7e]*)(?: +(HTTP\/0\.9|HTTP\/1\.[01]|HTTP\/2\.0))?$/
const STATUS_LINE = /^HTTP\/[12]\.[01] ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
/** One line's value: printable bytes and blanks. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Reads the request at the start of the bytes. */
export function readRequest(bytes: Buffer): Reading<WireRequest> {
  const head = readHead(bytes)
  if (head.kind !== 'message') return withoutMessage(head)
  const { line, fields, length } = head.message
  const [, method = '', target = '', version = ''] = REQUEST_LINE.exec(line) ?? []
  // The preface of HTTP/2 goes on behind its empty line.
  if (method === '' || method === 'PRI') return malformed('request line')
  const body = readRequestBody(bytes.subarray(length), fields, version)
  const request = { method, target, version, fields }
  if (typeof body === 'string') {
    const broken = { ...request, body: bytes.subarray(length), isWhole: false }
    return { kind: 'malformed', why: body, ...(AMBIGUOUS.has(body) ? {} : { broken }) }
  }
  return {
    kind: 'message',
    message: { ...request, body: body.bytes, isWhole: body.isWhole },
    length: length + body.length,
  }
}

/** Reads the answer to a request of that method. `isClosed`: nothing follows the bytes. */
export function readAnswer(bytes: Buffer, method: string, isClosed: boolean): Reading<WireAnswer> {
  let start = 0
  for (let interim = 0; interim < 100; interim++) {
    const head = readHead(bytes.subarray(start))
    if (head.kind !== 'message') return withoutMessage(head)
    const { line, fields, length } = head.message
    const status = Number(STATUS_LINE.exec(line)?.[1])
    if (Number.isNaN(status)) return malformed('status line')
    start += length
    if (status < 200 && status !== 101) continue
    const body = readAnswerBody(bytes.subarray(start), fields, method, status, isClosed)
    if (typeof body === 'string') return malformed(body)
    const message = { status, fields, body: body.bytes, isWhole: body.isWhole, interim }
    return { kind: 'message', message, length: start + body.length }
  }
  return malformed('interim answers without end')
}

/** Values of all fields of that name (lower case). */
export function valuesOf(fields: readonly WireField[], name: string): readonly string[] {
  const values: string[] = []
  for (const field of fields) {
    if (field.name.length === name.length && field.name.toLowerCase() === name) {
      values.push(field.value)
    }
  }
  return values
}

/** The value of the only field of that name; undefined where there is none or more than one. */
export function onlyValue(fields: readonly WireField[], name: string): string | undefined {
  const values = valuesOf(fields, name)
  return values.length === 1 ? values[0] : undefined
}

function malformed(why: string): { readonly kind: 'malformed'; readonly why: string } {
  return { kind: 'malformed', why }
}

/** Two readers would not agree on where the next request begins: such a head is none. */
const AMBIGUOUS: ReadonlySet<string> = new Set([
  ...['length and chunks', 'two lengths', 'chunks in HTTP/1.0', 'transfer coding', 'length'],
])

interface Head {
  readonly line: string
  readonly fields: readonly WireField[]
  readonly length: number
}

function withoutMessage(head: Exclude<Reading<Head>, { kind: 'message' }>) {
  return head.kind === 'partial' ? head : malformed(head.why)
}

function readHead(bytes: Buffer): Reading<Head> {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return bytes.includes('\n\n') ? malformed('bare line feed') : { kind: 'partial' }
  const [line = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const fields: WireField[] = []
  for (const text of lines) {
    const colon = text.indexOf(':')
    const name = text.slice(0, Math.max(colon, 0))
    const value = text.slice(colon + 1)
    if (!TOKEN.test(name)) return malformed('field name')
    if (!VALUE.test(value)) return malformed('field value')
    fields.push({ name, value: trimBlanks(value) })
  }
  return { kind: 'message', message: { line, fields, length: end + 4 }, length: end + 4 }
}

function trimBlanks(text: string): string {
  return text.replace(/^[\t ]+|[\t ]+$/g, '')
}

function readRequestBody(
  rest: Buffer,
  fields: readonly WireField[],
  version: string,
): Body | string {
  const codings = valuesOf(fields, 'transfer-encoding')
  const lengths = valuesOf(fields, 'content-length')
  if (codings.length > 0 && lengths.length > 0) return 'length and chunks'
  if (lengths.length > 1) return 'two lengths'
  if (codings.length === 0) return readSized(rest, lengths[0] ?? '0')
  if (version === 'HTTP/1.0') return 'chunks in HTTP/1.0'
  if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked') return 'transfer coding'
  return readChunked(rest)
}

function readAnswerBody(
  rest: Buffer,
  fields: readonly WireField[],
  method: string,
  status: number,
  isClosed: boolean,
): Body | string {
  const codings = valuesOf(fields, 'transfer-encoding')
  const lengths = valuesOf(fields, 'content-length')
  if (codings.length > 0 && lengths.length > 0) return 'length and chunks'
  if (lengths.length > 1) return 'two lengths'
  if (lengths[0] !== undefined && !/^\d{1,15}$/.test(lengths[0])) return 'length'
  if (method === 'HEAD' || status === 204 || status === 304) {
    return { bytes: rest.subarray(0, 0), length: 0, isWhole: true }
  }
  if (codings.length > 0) {
    // Said twice, it is still one coding to Node.
    const isChunked = codings.every((coding) => coding.toLowerCase() === 'chunked')
    return isChunked ? readChunked(rest) : 'transfer coding'
  }
  if (lengths[0] !== undefined) return readSized(rest, lengths[0])
  return { bytes: rest, length: rest.length, isWhole: isClosed }
}

function readSized(rest: Buffer, text: string): Body | string {
  if (!/^\d{1,15}$/.test(text)) return 'length'
  const length = Number(text)
  const bytes = rest.subarray(0, length)
  return { bytes, length: bytes.length, isWhole: bytes.length === length }
}

/** HTTP's chunks without extensions; trailer fields are read over. */
function readChunked(rest: Buffer): Body | string {
  const pieces: Buffer[] = []
  let at = 0
  for (;;) {
    const end = rest.indexOf('\r\n', at)
    if (end === -1) {
      return /^[0-9A-Fa-f]*\r?$/.test(rest.toString('latin1', at))
        ? partialChunks(pieces, rest)
        : 'chunk'
    }
    const sizeText = rest.toString('latin1', at, end)
    if (!/^0*[0-9A-Fa-f]{1,16}$/.test(sizeText)) return 'chunk size'
    const size = Number.parseInt(sizeText, 16)
    at = end + 2
    if (size === 0) return readTrailer(rest, at, pieces)
    if (rest.length < at + size + 2) return partialChunks(pieces, rest)
    pieces.push(rest.subarray(at, at + size))
    at += size
    if (rest.toString('latin1', at, at + 2) !== '\r\n') return 'chunk end'
    at += 2
  }
}

function readTrailer(rest: Buffer, start: number, pieces: readonly Buffer[]): Body | string {
  let at = start
  for (;;) {
    const end = rest.indexOf('\r\n', at)
    if (end === -1) return partialChunks(pieces, rest)
    const line = rest.toString('latin1', at, end)
    at = end + 2
    if (line === '') return { bytes: Buffer.concat(pieces), length: at, isWhole: true }
    const colon = line.indexOf(':')
    if (!TOKEN.test(line.slice(0, Math.max(colon, 0))) || !VALUE.test(line)) return 'trailer'
  }
}

function partialChunks(pieces: readonly Buffer[], rest: Buffer): Body {
  return { bytes: Buffer.concat(pieces), length: rest.length, isWhole: false }
}
