import { failure, ok, type Result } from '../base/result.ts'
import { refusal, type S3Error } from '../s3/error.ts'
import { type Credential, malformedCredential, parseCredential } from './scope.ts'
import { parseSignedHeaders } from './signed-headers.ts'

/** The only algorithm that Sealgate verifies and signs with. */
export const ALGORITHM = 'AWS4-HMAC-SHA256'

/** The contents of an Authorization header of SigV4. */
export interface AuthorizationHeader {
  readonly credential: Credential
  /** Lower case, sorted, each once. */
  readonly signedHeaders: readonly string[]
  /**
   * As sent: a value that is not 64 hex digits fails as a wrong signature, not as a malformed
   * header.
   */
  readonly signature: string
}

/**
 * Parses `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`: components in any order,
 * each once, separated by a comma and at most one space.
 *
 * Refused (400): SigV2 (`AWS AKID:signature`) and SigV4A (`AWS4-ECDSA-P256-SHA256`) with
 * InvalidRequest; other schemes with InvalidArgument; syntax errors with
 * AuthorizationHeaderMalformed.
 *
 * Source:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
 */
export function parseAuthorizationHeader(value: string): Result<AuthorizationHeader, S3Error> {
  const space = value.indexOf(' ')
  const scheme = space < 0 ? value : value.slice(0, space)
  if (scheme !== ALGORITHM) return failure(schemeError(scheme, space < 0))
  if (space < 0) return failure(spaceError())

  const components = readComponents(value, space + 1)
  if (components === undefined) return failure(componentsError())
  const [credentialText, signedHeadersText, signature] = components
  const credential = parseCredential(credentialText)
  if (credential === undefined) return failure(malformedCredential('header'))
  const signedHeaders = parseSignedHeaders(signedHeadersText)
  if (signedHeaders === undefined) return failure(signedHeadersError())
  return ok({ credential, signedHeaders, signature })
}

/** The refusal of SigV2 and SigV4A, in S3's words for an unsupported mechanism. */
export function unsupportedMechanism(reason: 'sigv2-unsupported' | 'sigv4a-unsupported'): S3Error {
  const message =
    'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.'
  return refusal('InvalidRequest', reason, message)
}

/**
 * Returns the values of the three components; undefined unless each occurs once and nothing else
 * does.
 */
function readComponents(
  value: string,
  from: number,
): readonly [credential: string, signedHeaders: string, signature: string] | undefined {
  const found: [string, string, string] = ['', '', '']
  let start = from
  while (start <= value.length) {
    const comma = value.indexOf(',', start)
    const end = comma < 0 ? value.length : comma
    const equals = value.indexOf('=', start)
    if (equals < 0 || equals + 1 >= end) return undefined
    const index = componentIndex(value.slice(start, equals))
    if (index === undefined || found[index] !== '') return undefined
    found[index] = value.slice(equals + 1, end)
    start = end + (value.charCodeAt(end + 1) === 0x20 ? 2 : 1)
  }
  return found.includes('') ? undefined : found
}

function componentIndex(name: string): 0 | 1 | 2 | undefined {
  if (name === 'Credential') return 0
  if (name === 'SignedHeaders') return 1
  return name === 'Signature' ? 2 : undefined
}

function schemeError(scheme: string, isWholeValue: boolean): S3Error {
  if (scheme === 'AWS4-ECDSA-P256-SHA256') return unsupportedMechanism('sigv4a-unsupported')
  if (isWholeValue) return spaceError()
  if (scheme === 'AWS') return unsupportedMechanism('sigv2-unsupported')
  // S3 repeats the value in ArgumentValue. We omit it, because it may contain a password (Basic,
  // Bearer).
  return refusal(
    'InvalidArgument',
    'authorization-type-unsupported',
    'Unsupported Authorization Type',
    [['ArgumentName', 'Authorization']],
  )
}

function spaceError(): S3Error {
  const message = "Authorization header is invalid -- one and only one ' ' (space) required."
  return refusal('InvalidArgument', 'authorization-header-malformed', message, [
    ['ArgumentName', 'Authorization'],
  ])
}

function componentsError(): S3Error {
  const message =
    'The authorization header is malformed; the authorization header requires three components: Credential, SignedHeaders, and Signature.'
  return refusal('AuthorizationHeaderMalformed', 'authorization-header-malformed', message)
}

function signedHeadersError(): S3Error {
  const message =
    'The authorization header is malformed; SignedHeaders must be lower-case header names, each once, parted by semicolons.'
  return refusal('AuthorizationHeaderMalformed', 'signed-headers-malformed', message)
}
