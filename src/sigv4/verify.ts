import type { HeaderList } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { encodePath } from '../s3/percent-encoding.ts'
import { canonicalQuery, type QueryParameter } from '../s3/query.ts'
import { refusal } from '../s3/refusals.ts'
import type { HeaderAuthentication, PresignedAuthentication } from './authentication.ts'
import { buildCanonicalRequest, type CanonicalParts } from './canonical-request.ts'
import { checkRequestTime, readRequestTime } from './request-time.ts'
import { checkScope, scopeText } from './scope.ts'
import {
  equalSignatures,
  isExpectedToken,
  requestSignature,
  type SeedSignature,
} from './seed-signature.ts'
import { signedIndexOf } from './signed-headers.ts'
import type { SigningKeyCache } from './signing-key.ts'

/** A request as received, with the configuration of the client that it names. */
export interface VerificationRequest {
  readonly method: string
  /**
   * The decoded path of the target with leading `/`, as the client signed it, including the bucket.
   */
  readonly path: string
  /** All parameters, decoded, in order, including authentication. */
  readonly query: readonly QueryParameter[]
  /** All headers as received. */
  readonly headers: HeaderList
  readonly authentication: HeaderAuthentication | PresignedAuthentication
  /** The value for the canonical request: `authentication.payloadHash`. */
  readonly payloadHash: string
  /** The client's secret; two during a rotation. */
  readonly secretAccessKeys: readonly string[]
  /** The session token that the client must send; undefined if it must send none. */
  readonly sessionToken: string | undefined
  readonly region: string
  readonly service: string
  readonly nowMs: number
  readonly keys: SigningKeyCache
}

/**
 * Verifies a request's signature, in S3's order: scope, session token, signed headers, signature.
 * The time is checked last, so that only a holder of the secret learns the state of the clock.
 *
 * `host` and every `x-amz-*` header must be signed. `x-amz-content-sha256` is exempt, as in S3: it
 * is signed as the payload hash. (A presigned request has none and may only give a hash, see
 * `presignedPayloadHash`.) Content-MD5 and Content-Type need not be signed: S3's documentation
 * requires the latter, but its presigned requests omit it, and neither affects the policy's
 * decision.
 *
 * Codes: AuthorizationHeaderMalformed or AuthorizationQueryParametersError (400), InvalidToken
 * (400), AccessDenied with `HeadersNotSigned` (403), SignatureDoesNotMatch (403),
 * RequestTimeTooSkewed (403), AccessDenied "Request has expired" (403).
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */
export function verifySignature(request: VerificationRequest): Result<SeedSignature, S3Error> {
  const { authentication, region, service } = request
  const time = readRequestTime(authentication, request.headers)
  if (!time.ok) return time
  const { timestamp } = time.value
  const scope = checkScope(authentication.credential, authentication.kind, {
    date: timestamp.slice(0, 8),
    region,
    service,
  })
  if (!scope.ok) return scope
  if (!isExpectedToken(authentication.sessionToken, request.sessionToken)) {
    return failure(refusal('session-token-invalid'))
  }
  const unsigned = unsignedHeaders(request.headers, authentication)
  if (unsigned.length > 0)
    return failure(refusal('headers-not-signed', { names: unsigned.join(', ') }))
  const parts = canonicalParts(request)
  const { accessKeyId } = authentication.credential
  if (parts === undefined) return failure(refusal('signed-header-absent', { accessKeyId }))

  const seed = findSeed(request, parts, timestamp) ?? findSeedOfOtherHost(request, parts, timestamp)
  if (seed === undefined) return failure(refusal('signature-mismatch', { accessKeyId }))
  const timely = checkRequestTime(authentication, time.value, request.nowMs)
  return timely.ok ? ok(seed) : timely
}

/**
 * Returns the seed of the client's signature; undefined if no secret of the client results in it.
 */
function findSeed(
  { authentication, region, service, secretAccessKeys, keys }: VerificationRequest,
  parts: CanonicalParts,
  timestamp: string,
): SeedSignature | undefined {
  const date = timestamp.slice(0, 8)
  const canonicalRequest = buildCanonicalRequest(parts)
  const scopeLine = scopeText(date, region, service)
  for (const secret of secretAccessKeys) {
    const signingKey = keys.get(secret, date, region, service)
    const signature = requestSignature(signingKey, timestamp, scopeLine, canonicalRequest)
    if (equalSignatures(authentication.signature, signature)) {
      return { signature, signingKey, timestamp, scopeText: scopeLine }
    }
  }
  return undefined
}

function findSeedOfOtherHost(
  request: VerificationRequest,
  parts: CanonicalParts,
  timestamp: string,
): SeedSignature | undefined {
  for (const other of partsOfSameHost(parts)) {
    const seed = findSeed(request, other, timestamp)
    if (seed !== undefined) return seed
  }
  return undefined
}

/**
 * Returns the same parts with other spellings of the same host: with or without the default port of
 * a scheme. Signers and HTTP libraries differ (aws/aws-cli#2883, awslabs/aws-sdk-rust#1244), and a
 * load balancer that terminates TLS may remove the port. The port does not affect any decision, so
 * all spellings are equivalent.
 *
 * Source: RFC 9110 section 4.2.3
 */
export function partsOfSameHost(parts: CanonicalParts): readonly CanonicalParts[] {
  const { headers } = parts
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'host') continue
    return otherSpellings(headers[i + 1] ?? '').map((spelling) => ({
      ...parts,
      headers: headers.with(i + 1, spelling),
    }))
  }
  return []
}

function otherSpellings(host: string): readonly string[] {
  const end = host.lastIndexOf(':')
  const hasPort = end > host.lastIndexOf(']')
  if (end === -1 || !hasPort) return [`${host}:443`, `${host}:80`]
  const port = host.slice(end + 1)
  return port === '443' || port === '80' ? [host.slice(0, end)] : []
}

/**
 * Returns the parts of the request that its signature covers. Undefined if a signed header is
 * neither in the headers nor, for a presigned request, in the query.
 */
export function canonicalParts(request: VerificationRequest): CanonicalParts | undefined {
  const headers = headersWithHoisted(request)
  if (headers === undefined) return undefined
  return {
    method: request.method,
    canonicalUri: request.path === '' ? '/' : encodePath(request.path),
    canonicalQuery: signedQuery(request),
    headers,
    signedHeaders: request.authentication.signedHeaders,
    payloadHash: request.payloadHash,
  }
}

/**
 * The number of names listed in the error. A head of 64 KiB can have 7,000; comparing them took 56
 * ms.
 */
const UNSIGNED_NAMED_MAX = 32

/**
 * Returns the names of the headers that must be signed but are not, at most 32: `host` and every
 * `x-amz-*` of the request. A verifier that only iterates over SignedHeaders lets a client add
 * `x-amz-copy-source` to a presigned PUT (the class of CVE-2026-54330).
 */
export function unsignedHeaders(
  headers: HeaderList,
  authentication: HeaderAuthentication | PresignedAuthentication,
): readonly string[] {
  const { signedHeaders } = authentication
  const unsigned: string[] = signedIndexOf(signedHeaders, 'host') === -1 ? ['host'] : []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (!name.startsWith('x-amz-') || signedIndexOf(signedHeaders, name) !== -1) continue
    if (name === 'x-amz-content-sha256') continue
    if (!unsigned.includes(name)) unsigned.push(name)
    if (unsigned.length === UNSIGNED_NAMED_MAX) break
  }
  return unsigned
}

/**
 * Returns the headers, with signed headers from the query of a presigned request added, since S3
 * reads them there too. Undefined if a signed header is in neither place.
 */
function headersWithHoisted(request: VerificationRequest): HeaderList | undefined {
  const { headers, authentication } = request
  const absent = absentNames(headers, authentication.signedHeaders)
  if (absent.length === 0) return headers
  if (authentication.kind !== 'presigned') return undefined
  const hoisted = new Map<string, string>()
  for (const { name, value } of request.query) {
    const lowerCaseName = name.toLowerCase()
    if (!hoisted.has(lowerCaseName)) hoisted.set(lowerCaseName, value)
  }
  const extended = [...headers]
  for (const name of absent) {
    const value = hoisted.get(name)
    if (value === undefined) return undefined
    extended.push(name, Buffer.from(value, 'utf8').toString('latin1'))
  }
  return extended
}

/** Returns the signed names that are not in the headers. */
function absentNames(headers: HeaderList, signedHeaders: readonly string[]): readonly string[] {
  const isThere = new Array<boolean>(signedHeaders.length).fill(false)
  for (let i = 0; i < headers.length; i += 2) {
    const at = signedIndexOf(signedHeaders, headers[i] ?? '')
    if (at !== -1) isThere[at] = true
  }
  return isThere.includes(false) ? signedHeaders.filter((_, at) => !isThere[at]) : []
}

function signedQuery(request: VerificationRequest): string {
  if (request.authentication.kind === 'header') return canonicalQuery(request.query)
  return canonicalQuery(
    request.query.filter((parameter) => parameter.name.toLowerCase() !== 'x-amz-signature'),
  )
}
