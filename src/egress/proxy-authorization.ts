import { createHash, timingSafeEqual } from 'node:crypto'
import { type HeaderList, headerCount, headerValue } from '../base/header-list.ts'
import type { Client } from '../config/config.ts'

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
