import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { parseParameters } from './form-parameters.ts'

/** The parsed header of a part. */
export interface FormPartHead {
  /** The field's name as the client wrote it, decoded; not empty, no control characters. */
  readonly name: string
  /** Undefined if the part has no `filename`; may be empty or a path. */
  readonly filename: string | undefined
  /** The part's own Content-Type, printable ASCII. */
  readonly contentType: string | undefined
}

/** Limit of header lines of one part; browsers send two. */
const LINES_MAX = 16

/**
 * Parses the header lines of a part of a multipart/form-data body, without the empty line. Anything
 * ambiguous is refused with MalformedPOSTRequest: folded lines, control characters, a second
 * Content-Disposition, `filename*`, a nested multipart, a transfer encoding that changes the bytes,
 * text that is not UTF-8.
 *
 * Source: RFC 7578, section 4;
 * https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
 */
export function parseFormPartHead(bytes: Buffer): Result<FormPartHead, S3Error> {
  const text = decodeUtf8(bytes)
  if (text === undefined) return failure(refusal('form-not-utf8'))
  const headers = parseHeaderLines(text)
  if (headers === undefined) return failure(refusal('form-part-header-malformed'))
  const encoding = headers.get('content-transfer-encoding')?.toLowerCase() ?? 'binary'
  if (encoding !== 'binary' && encoding !== '8bit' && encoding !== '7bit') {
    return failure(refusal('form-part-encoded'))
  }
  const contentType = headers.get('content-type')
  if (contentType?.toLowerCase().startsWith('multipart/')) {
    return failure(refusal('form-nested'))
  }
  const disposition = parseDisposition(headers.get('content-disposition') ?? '')
  if (disposition === undefined) return failure(refusal('form-disposition-malformed'))
  return ok({ ...disposition, contentType })
}

/** Decodes UTF-8 and keeps a byte order mark; undefined for any other bytes. */
export function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return UTF8.decode(bytes)
  } catch {
    return undefined
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function parseHeaderLines(text: string): ReadonlyMap<string, string> | undefined {
  const headers = new Map<string, string>()
  const lines = text.split('\r\n')
  if (lines.length > LINES_MAX) return undefined
  for (const line of lines) {
    const match = HEADER_LINE.exec(line)
    if (match === null) return undefined
    const [, name = '', padded = ''] = match
    const key = name.toLowerCase()
    const value = padded.trim()
    if (headers.has(key)) return undefined
    if (key === 'content-type' && !/^[\x20-\x7e]*$/.test(value)) return undefined
    headers.set(key, value)
  }
  return headers
}

/** A header line: a token, a colon without space before it, a value without control characters. */
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):((?:[^\p{Cc}]|\t)*)$/u

function parseDisposition(
  value: string,
): { readonly name: string; readonly filename: string | undefined } | undefined {
  const match = /^form-data[ \t]*(?=;)/i.exec(value)
  if (match === null) return undefined
  const parameters = parseParameters(value.slice(match[0].length))
  if (parameters === undefined) return undefined
  for (const parameter of parameters.keys()) if (parameter.includes('*')) return undefined
  const name = unescapeQuote(parameters.get('name') ?? '')
  if (name === '' || /\p{Cc}/u.test(name)) return undefined
  const filename = parameters.get('filename')
  return { name, filename: filename === undefined ? undefined : unescapeQuote(filename) }
}

/** Browsers escape exactly these three characters in names. */
function unescapeQuote(text: string): string {
  return text.replaceAll('%22', '"').replaceAll('%0D', '\r').replaceAll('%0A', '\n')
}
