import type { Client, Config } from '../config/config.ts'
import { matchesAny } from '../policy/pattern.ts'
import { isPreflight } from '../proxy/authenticate.ts'
import type { ParsedRequest } from '../proxy/parse-request.ts'
import { describeMismatch } from '../sigv4/describe-mismatch.ts'
import { SigningKeyCache } from '../sigv4/signing-key.ts'

/**
 * Says who the request comes from and whether its signature would hold; gives the client, the named
 * one where the request itself does not tell.
 */
export function explainAuthentication(
  config: Config,
  named: Client | undefined,
  parsed: ParsedRequest,
  nowMs: number,
  say: (name: string, value: string) => void,
): Client | undefined {
  const { authentication } = parsed
  if (isPreflight(parsed)) {
    say('client', '(none: a preflight is not authenticated)')
    return undefined
  }
  if (authentication.kind === 'anonymous') {
    const client = named ?? config.clients[0]
    say(
      'client',
      client === undefined
        ? '(none)'
        : `${client.name}${named ? '' : ' (the first; choose with --client)'}`,
    )
    sayBuckets(client, parsed, say)
    return client
  }
  const { accessKeyId } = authentication.credential
  const client = config.clients.find(
    ({ identity }) => identity.kind === 'keys' && identity.accessKeyId === accessKeyId,
  )
  say('client', client?.name ?? `no client has the access key ${accessKeyId}`)
  sayBuckets(client, parsed, say)
  const { identity } = client ?? {}
  const keys = identity?.kind === 'keys' ? identity : undefined
  const findings = describeMismatch({
    method: parsed.method,
    path: parsed.target.path,
    rawPath: parsed.target.rawPath,
    query: parsed.target.query,
    headers: parsed.receivedHeaders,
    authentication,
    payloadHash: parsed.payloadHash,
    secretAccessKeys: keys?.secretAccessKeys ?? [],
    sessionToken: keys?.sessionToken,
    isKnownKey: keys !== undefined,
    region: config.upstream.region,
    service: 's3',
    nowMs,
    keys: new SigningKeyCache(),
  })
  say('signature', findings.length === 0 ? 'good' : 'would be refused')
  for (const { reason, text } of findings) say('because', `${text} (${reason})`)
  return client ?? named
}

function sayBuckets(
  client: Client | undefined,
  { resource, copySource }: ParsedRequest,
  say: (name: string, value: string) => void,
): void {
  if (client === undefined) return
  for (const bucket of [resource.bucket, copySource?.bucket]) {
    if (bucket !== undefined && !matchesAny(client.buckets, bucket)) {
      say('refused', `403 AccessDenied: ${client.name} may not touch the bucket ${bucket}`)
    }
  }
}
