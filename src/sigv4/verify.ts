import type { HeaderList } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import { refusal, type S3Error } from '../s3/error.ts'
import { encodePath } from '../s3/percent-encoding.ts'
import { canonicalQuery, type QueryParameter } from '../s3/query.ts'
import {
  type HeaderAuthentication,
  invalidToken,
  type PresignedAuthentication,
} from './authentication.ts'
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

/** A request as received, with what is known of the client that it names. */
export interface VerificationRequest {
  readonly method: string
  /** The decoded path of the target, leading `/` included: what the client signed, bucket and all. */
  readonly path: string
  /** All parameters, decoded, in order, authentication included. */
  readonly query: readonly QueryParameter[]
  /** All headers as received. */
  readonly headers: HeaderList
  readonly authentication: HeaderAuthentication | PresignedAuthentication
  /** What enters the canonical request: `authentication.payloadHash`. */
  readonly payloadHash: string
  /** The client's secret; two while it is being changed over. */
  readonly secretAccessKeys: readonly string[]
  /** The session token that the client must send; undefined: it must send none. */
  readonly sessionToken: string | undefined
  readonly region: string
  readonly service: string
  readonly nowMs: number
  readonly keys: SigningKeyCache
}

/**
 * Verifies a request's signature, in S3's order: scope, session token, signed headers, signature,
 * and time last, so that the clock's state is told only to who has the secret.
 *
 * Every `x-amz-*` header must be signed, and `host`; `x-amz-content-sha256` is excepted, as at S3: it
 * is signed as the payload's hash (a presigned request has none, and reads of it no more than a
 * hash, see `presignedPayloadHash`). Content-MD5 and Content-Type need not be: S3's pages ask for the latter, its
 * presigned requests do without, and neither changes what the policy decides.
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
    return failure(invalidToken())
  }
  const unsigned = unsignedHeaders(request.headers, authentication)
  if (unsigned.length > 0) return failure(unsignedError(unsigned))
  const parts = canonicalParts(request)
  if (parts === undefined) return failure(mismatchError(authentication, 'signed-header-absent'))

  const seed = findSeed(request, parts, timestamp) ?? findSeedOfOtherHost(request, parts, timestamp)
  if (seed === undefined) return failure(mismatchError(authentication, 'signature-mismatch'))
  const timely = checkRequestTime(authentication, time.value, request.nowMs)
  return timely.ok ? ok(seed) : timely
}

/** The client's signature as we make it; undefined if none of the client's secrets gives it. */
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
 * The same parts with the same host as other programs write it: with the default port of a scheme, or
 * without it. Signers and HTTP libraries differ (aws/aws-cli#2883, awslabs/aws-sdk-rust#1244), and a
 * balancer that ends TLS may strip the port. Nothing is decided by a port, so each spelling says the
 * same.
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
 * The parts of the request that its signature covers; undefined where a signed header is neither
 * among the headers nor, for a presigned request, in the query.
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

/** So many are told: a head of 64 KiB has room for 7,000, and to compare these took 56 ms. */
const UNSIGNED_NAMED_MAX = 32

/**
 * The names of the headers that must be signed and are not, the first 32 at most: `host` and every
 * `x-amz-*` that is there. A verifier that only walks SignedHeaders lets a client add
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
 * The headers, with those that are signed but stand in the query of a presigned request (S3 looks
 * there too); undefined where a signed header is in neither place.
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

/** The signed names that are not among the headers. */
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

function unsignedError(names: readonly string[]): S3Error {
  return refusal(
    'AccessDenied',
    'headers-not-signed',
    'There were headers present in the request which were not signed',
    [['HeadersNotSigned', names.join(', ')]],
  )
}

/** S3 also tells its canonical request and string to sign. Not here: they show what a guess needs. */
function mismatchError(
  authentication: HeaderAuthentication | PresignedAuthentication,
  reason: 'signature-mismatch' | 'signed-header-absent',
): S3Error {
  return refusal(
    'SignatureDoesNotMatch',
    reason,
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    [['AWSAccessKeyId', authentication.credential.accessKeyId]],
  )
}
