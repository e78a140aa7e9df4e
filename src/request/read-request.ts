import { type HeaderList, headerCount, headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { FormField } from '../body/form-fields.ts'
import { classify } from '../s3/classify.ts'
import { type CopySource, parseCopySource } from '../s3/copy-source.ts'
import {
  isEncryptionHeader,
  type RequestedEncryption,
  readEncryptionHeaders,
} from '../s3/encryption-headers.ts'
import type { S3Error } from '../s3/error.ts'
import type { Operation } from '../s3/operation.ts'
import { type Payload, parsePayload, UNSIGNED_PAYLOAD } from '../s3/payload.ts'
import type { QueryParameter } from '../s3/query.ts'
import { refusal } from '../s3/refusals.ts'
import { type Resource, resolveResource } from '../s3/resource.ts'
import { parseTarget, type Target } from '../s3/target.ts'
import { type Authentication, parseAuthentication } from '../sigv4/authentication.ts'
import type { PostAuthentication } from '../sigv4/post-authentication.ts'
import type { FormBody } from './plan-body.ts'

/** The contents of a POST form. */
export interface FormContent {
  /** With `${filename}` expanded, also in the key. */
  readonly fields: readonly FormField[]
  readonly authentication: PostAuthentication | undefined
  /** The content type of the file's part; undefined if it has none. */
  readonly fileContentType: string | undefined
  readonly plan: FormBody
}

/** A request in S3's terms. All later steps use this value, never the raw bytes. */
export interface S3Request {
  readonly method: string
  readonly target: Target
  readonly resource: Resource
  readonly operation: Operation
  readonly authentication: Authentication
  /** As received, for the signature. */
  readonly receivedHeaders: HeaderList
  /** As received, plus the headers that a presigned URL has as parameters. */
  readonly headers: HeaderList
  /** The query to send upstream: without authentication, hoisted headers and ignored parameters. */
  readonly query: readonly QueryParameter[]
  /** Names of ignored parameters: part of the signature, but not sent upstream. */
  readonly ignoredParameters: readonly string[]
  readonly payload: Payload
  /** The signed value of x-amz-content-sha256. */
  readonly payloadHash: string
  readonly requestedEncryption: RequestedEncryption
  readonly copySource: CopySource | undefined
  /** The fields of a POST form, after they were read; undefined for every other request. */
  readonly form: FormContent | undefined
}

/**
 * Headers besides `x-amz-*` that S3 interprets and that have one value: with two, some servers use
 * the first and others the last. Conditional headers are lists in HTTP, but one ETag in S3.
 */
const SINGLE_HEADERS: ReadonlySet<string> = new Set([
  'access-control-request-method',
  'authorization',
  'content-disposition',
  'content-encoding',
  'content-length',
  'content-md5',
  'content-type',
  'date',
  'expires',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'origin',
  'range',
  'referer',
  'transfer-encoding',
  'user-agent',
])

/** The AWS SDK for Java sends each list member in a separate field. */
const LIST_HEADERS: ReadonlySet<string> = new Set([
  'x-amz-object-attributes',
  'x-amz-optional-object-attributes',
])

/**
 * Parses a request head, strictly and once: target, host, authentication form, operation, payload.
 * Pure; nothing is verified yet.
 *
 * `hosts`: the names that the listener serves, lower case. `configuredBuckets`: names that would
 * otherwise be refused as reserved (access point aliases).
 */
export function readRequest(
  method: string,
  rawTarget: string,
  received: HeaderList,
  hosts: readonly string[],
  configuredBuckets: ReadonlySet<string>,
): Result<S3Request, S3Error> {
  const repeated = repeatedHeader(received)
  if (repeated !== undefined) return failure(repeated)
  const host = parseHostHeader(received)
  if (!host.ok) return host
  const target = parseTarget(rawTarget)
  if (!target.ok) return target
  const resource = resolveResource(host.value, hosts, target.value, configuredBuckets)
  if (!resource.ok) return resource
  const authentication = authenticationOf(method, received, target.value.query)
  if (!authentication.ok) return authentication

  const { hoistedHeaders, remainingQuery } = authentication.value
  const headers = hoistedHeaders.length === 0 ? received : [...received, ...hoistedHeaders]
  const classified = classify({ method, resource: resource.value, query: remainingQuery, headers })
  if (!classified.ok) return classified
  const encryption = readEncryptionHeaders(headers)
  if (!encryption.ok) return encryption
  const copySourceText = headerValue(headers, 'x-amz-copy-source')
  const copySource =
    copySourceText === undefined ? undefined : parseCopySource(copySourceText, configuredBuckets)
  if (copySource?.ok === false) return copySource
  const payloadHash = payloadHashOf(received, authentication.value)
  const payload = parsePayload(payloadHash)
  if (!payload.ok) return payload
  return ok({
    method,
    target: target.value,
    resource: resource.value,
    operation: classified.value.operation,
    authentication: authentication.value,
    receivedHeaders: received,
    headers,
    query: classified.value.query,
    ignoredParameters: classified.value.ignored,
    payload: payload.value,
    payloadHash,
    requestedEncryption: encryption.value,
    copySource: copySource?.value,
    form: undefined,
  })
}

/**
 * Requires exactly one Host: with two, node:http would use the first, and another reader the last.
 */
function parseHostHeader(headers: HeaderList): Result<string, S3Error> {
  const host = headerValue(headers, 'host')
  if (host === undefined || host === '' || headerCount(headers, 'host') !== 1) {
    return failure(refusal('host-header'))
  }
  return ok(host)
}

function repeatedHeader(headers: HeaderList): S3Error | undefined {
  // For the usual dozen a scan costs less than a set.
  const seen = headers.length > 2 * FEW_HEADERS ? new Set<string>() : undefined
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (!isSingle(name)) continue
    if (seen?.has(name) ?? hasBefore(headers, i, name)) {
      return refusal('repeated-header', { name })
    }
    seen?.add(name)
  }
  return undefined
}

const FEW_HEADERS = 24

function hasBefore(headers: HeaderList, end: number, name: string): boolean {
  for (let i = 0; i < end; i += 2) {
    if (headers[i] === name) return true
  }
  return false
}

/** S3 joins duplicate metadata; encryption headers have their own refusal. */
function isSingle(name: string): boolean {
  if (!name.startsWith('x-amz-')) return SINGLE_HEADERS.has(name)
  return !name.startsWith('x-amz-meta-') && !LIST_HEADERS.has(name) && !isEncryptionHeader(name)
}

/**
 * Parses the authentication. A browser sends a preflight to the presigned URL before the actual
 * request. A preflight is never authenticated, and its parameters, including a signature, are not
 * sent upstream.
 */
function authenticationOf(
  method: string,
  headers: HeaderList,
  query: readonly QueryParameter[],
): Result<Authentication, S3Error> {
  if (method !== 'OPTIONS') return parseAuthentication({ headers, query })
  return ok({ kind: 'anonymous', hoistedHeaders: [], remainingQuery: [] })
}

/** Returns the signed payload hash; an unsigned request may still declare one. */
function payloadHashOf(headers: HeaderList, authentication: Authentication): string {
  if (authentication.kind !== 'anonymous') return authentication.payloadHash
  return headerValue(headers, 'x-amz-content-sha256') ?? UNSIGNED_PAYLOAD
}
