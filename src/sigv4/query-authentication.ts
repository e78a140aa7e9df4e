import { failure, ok, type Result } from '../base/result.ts'
import { refusal, type S3Error } from '../s3/error.ts'
import type { QueryParameter } from '../s3/query.ts'
import type { Reason } from '../s3/reasons.ts'
import { parseAmzDate } from './amz-date.ts'
import { ALGORITHM, unsupportedMechanism } from './authorization-header.ts'
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
    if (found.has(lowerCaseName)) return failure(duplicateError(lowerCaseName))
    found.set(lowerCaseName, value)
  }
  const algorithm = found.get('x-amz-algorithm')
  const credentialText = found.get('x-amz-credential')
  const timestamp = found.get('x-amz-date')
  const expires = found.get('x-amz-expires')
  const signedHeadersText = found.get('x-amz-signedheaders')
  const signature = found.get('x-amz-signature')
  if (algorithm === 'AWS4-ECDSA-P256-SHA256') {
    return failure(unsupportedMechanism('sigv4a-unsupported'))
  }
  if (
    !algorithm ||
    !credentialText ||
    !timestamp ||
    expires === undefined ||
    !signedHeadersText ||
    !signature
  ) {
    return failure(missingError())
  }
  if (algorithm !== ALGORITHM) return failure(algorithmError())
  const credential = parseCredential(credentialText)
  if (credential === undefined) return failure(malformedCredential('presigned'))
  const timeMs = parseAmzDate(timestamp)
  if (timeMs === undefined) return failure(dateError())
  const expiresSeconds = parseExpires(expires)
  if (!expiresSeconds.ok) return expiresSeconds
  const signedHeaders = parseSignedHeaders(signedHeadersText)
  if (signedHeaders === undefined) return failure(signedHeadersError())
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
    return failure(parametersError('expires-malformed', 'X-Amz-Expires should be a number'))
  }
  const seconds = Number(text)
  if (seconds > EXPIRES_SECONDS_MAX) {
    const message =
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds'
    return failure(parametersError('expires-out-of-range', message))
  }
  // Zero would never be valid. S3's closest message is the one for negative numbers.
  if (seconds < 1) {
    return failure(parametersError('expires-out-of-range', 'X-Amz-Expires must be non-negative'))
  }
  return ok(seconds)
}

function parametersError(reason: Reason, message: string): S3Error {
  return refusal('AuthorizationQueryParametersError', reason, message)
}

function missingError(): S3Error {
  return parametersError(
    'presigned-parameters-missing',
    'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
  )
}

function duplicateError(lowerCaseName: string): S3Error {
  return parametersError(
    'presigned-parameters-repeated',
    `Query-string authentication version 4 takes each parameter once; repeated: ${lowerCaseName}`,
  )
}

function algorithmError(): S3Error {
  return parametersError(
    'presigned-algorithm-unsupported',
    'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"',
  )
}

function dateError(): S3Error {
  return parametersError(
    'presigned-date-malformed',
    "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
  )
}

function signedHeadersError(): S3Error {
  return parametersError(
    'signed-headers-malformed',
    'X-Amz-SignedHeaders must be lower-case header names, each once, parted by semicolons.',
  )
}
