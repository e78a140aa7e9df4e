import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import type { QueryParameter } from '../s3/query.ts'
import { refusal } from '../s3/refusals.ts'
import { parseAmzDate } from './amz-date.ts'
import { ALGORITHM } from './authorization-header.ts'
import { type Credential, malformedCredential, parseCredential } from './scope.ts'
import { parseSignedHeaders } from './signed-headers.ts'

/** The maximum lifetime of a presigned request: a week, in seconds. */
export const EXPIRES_SECONDS_MAX = 604_800

/** The authentication parameters of a presigned request, in lower case. */
const AUTHENTICATION_PARAMETERS: ReadonlySet<string> = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-signature',
  'x-amz-signedheaders',
  'x-amz-security-token',
  'x-amz-content-sha256',
])

/** The authentication in the query of a presigned request. */
export interface QueryAuthentication {
  readonly credential: Credential
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly timestamp: string
  /** `timestamp` in ms since the epoch. */
  readonly timeMs: number
  /** 1 to 604800. */
  readonly expiresSeconds: number
  /** Lower case, sorted, each once. */
  readonly signedHeaders: readonly string[]
  /** As sent. */
  readonly signature: string
  readonly sessionToken: string | undefined
  /** `X-Amz-Content-Sha256`, if the query has it. */
  readonly contentSha256: string | undefined
}

/** Returns whether a parameter with that (lower-case) name is part of the authentication. */
export function isAuthenticationParameter(lowerCaseName: string): boolean {
  return AUTHENTICATION_PARAMETERS.has(lowerCaseName)
}

/**
 * Returns whether a parameter with that (lower-case) name makes a request presigned. Each of the
 * six does, so that a request with only some of them is refused and never counts as anonymous.
 */
export function isPresignedParameter(lowerCaseName: string): boolean {
  return (
    lowerCaseName === 'x-amz-algorithm' ||
    lowerCaseName === 'x-amz-credential' ||
    lowerCaseName === 'x-amz-signature' ||
    lowerCaseName === 'x-amz-signedheaders' ||
    lowerCaseName === 'x-amz-expires' ||
    lowerCaseName === 'x-amz-date'
  )
}

/**
 * Parses the authentication in the query of a presigned request. Parameter names are
 * case-insensitive; each of the six must occur once. Errors are 400
 * AuthorizationQueryParametersError; SigV4A is 400 InvalidRequest.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export function parseQueryAuthentication(
  query: readonly QueryParameter[],
): Result<QueryAuthentication, S3Error> {
  const found = new Map<string, string>()
  for (const { name, value } of query) {
    const lowerCaseName = name.toLowerCase()
    if (!isAuthenticationParameter(lowerCaseName)) continue
    if (found.has(lowerCaseName))
      return failure(refusal('presigned-parameters-repeated', { lowerCaseName }))
    found.set(lowerCaseName, value)
  }
  const algorithm = found.get('x-amz-algorithm')
  const credentialText = found.get('x-amz-credential')
  const timestamp = found.get('x-amz-date')
  const expires = found.get('x-amz-expires')
  const signedHeadersText = found.get('x-amz-signedheaders')
  const signature = found.get('x-amz-signature')
  if (algorithm === 'AWS4-ECDSA-P256-SHA256') {
    return failure(refusal('sigv4a-unsupported'))
  }
  if (
    !algorithm ||
    !credentialText ||
    !timestamp ||
    expires === undefined ||
    !signedHeadersText ||
    !signature
  ) {
    return failure(refusal('presigned-parameters-missing'))
  }
  if (algorithm !== ALGORITHM) return failure(refusal('presigned-algorithm-unsupported'))
  const credential = parseCredential(credentialText)
  if (credential === undefined) return failure(malformedCredential('presigned'))
  const timeMs = parseAmzDate(timestamp)
  if (timeMs === undefined) return failure(refusal('presigned-date-malformed'))
  const expiresSeconds = parseExpires(expires)
  if (!expiresSeconds.ok) return expiresSeconds
  const signedHeaders = parseSignedHeaders(signedHeadersText)
  if (signedHeaders === undefined) return failure(refusal('signed-headers-malformed/presigned'))
  return ok({
    credential,
    timestamp,
    timeMs,
    expiresSeconds: expiresSeconds.value,
    signedHeaders,
    signature,
    sessionToken: found.get('x-amz-security-token'),
    contentSha256: found.get('x-amz-content-sha256'),
  })
}

function parseExpires(text: string): Result<number, S3Error> {
  if (!/^-?\d+$/.test(text)) {
    return failure(refusal('expires-malformed'))
  }
  const seconds = Number(text)
  if (seconds > EXPIRES_SECONDS_MAX) {
    return failure(refusal('expires-out-of-range'))
  }
  // Zero would never be valid. S3's closest message is the one for negative numbers.
  if (seconds < 1) {
    return failure(refusal('expires-out-of-range/negative'))
  }
  return ok(seconds)
}
