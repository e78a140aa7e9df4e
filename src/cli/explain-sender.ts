import type { Client, Config } from '../config/config.ts'
import { stripsMisplacedHeaders } from '../policy/read-headers.ts'
import { isOtherSite } from '../proxy/other-site.ts'
import {
  type AuthenticationContext,
  expectedRegion,
  findKeys,
  headersToVerify,
  identify,
  isPreflight,
  type KeyHolder,
} from '../request/identify.ts'
import type { S3Request } from '../request/read-request.ts'
import type { S3Error } from '../s3/error.ts'
import { describeMismatch, type SignatureQuestion } from '../sigv4/describe-mismatch.ts'
import { SigningKeyCache } from '../sigv4/signing-key.ts'
import { SessionAuthority } from '../sts/session-authority.ts'
import type { ExplainedRequest, ExplainSettings } from './explain-request.ts'

/** The sender of a request, as far as it is known. */
export interface ExplainedSender {
  /** Undefined for a preflight, or for a key that no client has. */
  readonly client: Client | undefined
  /** True if no client was named: `client` is the first of the configuration. */
  readonly isFirst: boolean
  /**
   * True if the request is judged as if `client` had sent it, which the running proxy would not
   * assume.
   */
  readonly isSupposed: boolean
  /** Undefined if the request is unsigned. */
  readonly signature: SignatureFinding | undefined
  /** The context that judges the request. */
  readonly context: AuthenticationContext
}

/** The findings about a signature. */
export interface SignatureFinding {
  readonly state: 'good' | 'refused' | 'not-verified'
  readonly accessKeyId: string
  /** Why it would be refused, or why it is not verified. Contains no secret and no signature. */
  readonly because: readonly { readonly reason: string; readonly text: string }[]
}

/** Builds the context with which a loopback listener of this configuration judges the request. */
export function contextOf(
  config: Config,
  { headers, isTls }: Pick<ExplainedRequest, 'headers' | 'isTls'>,
  nowMs: number,
): AuthenticationContext {
  const keyed = config.clients.flatMap((client) =>
    client.identity.kind === 'keys' ? [[client.identity.accessKeyId, client] as const] : [],
  )
  const anonymous = config.clients.find(({ identity }) => identity.kind === 'anonymous')
  return {
    clientsByAccessKeyId: new Map(keyed),
    sessions: sessionsOf(config),
    unsignedClient: isOtherSite(headers, isTls) ? undefined : anonymous,
    region: config.upstream.region,
    otherRegions: config.upstream.acceptRegions,
    keys: new SigningKeyCache(),
    nowMs,
    stripsEncryption: stripsMisplacedHeaders(config.policy),
  }
}

/**
 * Identifies the sender and checks whether its signature would verify. `context`: the context of
 * the running proxy. An unsigned request is judged as if it came from the named client, otherwise
 * from the anonymous client, otherwise from the first one.
 */
export function explainSender(
  config: Config,
  context: AuthenticationContext,
  settings: ExplainSettings,
  request: S3Request,
): ExplainedSender {
  const plain = { isFirst: false, isSupposed: false, signature: undefined, context }
  if (isPreflight(request)) return { ...plain, client: undefined }
  const { as, hasSecrets } = settings
  const accessKeyId = accessKeyIdOf(request)
  if (as !== undefined) {
    const signature = notVerified(accessKeyId, 'as-if-signed', `as if ${as.name} had signed it`)
    return { ...plain, client: as, isSupposed: true, signature, context: asIf(context, as) }
  }
  const { unsignedClient } = context
  if (accessKeyId === undefined) {
    if (unsignedClient !== undefined) return { ...plain, client: unsignedClient }
    const [client] = config.clients
    return { ...plain, client, isFirst: true, isSupposed: true, context: asIf(context, client) }
  }
  const keys = findKeys(context, accessKeyId, sessionTokenOf(request))
  if (keys?.ok === false) {
    const unread = 'no sealing key was read (--no-secrets): name the client with --client'
    const signature = hasSecrets
      ? refused(accessKeyId, keys.error)
      : notVerified(accessKeyId, 'no-secrets', unread)
    return { ...plain, client: undefined, signature }
  }
  const owner = keys?.value.client
  if (owner === undefined && unsignedClient !== undefined) {
    const signature = notVerified(accessKeyId, 'unknown-access-key', nobodyHas(accessKeyId))
    return { ...plain, client: unsignedClient, signature }
  }
  if (owner !== undefined && !hasSecrets) {
    const signature = notVerified(accessKeyId, 'no-secrets', 'no secret was read (--no-secrets)')
    return { ...plain, client: owner, signature, context: asIf(context, owner) }
  }
  const signature = findSignature(context, keys?.value, request, accessKeyId)
  return { ...plain, client: owner, signature }
}

/** The message for a key that no client of the configuration has. */
export function nobodyHas(accessKeyId: string): string {
  return `no client has the access key ${accessKeyId}`
}

/** Session keys are opened with the sealing keys, so these must have been read. */
function sessionsOf({ sts, clients }: Config): AuthenticationContext['sessions'] {
  if (sts === undefined) return undefined
  const offline = {
    read: () => Promise.reject(new Error('explain reads nothing')),
    nowMs: () => 0,
    onRead: () => undefined,
  }
  return new SessionAuthority(sts, clients, offline, undefined)
}

function refused(accessKeyId: string, { reason, message }: S3Error): SignatureFinding {
  return { state: 'refused', accessKeyId, because: [{ reason, text: message }] }
}

function sessionTokenOf({ authentication, form }: S3Request): string | undefined {
  if (form?.authentication !== undefined) return form.authentication.sessionToken
  return authentication.kind === 'anonymous' ? undefined : authentication.sessionToken
}

function accessKeyIdOf({ authentication, form }: S3Request): string | undefined {
  if (form?.authentication !== undefined) return form.authentication.credential.accessKeyId
  return authentication.kind === 'anonymous' ? undefined : authentication.credential.accessKeyId
}

function asIf(context: AuthenticationContext, client: Client | undefined): AuthenticationContext {
  return {
    ...context,
    clientsByAccessKeyId: new Map(),
    sessions: undefined,
    unsignedClient: client,
  }
}

function notVerified(
  accessKeyId: string | undefined,
  reason: string,
  text: string,
): SignatureFinding | undefined {
  if (accessKeyId === undefined) return undefined
  return { state: 'not-verified', accessKeyId, because: [{ reason, text }] }
}

/** Checks whether the signature would verify, and why not. */
function findSignature(
  context: AuthenticationContext,
  keys: KeyHolder | undefined,
  request: S3Request,
  accessKeyId: string,
): SignatureFinding {
  const { authentication } = request
  const because =
    authentication.kind === 'anonymous'
      ? formFindings(context, request)
      : describeMismatch(mismatchQuestion(context, keys, request, authentication))
  return { state: because.length === 0 ? 'good' : 'refused', accessKeyId, because }
}

/** A form's signature covers its policy text, so there are no guesses to try. */
function formFindings(context: AuthenticationContext, request: S3Request) {
  const identified = identify(context, request)
  // An error with a client's name is about its buckets, not about the signature.
  if (identified.ok || identified.error.client !== undefined) return []
  return [{ reason: identified.error.reason, text: identified.error.message }]
}

function mismatchQuestion(
  context: AuthenticationContext,
  keys: KeyHolder | undefined,
  request: S3Request,
  authentication: SignatureQuestion['authentication'],
): SignatureQuestion {
  return {
    method: request.method,
    path: request.target.path,
    rawPath: request.target.rawPath,
    query: request.target.query,
    headers: headersToVerify(context, request),
    authentication,
    payloadHash: request.payloadHash,
    secretAccessKeys: keys?.secretAccessKeys ?? [],
    sessionToken: keys?.sessionToken,
    isKnownKey: keys !== undefined,
    region: expectedRegion(context, authentication.credential.region),
    service: 's3',
    nowMs: context.nowMs,
    keys: context.keys,
  }
}
