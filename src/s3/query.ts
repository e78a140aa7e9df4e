import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from './error.ts'
import { decodePercent, encodeUriComponentRfc3986 } from './percent-encoding.ts'
import { refusal } from './refusals.ts'

/** A query parameter, decoded. `?acl` and `?acl=` are the same: the value is empty. */
export interface QueryParameter {
  readonly name: string
  readonly value: string
}

/** A presigned request with all headers hoisted has about forty. */
export const QUERY_PARAMETERS_MAX = 128

const NONE: readonly QueryParameter[] = []

/**
 * Parses a raw query (the part after the first `?`; latin1, one character per byte) in wire order,
 * duplicates kept. Splits at `&` only: every other character that RFC 3986 allows raw in a query,
 * including `;`, is data. `+` means a space. Empty segments (`a&&b`, a trailing `&`) are dropped.
 * Refused with 400 InvalidURI: a raw `#`, a parameter without a name, invalid `%XX`, bytes that are
 * not UTF-8, NUL, and more than {@link QUERY_PARAMETERS_MAX} parameters.
 *
 * Some servers also split at `;`. They never receive one, because {@link canonicalQuery} encodes
 * it.
 *
 * Source: RFC 3986 section 3.4
 */
export function parseQuery(raw: string): Result<readonly QueryParameter[], S3Error> {
  if (raw === '') return ok(NONE)
  if (raw.includes('#')) {
    return failure(refusal('query-syntax'))
  }
  const parameters: QueryParameter[] = []
  let start = 0
  while (start <= raw.length) {
    const next = raw.indexOf('&', start)
    const end = next === -1 ? raw.length : next
    if (end > start) {
      const parameter = parseParameter(raw, start, end)
      if (!parameter.ok) return parameter
      if (parameters.length === QUERY_PARAMETERS_MAX) {
        return failure(refusal('query-too-long'))
      }
      parameters.push(parameter.value)
    }
    start = end + 1
  }
  return ok(parameters)
}

/**
 * Builds the canonical query of Signature Version 4, which is also the query sent upstream:
 * encoded, sorted by encoded name, then by encoded value, `name=` for an empty value. Empty if
 * there are no parameters. The caller must leave out `X-Amz-Signature`.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function canonicalQuery(parameters: readonly QueryParameter[]): string {
  const pairs: [name: string, value: string][] = []
  for (const { name, value } of parameters) {
    pairs.push([encodeUriComponentRfc3986(name), encodeUriComponentRfc3986(value)])
  }
  // Compares pairs, not whole texts: `a-b=` sorts after `a=`, although `-` is before `=`.
  pairs.sort(comparePairs)
  let query = ''
  for (const [name, value] of pairs) {
    if (query !== '') query += '&'
    query += `${name}=${value}`
  }
  return query
}

function parseParameter(raw: string, start: number, end: number): Result<QueryParameter, S3Error> {
  const text = raw.slice(start, end)
  const equals = text.indexOf('=')
  const name = decodePercent(equals === -1 ? text : text.slice(0, equals))
  const value = equals === -1 ? '' : decodePercent(text.slice(equals + 1))
  if (name === undefined || value === undefined) {
    return failure(refusal('query-encoding'))
  }
  if (name === '') return failure(refusal('query-syntax/name'))
  return ok({ name, value })
}

function comparePairs(
  a: readonly [name: string, value: string],
  b: readonly [name: string, value: string],
): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1
  if (a[1] !== b[1]) return a[1] < b[1] ? -1 : 1
  return 0
}
