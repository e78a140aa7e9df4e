import type { HeaderList } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import type { QueryParameter } from '../s3/query.ts'
import { refusal } from '../s3/refusals.ts'
import { isAuthenticationParameter } from './query-authentication.ts'
import { isLowerCaseToken, signedIndexOf } from './signed-headers.ts'

/** The query of a presigned request, split into hoisted headers and real parameters. */
export interface HoistedQuery {
  /**
   * `x-amz-*` parameters other than authentication: names in lower case, values as their UTF-8
   * bytes (latin1), so that they can be added to the request's headers.
   */
  readonly hoistedHeaders: HeaderList
  /** The remaining parameters without authentication, in order. */
  readonly remainingQuery: readonly QueryParameter[]
}

/**
 * Splits the query of a presigned request: signers may move any `x-amz-*` header into it.
 *
 * - A parameter that is also a header is dropped if both have the same value, otherwise refused
 *   with 400 InvalidRequest. A duplicate parameter is refused too.
 * - `x-amz-copy-source*` is refused (403 AccessDenied): a presigned PUT must not become a read as
 *   the proxy's principal (the class of CVE-2026-54330).
 * - Checksums of the body that are not signed headers are dropped, as S3 ignores them: the
 *   JavaScript SDK hoists the CRC32 of an empty body into every presigned PUT.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export function partHoistedQuery(
  query: readonly QueryParameter[],
  headers: HeaderList,
  signedHeaders: readonly string[],
): Result<HoistedQuery, S3Error> {
  const hoistedHeaders: string[] = []
  const sent = new SentHeaders(headers)
  const remainingQuery: QueryParameter[] = []
  for (const parameter of query) {
    const name = parameter.name.toLowerCase()
    if (!name.startsWith('x-amz-')) {
      remainingQuery.push(parameter)
      continue
    }
    if (isAuthenticationParameter(name) || isUnsignedChecksum(name, signedHeaders)) continue
    if (name.startsWith('x-amz-copy-source')) return failure(refusal('hoisted-copy-source'))
    const refused = hoist(parameter, name, sent, hoistedHeaders)
    if (refused !== undefined) return failure(refused)
  }
  return ok({ hoistedHeaders, remainingQuery })
}

/** Adds a parameter to the hoisted headers, unless the request has the same header. */
function hoist(
  parameter: QueryParameter,
  name: string,
  sent: SentHeaders,
  hoistedHeaders: string[],
): S3Error | undefined {
  const value = Buffer.from(parameter.value, 'utf8').toString('latin1')
  if (!canBeField(parameter.name, name, value)) return refusal('hoisted-header-malformed')
  const values = sent.valuesOf(name)
  if (values === 'hoisted') return refusal('header-query-conflict')
  if (values.length === 0) {
    sent.noteHoisted(name)
    hoistedHeaders.push(name, value)
  } else if (values[0] !== value || values.length > 1) return refusal('header-query-conflict')
  return undefined
}

/** The request's headers by name. Built on the first lookup, since most requests need none. */
class SentHeaders {
  readonly #headers: HeaderList
  #byName: Map<string, readonly string[] | 'hoisted'> | undefined

  constructor(headers: HeaderList) {
    this.#headers = headers
  }

  valuesOf(name: string): readonly string[] | 'hoisted' {
    this.#byName ??= groupByName(this.#headers)
    return this.#byName.get(name) ?? []
  }

  noteHoisted(name: string): void {
    this.#byName?.set(name, 'hoisted')
  }
}

function groupByName(headers: HeaderList): Map<string, readonly string[] | 'hoisted'> {
  const byName = new Map<string, string[]>()
  for (let i = 0; i < headers.length; i += 2) {
    const [name = '', value = ''] = [headers[i], headers[i + 1]]
    const values = byName.get(name)
    if (values === undefined) byName.set(name, [value])
    else values.push(value)
  }
  return byName
}

const BODY_CHECKSUMS: ReadonlySet<string> = new Set([
  'x-amz-sdk-checksum-algorithm',
  'x-amz-checksum-crc32',
  'x-amz-checksum-crc32c',
  'x-amz-checksum-crc64nvme',
  'x-amz-checksum-sha1',
  'x-amz-checksum-sha256',
  'x-amz-checksum-sha512',
  'x-amz-checksum-md5',
  'x-amz-checksum-xxhash64',
  'x-amz-checksum-xxhash3',
  'x-amz-checksum-xxhash128',
])

function isUnsignedChecksum(name: string, signedHeaders: readonly string[]): boolean {
  return BODY_CHECKSUMS.has(name) && signedIndexOf(signedHeaders, name) === -1
}

/** 'K' (U+212A) lower-cases to 'k', so the name as sent is checked too. */
function canBeField(sentName: string, name: string, value: string): boolean {
  for (let i = 0; i < sentName.length; i++) {
    if (sentName.charCodeAt(i) > 0x7e) return false
  }
  return isLowerCaseToken(name) && isFieldValue(value)
}

/**
 * Returns whether a latin1 text is a valid field value (RFC 9110 section 5.5): no control
 * characters.
 */
function isFieldValue(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return false
  }
  return true
}
