import type { Client, Config } from '../config/config.ts'
import { matchesAny } from '../policy/pattern.ts'
import type { ParsedRequest } from '../proxy/parse-request.ts'

/**
 * Says who the request comes from and whether its signature would hold; gives the client, the named
 * one where the request itself does not tell.
 */
export function explainAuthentication(
  config: Config,
  named: Client | undefined,
  parsed: ParsedRequest,
  say: (name: string, value: string) => void,
): Client | undefined {
  const { authentication } = parsed
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
