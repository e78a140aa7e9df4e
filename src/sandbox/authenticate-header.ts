import { headerCount } from '../base/header-list.ts'
import type { Authentication, AuthenticationContext } from './authenticate.ts'
import { findAccount, formatAmzDate, parseAmzDate, parseCredential } from './credential.ts'
import { invalidArgument, S3Fault } from './fault.ts'
import { checkPayloadValue } from './payload.ts'
import { header, type SandboxRequest } from './request.ts'
import { verifySignature } from './signature.ts'

/** Clocks may differ by a quarter of an hour. */
export const SKEW_MS_MAX = 900_000

/**
 * Verifies a signature in the Authorization header: grammar, scope, account, signed headers,
 * signature, then the clock.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
 */
export function authenticateHeader(
  request: SandboxRequest,
  authorization: string,
  context: AuthenticationContext,
): Authentication {
  const fields = parseAuthorization(authorization)
  const credential = parseCredential(
    fields.credential,
    context.region,
    'AuthorizationHeaderMalformed',
    'The authorization header is malformed',
  )
  if (request.query.some(([name]) => name.toLowerCase().startsWith('x-amz-'))) {
    throw new S3Fault('InvalidRequest', 'x-amz-* query parameters need a presigned request.')
  }
  const { dateTime, time } = requestDate(request)
  if (dateTime.slice(0, 8) !== credential.date) {
    throw new S3Fault(
      'AuthorizationHeaderMalformed',
      `The authorization header is malformed; Invalid credential date "${credential.date}". This date is not the same as X-Amz-Date: "${dateTime.slice(0, 8)}".`,
    )
  }
  const account = findAccount(
    context.accounts,
    credential.accessKeyId,
    header(request, 'x-amz-security-token'),
  )
  const payload = header(request, 'x-amz-content-sha256')
  if (payload === undefined) {
    throw new S3Fault(
      'InvalidRequest',
      'Missing required header for this request: x-amz-content-sha256',
    )
  }
  checkPayloadValue(payload)
  checkAllSigned(request, fields.signedHeaders)
  verifySignature(request, {
    accessKeyId: account.accessKeyId,
    secretAccessKey: account.secretAccessKey,
    dateTime,
    region: context.region,
    signedHeaders: fields.signedHeaders,
    signature: fields.signature,
    payloadHash: payload,
    query: request.query,
  })
  if (Math.abs(context.now - time) > SKEW_MS_MAX) {
    throw new S3Fault('RequestTimeTooSkewed', undefined, [
      ['RequestTime', dateTime],
      ['ServerTime', new Date(context.now).toISOString()],
      ['MaxAllowedSkewMilliseconds', String(SKEW_MS_MAX)],
    ])
  }
  return {
    account,
    request,
    payload,
    dateTime,
    region: context.region,
    signature: fields.signature.toLowerCase(),
  }
}

function parseAuthorization(authorization: string) {
  const space = authorization.indexOf(' ')
  if (space === -1) {
    throw invalidArgument(
      "Authorization header is invalid -- one and only one ' ' (space) required.",
      'Authorization',
      authorization,
    )
  }
  if (authorization.slice(0, space) !== 'AWS4-HMAC-SHA256') {
    throw invalidArgument('Unsupported Authorization Type', 'Authorization', authorization)
  }
  const fields = new Map<string, string>()
  for (const piece of authorization.slice(space + 1).split(',')) {
    const equals = piece.indexOf('=')
    const name = piece.slice(0, Math.max(equals, 0)).trim()
    if (!fields.has(name)) fields.set(name, piece.slice(equals + 1).trim())
  }
  const credential = fields.get('Credential')
  const signedHeaders = fields.get('SignedHeaders')
  const signature = fields.get('Signature')
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    throw new S3Fault(
      'AuthorizationHeaderMalformed',
      'The authorization header is malformed; the authorization header requires three components: Credential, SignedHeaders, and Signature.',
    )
  }
  return { credential, signature, signedHeaders: signedHeaders.toLowerCase().split(';') }
}

function requestDate(request: SandboxRequest): { dateTime: string; time: number } {
  const amzDate = header(request, 'x-amz-date')
  const date = header(request, 'date') ?? ''
  // `Date` may be in the form of x-amz-date, too: Go's simples3 signs so.
  const time =
    amzDate === undefined ? (parseAmzDate(date) ?? Date.parse(date)) : parseAmzDate(amzDate)
  if (time === undefined || Number.isNaN(time)) {
    throw new S3Fault(
      'AccessDenied',
      'AWS authentication requires a valid Date or x-amz-date header',
    )
  }
  return { dateTime: amzDate ?? formatAmzDate(time), time }
}

/**
 * `host` and every `x-amz-*` header have to be signed. S3's pages ask for `content-type` too; restic and
 * minio leave it out, and work.
 */
function checkAllSigned(request: SandboxRequest, signedHeaders: readonly string[]): void {
  const required = unsignedAmzHeaders(request, signedHeaders)
  if (headerCount(request.wireHeaders, 'host') > 0 && !signedHeaders.includes('host')) {
    required.unshift('host')
  }
  refuseUnsigned(required)
}

/**
 * Returns the names of unsigned `x-amz-*` headers, each once. Excludes `x-amz-content-sha256`: S3
 * accepts it unsigned (scality/Arsenal#2590), because its value is signed as the payload's hash.
 */
export function unsignedAmzHeaders(
  request: SandboxRequest,
  signedHeaders: readonly string[],
): string[] {
  const unsigned = new Set<string>()
  const signed = new Set(signedHeaders)
  for (let i = 0; i < request.wireHeaders.length; i += 2) {
    const name = request.wireHeaders[i] ?? ''
    if (name === 'x-amz-content-sha256') continue
    if (name.startsWith('x-amz-') && !signed.has(name)) unsigned.add(name)
  }
  return [...unsigned]
}

/** Throws `AccessDenied` with `HeadersNotSigned` if there are any. */
export function refuseUnsigned(names: readonly string[]): void {
  if (names.length === 0) return
  throw new S3Fault(
    'AccessDenied',
    'There were headers present in the request which were not signed',
    [['HeadersNotSigned', names.join(', ')]],
  )
}
