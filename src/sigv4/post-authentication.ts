import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { parseAmzDate } from './amz-date.ts'
import { ALGORITHM } from './authorization-header.ts'
import {
  type Credential,
  checkScope,
  malformedCredential,
  parseCredential,
  scopeText,
} from './scope.ts'
import { equalSignatures, isExpectedToken, type SeedSignature } from './seed-signature.ts'
import type { SigningKeyCache } from './signing-key.ts'

/** A field of a form before its file: name as sent, value decoded. */
export interface PostField {
  readonly name: string
  readonly value: string
}

/** How a POST form is authenticated. Not verified yet. */
export interface PostAuthentication {
  readonly credential: Credential
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly timestamp: string
  /** As sent. */
  readonly signature: string
  readonly sessionToken: string | undefined
  /** The field `policy` as sent: base64, the text that the signature covers. */
  readonly policyText: string
}

/**
 * Parses the authentication of a POST form; undefined if it has none (an anonymous upload). Field
 * names are case-insensitive.
 *
 * Refused (400): SigV2 fields and SigV4A with InvalidRequest; a missing, repeated or malformed
 * field with InvalidArgument and the field's name.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html
 */
export function parsePostAuthentication(
  fields: readonly PostField[],
): Result<PostAuthentication | undefined, S3Error> {
  const collected = collectFields(fields)
  if (!collected.ok) return collected
  const found = collected.value
  if (found.size === 0) return ok(undefined)
  for (const [name, spelling] of REQUIRED_FIELDS) {
    if (!found.get(name)) return failure(refusal('post-field-missing', { name: spelling }))
  }
  const algorithm = found.get('x-amz-algorithm')
  if (algorithm === 'AWS4-ECDSA-P256-SHA256') {
    return failure(refusal('sigv4a-unsupported'))
  }
  if (algorithm !== ALGORITHM) return failure(refusal('post-algorithm-unsupported'))
  const credential = parseCredential(found.get('x-amz-credential') ?? '')
  if (credential === undefined) return failure(malformedCredential('form'))
  const timestamp = found.get('x-amz-date') ?? ''
  if (parseAmzDate(timestamp) === undefined) return failure(refusal('post-date-malformed'))
  return ok({
    credential,
    timestamp,
    signature: found.get('x-amz-signature') ?? '',
    sessionToken: found.get('x-amz-security-token'),
    policyText: found.get('policy') ?? '',
  })
}

/** A form's authentication, and the configuration of the client that it names. */
interface PostVerification {
  readonly authentication: PostAuthentication
  /** The client's secret; two during a rotation. */
  readonly secretAccessKeys: readonly string[]
  /** The session token that the client must send; undefined if it must send none. */
  readonly sessionToken: string | undefined
  readonly region: string
  readonly service: string
  readonly keys: SigningKeyCache
}

/**
 * Verifies a form's signature over the policy's text as received, before it is decoded. The
 * policy's own expiration limits its lifetime, so there is no clock skew to check.
 *
 * Codes: InvalidArgument for the scope (400), InvalidToken (400), SignatureDoesNotMatch (403).
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html
 */
export function verifyPostSignature(request: PostVerification): Result<SeedSignature, S3Error> {
  const { authentication, region, service } = request
  const { credential, timestamp, signature, policyText } = authentication
  const date = timestamp.slice(0, 8)
  const scope = checkScope(credential, 'form', { date, region, service })
  if (!scope.ok) return scope
  if (!isExpectedToken(authentication.sessionToken, request.sessionToken)) {
    return failure(refusal('session-token-invalid'))
  }
  for (const secret of request.secretAccessKeys) {
    const signingKey = request.keys.get(secret, date, region, service)
    const expected = signingKey.sign(policyText)
    if (!equalSignatures(signature, expected)) continue
    return ok({
      signature: expected,
      signingKey,
      timestamp,
      scopeText: scopeText(date, region, service),
    })
  }
  return failure(
    refusal('post-signature-mismatch', { accessKeyId: authentication.credential.accessKeyId }),
  )
}

const AUTHENTICATION_FIELDS: ReadonlySet<string> = new Set([
  'policy',
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-signature',
  'x-amz-security-token',
])

function collectFields(fields: readonly PostField[]): Result<ReadonlyMap<string, string>, S3Error> {
  const found = new Map<string, string>()
  for (const field of fields) {
    const name = field.name.toLowerCase()
    if (name === 'awsaccesskeyid' || name === 'signature') {
      return failure(refusal('sigv2-unsupported'))
    }
    if (!AUTHENTICATION_FIELDS.has(name)) continue
    if (found.has(name)) {
      return failure(refusal('post-field-repeated', { name }))
    }
    found.set(name, field.value)
  }
  return ok(found)
}

/** In the order in which S3 checks them, with S3's spelling. */
const REQUIRED_FIELDS = [
  ['policy', 'policy'],
  ['x-amz-algorithm', 'X-Amz-Algorithm'],
  ['x-amz-credential', 'X-Amz-Credential'],
  ['x-amz-date', 'X-Amz-Date'],
  ['x-amz-signature', 'X-Amz-Signature'],
] as const
