import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
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
  if (space < 0) return failure(refusal('authorization-header-malformed/space'))

  const components = readComponents(value, space + 1)
  if (components === undefined) return failure(refusal('authorization-header-malformed'))
  const [credentialText, signedHeadersText, signature] = components
  const credential = parseCredential(credentialText)
  if (credential === undefined) return failure(malformedCredential('header'))
  const signedHeaders = parseSignedHeaders(signedHeadersText)
  if (signedHeaders === undefined) return failure(refusal('signed-headers-malformed'))
  return ok({ credential, signedHeaders, signature })
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
  if (scheme === 'AWS4-ECDSA-P256-SHA256') return refusal('sigv4a-unsupported')
  if (isWholeValue) return refusal('authorization-header-malformed/space')
  if (scheme === 'AWS') return refusal('sigv2-unsupported')
  return refusal('authorization-type-unsupported')
}
