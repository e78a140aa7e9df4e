import type { Client, Config } from '../config/config.ts'
import { stripsMisplacedHeaders } from '../policy/read-headers.ts'
import {
  type AuthenticationContext,
  expectedRegion,
  headersToVerify,
  isPreflight,
} from '../request/identify.ts'
import type { S3Request } from '../request/read-request.ts'
import { describeMismatch, type SignatureQuestion } from '../sigv4/describe-mismatch.ts'
import { SigningKeyCache } from '../sigv4/signing-key.ts'

/** Who may be behind a request. */
export interface ExplainedSender {
  /** What the request is judged with. */
  readonly context: AuthenticationContext
  /** Set if a sender is only supposed: what the running proxy would judge it with. */
  readonly asItStands: AuthenticationContext | undefined
}

/**
 * Says who the request comes from and whether its signature would hold. A request that nobody signed is
 * judged as if the named client had, or the first one.
 */
export function explainSender(
  config: Config,
  named: Client | undefined,
  request: S3Request,
  nowMs: number,
  say: Say,
): ExplainedSender {
  const { authentication } = request
  const context = contextOf(config, nowMs)
  if (isPreflight(request)) {
    say('client', '(none: a preflight is not authenticated)')
    return { context, asItStands: undefined }
  }
  if (authentication.kind === 'anonymous') {
    const client = named ?? config.clients[0]
    const how = named === undefined ? ' (the first; choose with --client)' : ''
    say('client', client === undefined ? '(none)' : `${client.name}${how}`)
    return { context: { ...context, unsignedClient: client }, asItStands: context }
  }
  const { accessKeyId } = authentication.credential
  const nobody = `no client has the access key ${accessKeyId}`
  const owner = context.clientsByAccessKeyId.get(accessKeyId)
  const unsigned = owner === undefined ? findUnsigned(context, named) : undefined
  say('client', (owner ?? unsigned)?.name ?? nobody)
  if (unsigned === undefined) saySignature(config, owner, request, authentication, nowMs, say)
  else say('signature', `not looked at: ${nobody}`)
  return { context: { ...context, unsignedClient: unsigned }, asItStands: undefined }
}

/** What a loopback listener of this configuration judges requests with. */
function contextOf(config: Config, nowMs: number): AuthenticationContext {
  const keyed = config.clients.flatMap((client) =>
    client.identity.kind === 'keys' ? [[client.identity.accessKeyId, client] as const] : [],
  )
  return {
    clientsByAccessKeyId: new Map(keyed),
    unsignedClient: config.clients.find(({ identity }) => identity.kind === 'anonymous'),
    region: config.upstream.region,
    otherRegions: config.upstream.acceptRegions,
    keys: new SigningKeyCache(),
    nowMs,
    stripsEncryption: stripsMisplacedHeaders(config.policy),
  }
}

/** Who is admitted whatever it signs with: by its certificate, if it is named, or anybody. */
function findUnsigned(
  { unsignedClient }: AuthenticationContext,
  named: Client | undefined,
): Client | undefined {
  return named?.identity.kind === 'certificate' ? named : unsignedClient
}

type Say = (name: string, value: string) => void

/** Says whether the signature would hold, and why not. */
function saySignature(
  config: Config,
  owner: Client | undefined,
  parsed: S3Request,
  authentication: SignatureQuestion['authentication'],
  nowMs: number,
  say: Say,
): void {
  const keys = owner?.identity.kind === 'keys' ? owner.identity : undefined
  const findings = describeMismatch({
    method: parsed.method,
    path: parsed.target.path,
    rawPath: parsed.target.rawPath,
    query: parsed.target.query,
    headers: headersToVerify({ stripsEncryption: stripsMisplacedHeaders(config.policy) }, parsed),
    authentication,
    payloadHash: parsed.payloadHash,
    secretAccessKeys: keys?.secretAccessKeys ?? [],
    sessionToken: keys?.sessionToken,
    isKnownKey: keys !== undefined,
    region: expectedRegion(
      { region: config.upstream.region, otherRegions: config.upstream.acceptRegions },
      authentication.credential.region,
    ),
    service: 's3',
    nowMs,
    keys: new SigningKeyCache(),
  })
  say('signature', findings.length === 0 ? 'good' : 'would be refused')
  for (const { reason, text } of findings) say('because', `${text} (${reason})`)
}
