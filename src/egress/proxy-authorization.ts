import { createHash, timingSafeEqual } from 'node:crypto'
import { type HeaderList, headerCount, headerValue } from '../base/header-list.ts'
import type { Client } from '../config/config.ts'

/** Whom a Proxy-Authorization field names: nobody, a client, or nobody that is known here. */
type ProxyCredential =
  | { readonly kind: 'absent' }
  | { readonly kind: 'client'; readonly client: Client }
  | { readonly kind: 'wrong' }

/** An access key, a name and a secret are all shorter. */
const CREDENTIAL_CHARS_MAX = 1024

/** The clients, by what they may call themselves in Proxy-Authorization. */
export class ProxyClients {
  readonly #byUser = new Map<string, Client>()

  /**
   * The user is the access key id, or the client's name, the password the secret access key. A client
   * with a session token is left out: Basic has no place for it.
   */
  constructor(clients: readonly Client[]) {
    const named = clients.filter(
      ({ identity }) => identity.kind === 'keys' && identity.sessionToken === undefined,
    )
    for (const client of named) this.#byUser.set(client.name, client)
    // Second, so that no name takes the place of an access key.
    for (const client of named) {
      if (client.identity.kind === 'keys') this.#byUser.set(client.identity.accessKeyId, client)
    }
  }

  /**
   * Reads and checks Proxy-Authorization; the secret is compared in constant time.
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
