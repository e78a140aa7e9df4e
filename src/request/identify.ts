import type { HeaderList } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { Client } from '../config/config.ts'
import { compilePattern, matchesAny } from '../policy/pattern.ts'
import { PatternSet } from '../policy/pattern-set.ts'
import {
  NO_ENCRYPTION,
  SSE_BUCKET_KEY_HEADER,
  SSE_CONTEXT_HEADER,
  SSE_HEADER,
  SSE_KEY_ID_HEADER,
} from '../s3/encryption-headers.ts'
import type { S3Error } from '../s3/error.ts'
import { ACCESS_CLASSES } from '../s3/operation-table.ts'
import { refusal } from '../s3/refusals.ts'
import type { SessionFacts } from '../s3/session-facts.ts'
import { checkPostPolicy } from '../sigv4/check-post-policy.ts'
import { verifyPostSignature } from '../sigv4/post-authentication.ts'
import { parsePostPolicy } from '../sigv4/post-policy.ts'
import type { ContentLengthRange } from '../sigv4/post-policy-conditions.ts'
import type { SeedSignature } from '../sigv4/seed-signature.ts'
import { signedIndexOf } from '../sigv4/signed-headers.ts'
import type { SigningKeyCache } from '../sigv4/signing-key.ts'
import { verifySignature } from '../sigv4/verify.ts'
import { ALL_KEYS, refusedByGrants } from './grants.ts'
import type { FormContent, S3Request } from './read-request.ts'

/** The sender of a request. */
export interface Principal {
  readonly client: Client
  /** Set if the client signed with session keys. */
  readonly session?: SessionFacts | undefined
  /**
   * The seed of chunk signatures from the client's signature. Undefined if no signature is
   * required.
   */
  readonly verified: SeedSignature | undefined
  /** The file size that a form's policy allows; enforced as the file passes. */
  readonly contentLengthRange?: ContentLengthRange | undefined
}

/** A client's session keys, opened from their token. */
interface OpenedSession {
  readonly client: Client
  readonly secretAccessKeys: readonly string[]
  readonly facts: SessionFacts
}

/** Finds sessions by what a request presents. */
interface Sessions {
  /** The clients that sessions can be for. */
  readonly clients: readonly Client[]
  /** Undefined if the access key id is not of the form of session keys. */
  find(
    accessKeyId: string,
    sessionToken: string | undefined,
    nowMs: number,
  ): Result<OpenedSession, S3Error> | undefined
}

/** The inputs of authentication besides the request. */
export interface AuthenticationContext {
  readonly clientsByAccessKeyId: ReadonlyMap<string, Client>
  /** Undefined if no session keys are issued. */
  readonly sessions?: Sessions | undefined
  /**
   * The client that this connection admits without a signature: by its TLS certificate, or the
   * anonymous client on loopback.
   */
  readonly unsignedClient: Client | undefined
  readonly region: string
  /**
   * Further regions that a client may have signed for: `acceptRegions`, and the regions that an S3
   * host name leaves open.
   */
  readonly otherRegions?: readonly string[]
  readonly keys: SigningKeyCache
  readonly nowMs: number
  /** Whether the policy removes misplaced encryption headers. */
  readonly stripsEncryption: boolean
}

/**
 * Identifies the sender of a request, and checks that its grants cover the request. A signature
 * with a known key must verify. A signature with an unknown key is refused, unless the connection
 * admits a client without a signature: a sidecar's application signs with whatever credentials it
 * has, although no signature is required.
 */
export function identify(
  context: AuthenticationContext,
  request: S3Request,
): Result<Principal, S3Error> {
  const principal = findPrincipal(context, request)
  if (!principal.ok) return principal
  const refused = refusedByGrants(principal.value.client, request)
  if (refused === undefined) return principal
  const { client, session } = principal.value
  return failure({ ...refused, client: client.name, ...(session === undefined ? {} : { session }) })
}

/** The keys that a signature must be made with. */
export interface KeyHolder {
  readonly client: Client
  readonly secretAccessKeys: readonly string[]
  readonly sessionToken: string | undefined
  readonly session: SessionFacts | undefined
}

/**
 * Finds whose keys an access key id names. Undefined if they are nobody's. A session token that this
 * gateway did not issue for the id, or that has expired, is refused.
 */
export function findKeys(
  { clientsByAccessKeyId, sessions, nowMs }: AuthenticationContext,
  accessKeyId: string,
  sentToken: string | undefined,
): Result<KeyHolder, S3Error> | undefined {
  const client = clientsByAccessKeyId.get(accessKeyId)
  if (client?.identity.kind === 'keys') {
    const { secretAccessKeys, sessionToken } = client.identity
    return ok({ client, secretAccessKeys, sessionToken, session: undefined })
  }
  const found = sessions?.find(accessKeyId, sentToken, nowMs)
  if (found === undefined || !found.ok) return found
  const { secretAccessKeys, facts } = found.value
  // The token was opened, so it is the one that belongs to the keys.
  return ok({
    client: found.value.client,
    secretAccessKeys,
    sessionToken: sentToken,
    session: facts,
  })
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
    if (unsignedClient === undefined) return failure(refusal('anonymous'))
    return ok({ client: unsignedClient, verified: undefined })
  }
  const { accessKeyId } = authentication.credential
  const keys = findKeys(context, accessKeyId, authentication.sessionToken)
  if (keys === undefined) {
    if (unsignedClient === undefined) return failure(refusal('unknown-access-key', { accessKeyId }))
    return ok({ client: unsignedClient, verified: undefined })
  }
  if (!keys.ok) return keys
  const { client, session } = keys.value
  const verified = verifySignature({
    method: request.method,
    path: request.target.path,
    query: request.target.query,
    headers: headersToVerify(context, request),
    authentication,
    secretAccessKeys: keys.value.secretAccessKeys,
    sessionToken: keys.value.sessionToken,
    payloadHash: request.payloadHash,
    region: expectedRegion(context, authentication.credential.region),
    service: 's3',
    nowMs: context.nowMs,
    keys: context.keys,
  })
  return verified.ok ? ok({ client, session, verified: verified.value }) : verified
}

/**
 * Identifies the sender of a form. Its policy must allow the form: signature over the policy as
 * received, expiration, every condition, no extra field.
 */
function findFormSender(
  context: AuthenticationContext,
  { resource: { bucket = '' } }: S3Request,
  { authentication, fields }: FormContent,
): Result<Principal, S3Error> {
  const { unsignedClient } = context
  if (authentication === undefined) {
    if (unsignedClient === undefined) return failure(refusal('anonymous'))
    return ok({ client: unsignedClient, verified: undefined })
  }
  const { accessKeyId, region } = authentication.credential
  const keys = findKeys(context, accessKeyId, authentication.sessionToken)
  if (keys === undefined) {
    if (unsignedClient === undefined) return failure(refusal('unknown-access-key', { accessKeyId }))
    return ok({ client: unsignedClient, verified: undefined })
  }
  if (!keys.ok) return keys
  const { client, session } = keys.value
  const verified = verifyPostSignature({
    authentication,
    secretAccessKeys: keys.value.secretAccessKeys,
    sessionToken: keys.value.sessionToken,
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
  return ok({ client, session, verified: undefined, contentLengthRange })
}

/**
 * Returns the headers that the signature is verified against: without unsigned encryption headers
 * that the policy removes, because they are not sent to S3. Uploads and CreateSession accept the
 * headers, so there each must be signed.
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

/** Returns the region that the signature must name: the named one, if it is accepted. */
export function expectedRegion(
  { region, otherRegions }: Pick<AuthenticationContext, 'region' | 'otherRegions'>,
  named: string,
): string {
  return otherRegions?.includes(named) ? named : region
}

/**
 * Returns whether the request is a CORS preflight. Browsers send it without authentication, so it
 * is sent unsigned; the bucket's CORS configuration answers it.
 */
export function isPreflight({ operation }: S3Request): boolean {
  return operation.name === 'OptionsPreflight'
}

/** A preflight is unsigned: it may name any bucket that some client may use, and no other. */
function identifyPreflight(
  context: AuthenticationContext,
  { resource: { bucket = '' } }: S3Request,
): Result<Principal, S3Error> {
  const nobodys = refusedNobodysBucket(context, bucket)
  if (nobodys !== undefined) return failure(nobodys)
  return ok({ client: PREFLIGHT_CLIENT, verified: undefined })
}

/** Returns whether some client may use the bucket, whoever sent the request. */
export function isAnyClientsBucket(
  { clientsByAccessKeyId, sessions, unsignedClient }: AuthenticationContext,
  bucket: string,
): boolean {
  return (
    (sessions !== undefined && bucketsOf(sessions.clients).matches(bucket)) ||
    (unsignedClient !== undefined && matchesAny(unsignedClient.buckets, bucket)) ||
    bucketsOf(clientsByAccessKeyId).matches(bucket)
  )
}

/** Returns the buckets of all these clients, collected once: anyone may send a preflight. */
function bucketsOf(clients: readonly Client[] | ReadonlyMap<string, Client>): PatternSet {
  const known = collected.get(clients)
  if (known !== undefined) return known
  const buckets = new PatternSet([...clients.values()].map((client) => client.buckets))
  collected.set(clients, buckets)
  return buckets
}

const collected = new WeakMap<readonly Client[] | ReadonlyMap<string, Client>, PatternSet>()

/**
 * Returns the refusal of a request for a bucket that no client may use; undefined if one may. If no
 * client can be the sender (another site's page at a sidecar without an anonymous client), the
 * refusal says so.
 */
export function refusedNobodysBucket(
  context: AuthenticationContext,
  bucket: string,
): S3Error | undefined {
  if (isAnyClientsBucket(context, bucket)) return undefined
  const { clientsByAccessKeyId, sessions, unsignedClient } = context
  const canBeSomebody =
    unsignedClient !== undefined ||
    clientsByAccessKeyId.size > 0 ||
    (sessions !== undefined && sessions.clients.length > 0)
  return canBeSomebody ? refusal('bucket-not-allowed', { bucket }) : refusal('anonymous')
}

/**
 * The client whose limit preflights count towards. No client can have this name: the schema allows
 * no parentheses.
 */
export const PREFLIGHT_CLIENT: Client = {
  name: '(preflight)',
  identity: { kind: 'anonymous' },
  buckets: [compilePattern('*')],
  prefixes: ALL_KEYS,
  allow: ACCESS_CLASSES,
  upstream: undefined,
}
