import { OPERATIONS } from './operation.ts'
import type { QueryParameter } from './query.ts'

/**
 * HTTP fields that AWS SDK for JavaScript 2 puts into the query when it presigns; they have no
 * effect there.
 */
const HTTP_FIELDS: ReadonlySet<string> = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-md5',
  'content-type',
  'expires',
])

/** Parameters of older signature versions; never ignored. */
const SIGNATURE_PARAMETERS: ReadonlySet<string> = new Set(['awsaccesskeyid', 'signature'])

const KNOWN_IN_LOWER_CASE: ReadonlySet<string> = new Set(
  OPERATIONS.flatMap((o) => [
    ...o.query.map(({ name }) => name),
    ...o.requiredQuery,
    ...o.optionalQuery,
  ]).map((name) => name.toLowerCase()),
)

const OPTIONAL = optionalNames()

/**
 * Returns whether a parameter that no operation has selects nothing, so that the request is served
 * without it: names that begin with `x-` (S3 documents that it ignores these) or `utm_`, HTTP
 * fields, and on a read any other name that has a value. Never ignored, because it could be a
 * sub-resource: a name without a value, anything on a write, a known name in other case, `x-amz-*`.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html, "Custom access log
 * information"; the ADR "Query parameters that select nothing are left out"
 */
export function ignoresUnknown(method: string, { name, value }: QueryParameter): boolean {
  const lower = name.toLowerCase()
  if (lower.startsWith('x-amz-') || SIGNATURE_PARAMETERS.has(lower)) return false
  if (lower.startsWith('x-') || lower.startsWith('utm_') || HTTP_FIELDS.has(lower)) return true
  return isRead(method) && value !== '' && !KNOWN_IN_LOWER_CASE.has(lower)
}

/**
 * Returns whether a parameter of other operations selects nothing if this operation does not take
 * it: response header overrides on any operation, and on a read every parameter that never selects
 * an operation or version (`list-type=2&marker=a`).
 */
export function ignoresKnown(method: string, name: string): boolean {
  return name.startsWith('response-') || (isRead(method) && OPTIONAL.has(name))
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** Names that select no operation. Without `versionId`: it selects what a read returns. */
function optionalNames(): ReadonlySet<string> {
  const names = new Set<string>(OPERATIONS.flatMap((o) => o.optionalQuery))
  for (const { query, requiredQuery } of OPERATIONS) {
    for (const { name } of query) names.delete(name)
    for (const name of requiredQuery) names.delete(name)
  }
  names.delete('versionId')
  return names
}
