import type { Authentication, AuthenticationContext } from './authenticate.ts'
import { refuseUnsigned, SKEW_MS_MAX, unsignedAmzHeaders } from './authenticate-header.ts'
import { findAccount, parseAmzDate, parseCredential } from './credential.ts'
import { S3Fault } from './fault.ts'
import { checkPayloadValue, isStreamingPayload } from './payload.ts'
import { header, type SandboxRequest } from './request.ts'
import { verifySignature } from './signature.ts'

const EXPIRES_SECONDS_MAX = 604_800

/** Parameters of the signature itself: never taken for hoisted headers. */
const SIGNATURE_PARAMETERS = new Set([
  'x-amz-algorithm',
  'x-amz-content-sha256',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
])

/**
 * Verifies a signature in the query and puts hoisted headers in their place: `x-amz-*` parameters
 * count as headers, except checksums and the encryption context, which S3 was seen to ignore there.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export function authenticatePresigned(
  request: SandboxRequest,
  context: AuthenticationContext,
): Authentication {
  const fields = parsePresigned(request)
  const credential = parseCredential(
    fields.credential,
    context.region,
    'AuthorizationQueryParametersError',
    'Error parsing the X-Amz-Credential parameter',
  )
  const time = parseAmzDate(fields.dateTime)
  if (time === undefined) {
    throw queryError("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
  }
  const expiresSeconds = parseExpires(fields.expires)
  if (fields.dateTime.slice(0, 8) !== credential.date) {
    throw queryError(
      `Invalid credential date "${credential.date}". This date is not the same as X-Amz-Date: "${fields.dateTime.slice(0, 8)}".`,
    )
  }
  const account = findAccount(context.accounts, credential.accessKeyId, fields.token)
  refuseUnsigned(unsignedAmzHeaders(request, fields.signedHeaders))
  const payloadHeader = header(request, 'x-amz-content-sha256')
  const isPayloadSigned = fields.signedHeaders.includes('x-amz-content-sha256')
  const signedPayload =
    fields.payload ?? (isPayloadSigned ? payloadHeader : undefined) ?? 'UNSIGNED-PAYLOAD'
  verifySignature(request, {
    accessKeyId: account.accessKeyId,
    secretAccessKey: account.secretAccessKey,
    dateTime: fields.dateTime,
    region: context.region,
    signedHeaders: fields.signedHeaders,
    signature: fields.signature,
    payloadHash: signedPayload,
    query: request.query.filter(([name]) => name.toLowerCase() !== 'x-amz-signature'),
  })
  if (context.now > time + expiresSeconds * 1000) {
    throw new S3Fault('AccessDenied', 'Request has expired', [
      ['X-Amz-Expires', String(expiresSeconds)],
      ['Expires', new Date(time + expiresSeconds * 1000).toISOString()],
      ['ServerTime', new Date(context.now).toISOString()],
    ])
  }
  if (time - context.now > SKEW_MS_MAX) {
    throw new S3Fault('AccessDenied', 'Request is not yet valid')
  }
  const payload = payloadHeader ?? signedPayload
  checkPayloadValue(payload)
  if (isStreamingPayload(payload) && payload !== signedPayload) {
    throw new S3Fault('InvalidRequest', 'The value of x-amz-content-sha256 header is invalid.')
  }
  return {
    account,
    request: withHoistedHeaders(request),
    payload,
    dateTime: fields.dateTime,
    region: context.region,
    signature: fields.signature.toLowerCase(),
  }
}

function parsePresigned(request: SandboxRequest) {
  // Names are matched in any case.
  const find = (name: string) =>
    request.query.find(([candidate]) => candidate.toLowerCase() === name)?.[1]
  const algorithm = find('x-amz-algorithm')
  const credential = find('x-amz-credential')
  const dateTime = find('x-amz-date')
  const expires = find('x-amz-expires')
  const signedHeaders = find('x-amz-signedheaders')
  const signature = find('x-amz-signature')
  if (
    algorithm === undefined ||
    credential === undefined ||
    dateTime === undefined ||
    expires === undefined ||
    signedHeaders === undefined ||
    signature === undefined
  ) {
    throw new S3Fault('AuthorizationQueryParametersError')
  }
  if (algorithm !== 'AWS4-HMAC-SHA256') {
    throw queryError('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"')
  }
  const names = signedHeaders.toLowerCase().split(';')
  if (!names.includes('host')) {
    throw new S3Fault(
      'AccessDenied',
      'There were headers present in the request which were not signed',
      [['HeadersNotSigned', 'host']],
    )
  }
  return {
    credential,
    dateTime,
    expires,
    signedHeaders: names,
    signature,
    token: find('x-amz-security-token') ?? header(request, 'x-amz-security-token'),
    payload: find('x-amz-content-sha256'),
  }
}

function parseExpires(text: string): number {
  if (!/^-?\d+$/.test(text)) throw queryError('X-Amz-Expires should be a number')
  const seconds = Number(text)
  if (seconds < 0) throw queryError('X-Amz-Expires must be non-negative')
  if (seconds > EXPIRES_SECONDS_MAX) {
    throw queryError(
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    )
  }
  return seconds
}

function queryError(message: string): S3Fault {
  return new S3Fault('AuthorizationQueryParametersError', message)
}

function withHoistedHeaders(request: SandboxRequest): SandboxRequest {
  const headers = [...request.wireHeaders]
  for (const [rawName, value] of request.query) {
    const name = rawName.toLowerCase()
    if (!name.startsWith('x-amz-') || SIGNATURE_PARAMETERS.has(name) || isIgnoredInQuery(name)) {
      continue
    }
    const given = header(request, name)
    if (given === undefined) {
      headers.push(name, Buffer.from(value).toString('latin1'))
    } else if (given !== value) {
      throw new S3Fault(
        'InvalidRequest',
        'Conflicting values provided in HTTP headers and query parameters.',
      )
    }
  }
  return { ...request, headers }
}

function isIgnoredInQuery(name: string): boolean {
  return (
    name.startsWith('x-amz-checksum-') ||
    name.startsWith('x-amz-sdk-') ||
    name === 'x-amz-server-side-encryption-context'
  )
}
