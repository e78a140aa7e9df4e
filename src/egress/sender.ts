import { createHash, timingSafeEqual } from 'node:crypto'
import { type HeaderList, headerCount, headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { Client } from '../config/config.ts'
import type { EgressIdentity } from '../proxy/egress-identity.ts'
import type { Generation } from '../proxy/generation.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import type { EgressSettings } from './egress-settings.ts'

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

/** The sender that a Proxy-Authorization field names: absent, a client, or unknown. */
type ProxyCredential =
  | { readonly kind: 'absent' }
  | { readonly kind: 'client'; readonly client: Client }
  | { readonly kind: 'wrong' }

/** Limit of a credential; access keys, names and secrets are all shorter. */
const CREDENTIAL_CHARS_MAX = 1024

/** Finds clients by their user names in Proxy-Authorization. */
export class ProxyClients {
  readonly #byUser = new Map<string, Client>()

  /**
   * The user name is the access key id or the client's name, the password is the secret access key.
   * Clients with a session token are excluded: Basic has no field for it.
   */
  constructor(clients: readonly Client[]) {
    const named = clients.filter(
      ({ identity }) => identity.kind === 'keys' && identity.sessionToken === undefined,
    )
    for (const client of named) this.#byUser.set(client.name, client)
    // Added last, so that no name overrides an access key.
    for (const client of named) {
      if (client.identity.kind === 'keys') this.#byUser.set(client.identity.accessKeyId, client)
    }
  }

  /**
   * Parses and verifies Proxy-Authorization; the secret is compared in constant time.
   *
   * Source: RFC 7617
   */
  identify(headers: HeaderList): ProxyCredential {
    const count = headerCount(headers, 'proxy-authorization')
    if (count === 0) return { kind: 'absent' }
    const basic =
      count === 1 ? parseBasic(headerValue(headers, 'proxy-authorization') ?? '') : undefined
    if (basic === undefined) return { kind: 'wrong' }
    const client = this.#byUser.get(basic.user)
    const secrets = client?.identity.kind === 'keys' ? client.identity.secretAccessKeys : ['']
    let isRight = false
    for (const secret of secrets) {
      if (equalTexts(secret, basic.password)) isRight = true
    }
    return client !== undefined && isRight ? { kind: 'client', client } : { kind: 'wrong' }
  }
}

function parseBasic(
  value: string,
): { readonly user: string; readonly password: string } | undefined {
  if (value.length > CREDENTIAL_CHARS_MAX || value.slice(0, 6).toLowerCase() !== 'basic ') {
    return undefined
  }
  const text = Buffer.from(value.slice(6).trim(), 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 1) return undefined
  return { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

function equalTexts(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest()
}
