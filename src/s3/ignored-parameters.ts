import { OPERATIONS } from './operation.ts'
import type { QueryParameter } from './query.ts'

/** Fields of HTTP that signers put into the query, where they have no effect (AWS SDK for JavaScript 2). */
const HTTP_FIELDS: ReadonlySet<string> = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-md5',
  'content-type',
  'expires',
])

/** Parts of older signatures: never taken for something else. */
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
 * Tells whether a parameter that no operation has selects nothing, so that the request is served
 * without it: names that begin with `x-` (S3 ignores these in writing) or `utm_`, HTTP fields, and on
 * a read any other name that has a value. What could be a sub-resource is none of these: a bare name,
 * anything on a write, a known name in other case, `x-amz-*`.
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
 * Tells whether a parameter that other operations take selects nothing where the request's own
 * operation does not take it: overrides of the answer's headers anywhere, and on a read what never
 * tells one operation or version from another (`list-type=2&marker=a`).
 */
export function ignoresKnown(method: string, name: string): boolean {
  return name.startsWith('response-') || (isRead(method) && OPTIONAL.has(name))
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** Names that no operation is selected by. Without `versionId`: a read of another version is another read. */
function optionalNames(): ReadonlySet<string> {
  const names = new Set<string>(OPERATIONS.flatMap((o) => o.optionalQuery))
  for (const { query, requiredQuery } of OPERATIONS) {
    for (const { name } of query) names.delete(name)
    for (const name of requiredQuery) names.delete(name)
  }
  names.delete('versionId')
  return names
}
