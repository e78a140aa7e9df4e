import type { HeaderList } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { Client } from '../config/config.ts'
import type { EgressIdentity } from '../proxy/egress-identity.ts'
import type { Generation } from '../proxy/generation.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import type { EgressSettings } from './egress-settings.ts'
import { ProxyClients } from './proxy-authorization.ts'

const clientsByGeneration = new WeakMap<Generation, ProxyClients>()

/**
 * Identifies the sender of traffic through the proxy: by Proxy-Authorization, or on a loopback
 * listener without it, the anonymous client. Undefined if unknown. A wrong credential is refused,
 * 407.
 */
export function identifySender(
  generation: Generation,
  { config }: EgressSettings,
  headers: HeaderList,
): Result<Client | undefined, S3Error> {
  let clients = clientsByGeneration.get(generation)
  if (clients === undefined) {
    clients = new ProxyClients(generation.config.clients)
    clientsByGeneration.set(generation, clients)
  }
  const credential = clients.identify(headers)
  switch (credential.kind) {
    case 'client':
      return ok(credential.client)
    case 'wrong':
      return failure(refusal('egress-proxy-authentication'))
    case 'absent':
      return ok(config.isLoopback ? anonymousClient(generation) : undefined)
  }
}

/**
 * Returns whether a request for S3 requires Proxy-Authorization: signatures are not verified and
 * there is no anonymous client. Many clients send it only after a 407.
 */
export function mustBeNamed({ egress }: EgressSettings, sender: Client | undefined): boolean {
  return sender === undefined && !egress.verifySignatures
}

/** Returns whether unknown senders may reach the other listed hosts: on loopback only. */
export function mayBeUnknown(settings: EgressSettings): boolean {
  return settings.config.isLoopback
}

/**
 * Returns the client of a request for S3 without a valid signature; undefined if it needs a
 * signature.
 */
export function unsignedClient(
  generation: Generation,
  { config, egress }: EgressSettings,
  sender: Client | undefined,
): EgressIdentity['unsignedClient'] {
  if (!egress.verifySignatures) return sender
  return config.isLoopback ? anonymousClient(generation) : undefined
}

function anonymousClient(generation: Generation): Client | undefined {
  return generation.config.clients.find(({ identity }) => identity.kind === 'anonymous')
}
