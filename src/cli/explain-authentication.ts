import type { Client, Config } from '../config/config.ts'
import { matchesAny } from '../policy/pattern.ts'
import { stripsMisplacedHeaders } from '../policy/read-headers.ts'
import { expectedRegion, headersToVerify, isPreflight, refusedBucket } from '../request/identify.ts'
import type { S3Request } from '../request/read-request.ts'
import { describeMismatch, type SignatureQuestion } from '../sigv4/describe-mismatch.ts'
import { SigningKeyCache } from '../sigv4/signing-key.ts'

/** Who a request comes from. */
export interface ExplainedClient {
  /** The named one where the request itself does not tell. */
  readonly client: Client | undefined
  /** Whether the policy would be asked at all. */
  readonly isAdmitted: boolean
}

/** Says who the request comes from, and whether its signature and its buckets would be admitted. */
export function explainAuthentication(
  config: Config,
  named: Client | undefined,
  parsed: S3Request,
  nowMs: number,
  say: Say,
): ExplainedClient {
  const { authentication } = parsed
  if (isPreflight(parsed)) {
    say('client', '(none: a preflight is not authenticated)')
    return { client: undefined, isAdmitted: sayPreflight(config, parsed, say) }
  }
  if (authentication.kind === 'anonymous') {
    const client = named ?? config.clients[0]
    const how = named === undefined ? ' (the first; choose with --client)' : ''
    say('client', client === undefined ? '(none)' : `${client.name}${how}`)
    return { client, isAdmitted: sayBuckets(client, parsed, say) }
  }
  const { accessKeyId } = authentication.credential
  const nobody = `no client has the access key ${accessKeyId}`
  const owner = config.clients.find(
    ({ identity }) => identity.kind === 'keys' && identity.accessKeyId === accessKeyId,
  )
  const unsigned = owner === undefined ? findUnsigned(config, named) : undefined
  const client = owner ?? unsigned
  say('client', client?.name ?? nobody)
  const hasBuckets = sayBuckets(client, parsed, say)
  if (unsigned !== undefined) {
    say('signature', `not looked at: ${nobody}`)
    return { client, isAdmitted: hasBuckets }
  }
  const isGood = saySignature(config, owner, parsed, authentication, nowMs, say)
  return { client: client ?? named, isAdmitted: hasBuckets && isGood }
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
): boolean {
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
  return findings.length === 0
}

/** Who is admitted whatever it signs with: by its certificate, if it is named, or anybody. */
function findUnsigned({ clients }: Config, named: Client | undefined): Client | undefined {
  if (named?.identity.kind === 'certificate') return named
  return clients.find(({ identity }) => identity.kind === 'anonymous')
}

/** Says so where no client may touch the bucket: a preflight goes no further than that either. */
function sayPreflight({ clients }: Config, { resource }: S3Request, say: Say): boolean {
  const { bucket = '' } = resource
  const isSomebodys = clients.some(({ buckets }) => matchesAny(buckets, bucket))
  if (!isSomebodys) say('refused', `403 AccessDenied: no client may touch the bucket ${bucket}`)
  return isSomebodys
}

/** Says which buckets the client may not touch; gives whether it is none. */
function sayBuckets(client: Client | undefined, parsed: S3Request, say: Say): boolean {
  if (client === undefined || refusedBucket(client, parsed) === undefined) return true
  const { resource, copySource } = parsed
  const refused = [resource.bucket, copySource?.bucket]
    .filter((bucket) => bucket !== undefined && !matchesAny(client.buckets, bucket))
    .map((bucket) => `touch the bucket ${bucket}`)
  for (const what of refused.length === 0 ? ['list all buckets'] : refused) {
    say('refused', `403 AccessDenied: ${client.name} may not ${what}`)
  }
  return false
}
