import { type HeaderList, headerCount, headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { announcesChunks, UNSIGNED_PAYLOAD } from '../s3/payload.ts'
import type { QueryParameter } from '../s3/query.ts'
import { refusal } from '../s3/refusals.ts'
import { type AuthorizationHeader, parseAuthorizationHeader } from './authorization-header.ts'
import { type HoistedQuery, partHoistedQuery } from './hoisted-headers.ts'
import {
  isPresignedParameter,
  parseQueryAuthentication,
  type QueryAuthentication,
} from './query-authentication.ts'

/** How a request is authenticated. Not verified yet. */
export type Authentication =
  | AnonymousAuthentication
  | HeaderAuthentication
  | PresignedAuthentication

/** An unsigned request, or a POST form, whose signature is in its fields. */
interface AnonymousAuthentication {
  readonly kind: 'anonymous'
  /** Always empty. */
  readonly hoistedHeaders: HeaderList
  /** The whole query. */
  readonly remainingQuery: readonly QueryParameter[]
}

/** A request signed in its Authorization header. */
export interface HeaderAuthentication extends AuthorizationHeader {
  readonly kind: 'header'
  /** `x-amz-content-sha256` as sent; it enters the canonical request. */
  readonly payloadHash: string
  readonly sessionToken: string | undefined
  /** Always empty. */
  readonly hoistedHeaders: HeaderList
  /** The whole query. */
  readonly remainingQuery: readonly QueryParameter[]
}

/** A request signed in its query. */
export interface PresignedAuthentication extends QueryAuthentication, HoistedQuery {
  readonly kind: 'presigned'
  /**
   * The value for the canonical request: from the query or a signed header, otherwise
   * UNSIGNED-PAYLOAD.
   */
  readonly payloadHash: string
}

/** The parts of a request that {@link parseAuthentication} reads. */
interface AuthenticationSource {
  readonly headers: HeaderList
  /** All parameters, decoded, in order. */
  readonly query: readonly QueryParameter[]
}

/**
 * Finds the one authentication mechanism of a request.
 *
 * Refused: two mechanisms at once (400 InvalidArgument), SigV2 and SigV4A (400 InvalidRequest), S3
 * Express sessions (400 InvalidRequest), `x-amz-*` query parameters on a request that is not
 * presigned (400 InvalidRequest: S3 might honour them, and the policy would not see them), a token
 * without a signature (400 InvalidToken), and everything that the parser of the mechanism refuses.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */
export function parseAuthentication(
  request: AuthenticationSource,
): Result<Authentication, S3Error> {
  const { headers, query } = request
  const parameters = findParameters(query)
  if (parameters.isExpressSession || headerCount(headers, 'x-amz-s3session-token') > 0) {
    return failure(refusal('s3-express-session-unsupported'))
  }
  const authorizationCount = headerCount(headers, 'authorization')
  const mechanisms =
    authorizationCount + (parameters.isPresigned ? 1 : 0) + (parameters.isSigV2 ? 1 : 0)
  if (mechanisms > 1) return failure(refusal('two-authentication-mechanisms'))
  if (parameters.isSigV2) return failure(refusal('sigv2-unsupported'))
  if (parameters.isPresigned) return parsePresigned(headers, query)
  if (parameters.amzName !== undefined)
    return failure(refusal('unsigned-query-parameter', { name: parameters.amzName }))
  const authorization = headerValue(headers, 'authorization')
  if (authorization !== undefined) return parseHeader(authorization, headers, query)
  if (headerCount(headers, 'x-amz-security-token') > 0)
    return failure(refusal('session-token-invalid'))
  return ok({ kind: 'anonymous', hoistedHeaders: [], remainingQuery: query })
}

interface FoundParameters {
  readonly isPresigned: boolean
  readonly isSigV2: boolean
  readonly isExpressSession: boolean
  /** The first `x-amz-*` parameter's name, in lower case. */
  readonly amzName: string | undefined
}

const NO_PARAMETERS: FoundParameters = {
  isPresigned: false,
  isSigV2: false,
  isExpressSession: false,
  amzName: undefined,
}

function findParameters(query: readonly QueryParameter[]): FoundParameters {
  if (query.length === 0) return NO_PARAMETERS
  let isPresigned = false
  let isSigV2 = false
  let isExpressSession = false
  let amzName: string | undefined
  for (const parameter of query) {
    const name = parameter.name.toLowerCase()
    if (name.startsWith('x-amz-')) {
      amzName ??= name
      if (name === 'x-amz-s3session-token') isExpressSession = true
      else if (isPresignedParameter(name)) isPresigned = true
    } else if (name === 'awsaccesskeyid' || name === 'signature') isSigV2 = true
  }
  return { isPresigned, isSigV2, isExpressSession, amzName }
}

function parseHeader(
  authorization: string,
  headers: HeaderList,
  query: readonly QueryParameter[],
): Result<HeaderAuthentication, S3Error> {
  const parsed = parseAuthorizationHeader(authorization)
  if (!parsed.ok) return parsed
  const payloadHash = singleValue(headers, 'x-amz-content-sha256')
  if (payloadHash === undefined) return failure(refusal('content-sha256-missing'))
  if (headerCount(headers, 'x-amz-security-token') > 1)
    return failure(refusal('session-token-invalid'))
  return ok({
    kind: 'header',
    credential: parsed.value.credential,
    signedHeaders: parsed.value.signedHeaders,
    signature: parsed.value.signature,
    payloadHash,
    sessionToken: headerValue(headers, 'x-amz-security-token'),
    hoistedHeaders: [],
    remainingQuery: query,
  })
}

function parsePresigned(
  headers: HeaderList,
  query: readonly QueryParameter[],
): Result<PresignedAuthentication, S3Error> {
  const parsed = parseQueryAuthentication(query)
  if (!parsed.ok) return parsed
  const { signedHeaders } = parsed.value
  const hoisted = partHoistedQuery(query, headers, signedHeaders)
  if (!hoisted.ok) return hoisted
  const payloadHash = presignedPayloadHash(parsed.value, headers)
  if (!payloadHash.ok) return payloadHash
  const sessionToken = presignedSessionToken(parsed.value, headers)
  if (!sessionToken.ok) return sessionToken
  return ok({
    kind: 'presigned',
    credential: parsed.value.credential,
    timestamp: parsed.value.timestamp,
    timeMs: parsed.value.timeMs,
    expiresSeconds: parsed.value.expiresSeconds,
    signedHeaders,
    signature: parsed.value.signature,
    sessionToken: sessionToken.value,
    contentSha256: parsed.value.contentSha256,
    payloadHash: payloadHash.value,
    hoistedHeaders: hoisted.value.hoistedHeaders,
    remainingQuery: hoisted.value.remainingQuery,
  })
}

/**
 * A presigned request may have `x-amz-content-sha256` as an unsigned header; S3 exempts this one.
 * Such a header may only give a hash of the body. A mode that changes how the body is read must be
 * signed: CVE-2026-41145 is a verifier that accepted it unsigned.
 */
function presignedPayloadHash(
  authentication: QueryAuthentication,
  headers: HeaderList,
): Result<string, S3Error> {
  const fromQuery = authentication.contentSha256
  if (headerCount(headers, 'x-amz-content-sha256') > 1)
    return failure(refusal('content-sha256-missing'))
  const fromHeader = headerValue(headers, 'x-amz-content-sha256')
  if (fromHeader === undefined) return ok(fromQuery ?? UNSIGNED_PAYLOAD)
  if (authentication.signedHeaders.includes('x-amz-content-sha256')) {
    if (fromQuery !== undefined && fromQuery !== fromHeader)
      return failure(refusal('header-query-conflict'))
    return ok(fromHeader)
  }
  if (announcesChunks(fromHeader)) return failure(refusal('unsigned-streaming-payload'))
  return ok(fromQuery ?? UNSIGNED_PAYLOAD)
}

function presignedSessionToken(
  authentication: QueryAuthentication,
  headers: HeaderList,
): Result<string | undefined, S3Error> {
  const count = headerCount(headers, 'x-amz-security-token')
  if (count === 0) return ok(authentication.sessionToken)
  if (count > 1) return failure(refusal('session-token-invalid'))
  const fromHeader = headerValue(headers, 'x-amz-security-token')
  if (authentication.sessionToken !== undefined && authentication.sessionToken !== fromHeader) {
    return failure(refusal('header-query-conflict'))
  }
  return ok(fromHeader)
}

/** Returns the value of a header that occurs once; undefined if it is absent, repeated or empty. */
function singleValue(headers: HeaderList, name: string): string | undefined {
  return headerCount(headers, name) === 1 ? headerValue(headers, name) || undefined : undefined
}
