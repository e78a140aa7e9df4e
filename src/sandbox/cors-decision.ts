import { type HeaderList, headerValue } from '../base/header-list.ts'
import type { CorsRule } from './cors-configuration.ts'

/** The parts of a request that CORS rules match. */
interface CorsQuestion {
  readonly origin: string
  /** The method of the request to come, or of this one. */
  readonly method: string
  /** Names of the headers to come, in lower case. */
  readonly requestedHeaders: readonly string[]
}

/**
 * Reads them from a request's head; undefined if it has no Origin. As in S3,
 * `Access-Control-Request-…` are also used on an actual request; its own headers never are.
 *
 * Source: as recorded from S3 by LocalStack (test_cors_match_methods, test_cors_match_headers)
 */
export function readCorsQuestion(method: string, headers: HeaderList): CorsQuestion | undefined {
  const origin = headerValue(headers, 'origin')
  if (origin === undefined || origin === '') return undefined
  const requested = headerValue(headers, 'access-control-request-headers') ?? ''
  return {
    origin,
    method: headerValue(headers, 'access-control-request-method') ?? method,
    requestedHeaders: requested
      .split(',')
      .map((name) => name.trim().toLowerCase())
      .filter((name) => name !== ''),
  }
}

/**
 * The first rule that allows the origin, the method and every requested header; undefined: none.
 * Origins and methods are compared with regard to case, names of headers without.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html ("How does Amazon S3 evaluate
 * the CORS configuration on a bucket?") and ManageCorsUsing.html
 */
export function findCorsRule(
  rules: readonly CorsRule[],
  { origin, method, requestedHeaders }: CorsQuestion,
): CorsRule | undefined {
  return rules.find(
    (rule) =>
      rule.allowedOrigins.some((pattern) => fits(origin, pattern)) &&
      rule.allowedMethods.some((allowed) => allowed === method) &&
      requestedHeaders.every((name) =>
        rule.allowedHeaders.some((pattern) => fits(name, pattern.toLowerCase())),
      ),
  )
}

/**
 * Returns the headers that a rule adds to an answer. A wildcard origin may not send credentials; an
 * origin that the rule names may.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html; as recorded from
 * S3 by LocalStack (test_s3_cors)
 */
export function corsHeaders(
  rule: CorsRule,
  { origin, requestedHeaders }: CorsQuestion,
): Readonly<Record<string, string>> {
  const isForAll = rule.allowedOrigins.includes('*')
  return {
    'access-control-allow-origin': isForAll ? '*' : origin,
    'access-control-allow-methods': rule.allowedMethods.join(', '),
    ...listHeader('access-control-allow-headers', requestedHeaders),
    ...listHeader('access-control-expose-headers', rule.exposeHeaders),
    ...(rule.maxAgeSeconds === undefined
      ? {}
      : { 'access-control-max-age': String(rule.maxAgeSeconds) }),
    ...(isForAll ? {} : { 'access-control-allow-credentials': 'true' }),
    vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  }
}

function listHeader(name: string, values: readonly string[]): Record<string, string> {
  return values.length === 0 ? {} : { [name]: values.join(', ') }
}

/** At most one `*` matches any characters, or none. */
function fits(text: string, pattern: string): boolean {
  const star = pattern.indexOf('*')
  if (star === -1) return text === pattern
  return (
    text.length >= pattern.length - 1 &&
    text.startsWith(pattern.slice(0, star)) &&
    text.endsWith(pattern.slice(star + 1))
  )
}
