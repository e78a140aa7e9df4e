import type { HeaderList } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { Client } from '../config/config.ts'
import { compilePattern, matchesAny } from '../policy/pattern.ts'
import {
  NO_ENCRYPTION,
  SSE_BUCKET_KEY_HEADER,
  SSE_CONTEXT_HEADER,
  SSE_HEADER,
  SSE_KEY_ID_HEADER,
} from '../s3/encryption-headers.ts'
import { refusal, type S3Error } from '../s3/error.ts'
import { checkPostPolicy } from '../sigv4/check-post-policy.ts'
import { verifyPostSignature } from '../sigv4/post-authentication.ts'
import { parsePostPolicy } from '../sigv4/post-policy.ts'
import type { ContentLengthRange } from '../sigv4/post-policy-conditions.ts'
import type { SeedSignature } from '../sigv4/seed-signature.ts'
import { signedIndexOf } from '../sigv4/signed-headers.ts'
import type { SigningKeyCache } from '../sigv4/signing-key.ts'
import { verifySignature } from '../sigv4/verify.ts'
import type { FormContent, S3Request } from './read-request.ts'

/** Who sent the request. */
export interface Principal {
  readonly client: Client
  /** What the client's signature was made with: the seed of chunk signatures. Undefined: none was asked for. */
  readonly verified: SeedSignature | undefined
  /** What a form's policy allows of the file's size; enforced as the file passes. */
  readonly contentLengthRange?: ContentLengthRange | undefined
}

/** What authentication depends on besides the request. */
export interface AuthenticationContext {
  readonly clientsByAccessKeyId: ReadonlyMap<string, Client>
  /** Admitted without a signature on this connection: by its TLS certificate, or any client on loopback. */
  readonly unsignedClient: Client | undefined
  readonly region: string
  /** Further regions that a client may have signed for: `acceptRegions`, and what an S3 name leaves open. */
  readonly otherRegions?: readonly string[]
  readonly keys: SigningKeyCache
  readonly nowMs: number
  /** The policy takes the four encryption headers off where they are misplaced. */
  readonly stripsEncryption: boolean
}

/**
 * Finds out who sent the request and whether it may touch the buckets that the request names. A
 * signature under a key that is known here must verify. One under an unknown key is refused, unless
 * the connection itself admits a client without a signature: a sidecar's application signs with
 * whatever credentials it has, and nobody asked it to.
 */
export function identify(
  context: AuthenticationContext,
  request: S3Request,
): Result<Principal, S3Error> {
  const principal = findPrincipal(context, request)
  if (!principal.ok) return principal
  const refused = refusedBucket(principal.value.client, request)
  if (refused === undefined) return principal
  return failure({ ...refused, client: principal.value.client.name })
}

function findPrincipal(
  context: AuthenticationContext,
  request: S3Request,
): Result<Principal, S3Error> {
  if (isPreflight(request)) return identifyPreflight(context, request)
  if (request.form !== undefined) return findFormSender(context, request, request.form)
  const { authentication } = request
  const { unsignedClient } = context
  if (authentication.kind === 'anonymous') {
    if (unsignedClient === undefined) return failure(anonymousRefused())
    return ok({ client: unsignedClient, verified: undefined })
  }
  const client = context.clientsByAccessKeyId.get(authentication.credential.accessKeyId)
  if (client === undefined || client.identity.kind !== 'keys') {
    if (unsignedClient === undefined)
      return failure(unknownKey(authentication.credential.accessKeyId))
    return ok({ client: unsignedClient, verified: undefined })
  }
  const verified = verifySignature({
    method: request.method,
    path: request.target.path,
    query: request.target.query,
    headers: headersToVerify(context, request),
    authentication,
    secretAccessKeys: client.identity.secretAccessKeys,
    sessionToken: client.identity.sessionToken,
    payloadHash: request.payloadHash,
    region: expectedRegion(context, authentication.credential.region),
    service: 's3',
    nowMs: context.nowMs,
    keys: context.keys,
  })
  return verified.ok ? ok({ client, verified: verified.value }) : verified
}

/**
 * Who signed a form, whose policy must allow what it does: signature over the policy as received,
 * expiration, every condition, no extra field.
 */
function findFormSender(
  context: AuthenticationContext,
  { resource: { bucket = '' } }: S3Request,
  { authentication, fields }: FormContent,
): Result<Principal, S3Error> {
  const { unsignedClient } = context
  if (authentication === undefined) {
    if (unsignedClient === undefined) return failure(anonymousRefused())
    return ok({ client: unsignedClient, verified: undefined })
  }
  const { accessKeyId, region } = authentication.credential
  const client = context.clientsByAccessKeyId.get(accessKeyId)
  if (client === undefined || client.identity.kind !== 'keys') {
    if (unsignedClient === undefined) return failure(unknownKey(accessKeyId))
    return ok({ client: unsignedClient, verified: undefined })
  }
  const verified = verifyPostSignature({
    authentication,
    secretAccessKeys: client.identity.secretAccessKeys,
    sessionToken: client.identity.sessionToken,
    region: expectedRegion(context, region),
    service: 's3',
    keys: context.keys,
  })
  if (!verified.ok) return verified
  const policy = parsePostPolicy(authentication.policyText)
  if (!policy.ok) return policy
  const checked = checkPostPolicy(policy.value, { bucket, fields, nowMs: context.nowMs })
  if (!checked.ok) return checked
  const { contentLengthRange } = policy.value
  return ok({ client, verified: undefined, contentLengthRange })
}

/**
 * The headers that a signature is verified over. Without those encryption headers that are not signed
 * and that the policy takes off: what does not go on is as if it had not been sent. Uploads and
 * CreateSession take the headers, so there each must be signed.
 */
export function headersToVerify(
  { stripsEncryption }: Pick<AuthenticationContext, 'stripsEncryption'>,
  { authentication, operation, receivedHeaders, requestedEncryption }: S3Request,
): HeaderList {
  if (!stripsEncryption || authentication.kind === 'anonymous') return receivedHeaders
  if (operation.isUpload || operation.acceptsEncryption === 'all') return receivedHeaders
  if (requestedEncryption === NO_ENCRYPTION) return receivedHeaders
  const { signedHeaders } = authentication
  const kept: string[] = []
  for (let i = 0; i < receivedHeaders.length; i += 2) {
    const name = receivedHeaders[i] ?? ''
    if (STRIPPED.has(name) && signedIndexOf(signedHeaders, name) === -1) continue
    kept.push(name, receivedHeaders[i + 1] ?? '')
  }
  return kept
}

const STRIPPED: ReadonlySet<string> = new Set([
  SSE_HEADER,
  SSE_KEY_ID_HEADER,
  SSE_CONTEXT_HEADER,
  SSE_BUCKET_KEY_HEADER,
])

/** The region that the signature must be for: the one it names, where that is among the accepted. */
export function expectedRegion(
  { region, otherRegions }: Pick<AuthenticationContext, 'region' | 'otherRegions'>,
  named: string,
): string {
  return otherRegions?.includes(named) ? named : region
}

/**
 * A CORS preflight: browsers send it without authentication, so it goes on without any of ours; the
 * bucket's CORS configuration answers it.
 */
export function isPreflight({ operation }: S3Request): boolean {
  return operation.name === 'OptionsPreflight'
}

/** Nobody signs a preflight: it may be about the buckets that some client may touch, and no others. */
function identifyPreflight(
  context: AuthenticationContext,
  { resource: { bucket = '' } }: S3Request,
): Result<Principal, S3Error> {
  const nobodys = refusedNobodysBucket(context, bucket)
  if (nobodys !== undefined) return failure(nobodys)
  return ok({ client: PREFLIGHT_CLIENT, verified: undefined })
}

/** Whether any client, who may be behind the request or not, may touch the bucket. */
export function isAnyClientsBucket(
  { clientsByAccessKeyId, unsignedClient }: AuthenticationContext,
  bucket: string,
): boolean {
  return (
    (unsignedClient !== undefined && matchesAny(unsignedClient.buckets, bucket)) ||
    [...clientsByAccessKeyId.values()].some(({ buckets }) => matchesAny(buckets, bucket))
  )
}

/**
 * Why a request for a bucket of nobody's goes no further; undefined: it is somebody's. If nobody can
 * be behind the request (another site's page at a sidecar without other clients), that is why.
 */
export function refusedNobodysBucket(
  context: AuthenticationContext,
  bucket: string,
): S3Error | undefined {
  if (isAnyClientsBucket(context, bucket)) return undefined
  const { clientsByAccessKeyId, unsignedClient } = context
  const canBeSomebody = unsignedClient !== undefined || clientsByAccessKeyId.size > 0
  return canBeSomebody ? bucketRefused() : anonymousRefused()
}

/** Whose limit preflights count under. No client can have this name: the schema allows no brackets. */
export const PREFLIGHT_CLIENT: Client = {
  name: '(preflight)',
  identity: { kind: 'anonymous' },
  buckets: [compilePattern('*')],
  upstream: undefined,
}

/** The bucket and, for copies, the source's must be among the client's. */
export function refusedBucket(client: Client, request: S3Request): S3Error | undefined {
  const { bucket } = request.resource
  if (bucket === undefined) {
    // ListBuckets tells of every bucket, so it takes the right to every bucket.
    return client.buckets.some((pattern) => pattern.text === '*') ? undefined : bucketRefused()
  }
  if (!matchesAny(client.buckets, bucket)) return bucketRefused()
  const { copySource } = request
  if (copySource !== undefined && !matchesAny(client.buckets, copySource.bucket)) {
    return refusal('AccessDenied', 'copy-source-not-allowed', 'Access Denied')
  }
  return undefined
}

/** The bucket is not among those that may be touched. */
function bucketRefused(): S3Error {
  return refusal('AccessDenied', 'bucket-not-allowed', 'Access Denied')
}

/** No signature, where one is asked for. */
function anonymousRefused(): S3Error {
  return refusal('AccessDenied', 'anonymous', 'Access Denied')
}

/** A signature under a key that no client has. */
function unknownKey(accessKeyId: string): S3Error {
  return refusal(
    'InvalidAccessKeyId',
    'unknown-access-key',
    'The AWS Access Key Id you provided does not exist in our records.',
    [['AWSAccessKeyId', accessKeyId]],
  )
}
