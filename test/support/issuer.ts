import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

/** A signing key of the issuer. */
export interface IssuerKey {
  readonly keyId: string
  readonly algorithm: string
  readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey']
  readonly jwk: JWK
}

/** Makes a key for that algorithm. */
export async function makeIssuerKey(algorithm = 'ES256', keyId = 'key-1'): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: keyId, alg: algorithm, use: 'sig' }
  return { keyId, algorithm, privateKey, jwk }
}

/** Signs a token with the key; `header` replaces fields of its head. */
export function signToken(
  key: IssuerKey,
  claims: JWTPayload,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.algorithm, kid: key.keyId, typ: 'JWT', ...header })
    .sign(key.privateKey)
}

const KEY_SET_TYPE = 'application/jwk-set+json'

/** An issuer of identity tokens on loopback: discovery, its keys, and how often they were read. */
export class Issuer {
  readonly url: string
  readonly #stop: () => void
  keys: readonly IssuerKey[]
  /** Answers of the keys' address; replaced by a test to break them. */
  answer: { readonly status: number; readonly location?: string; readonly text?: string } = {
    status: 200,
  }
  reads = 0

  private constructor(url: string, keys: readonly IssuerKey[], stop: () => void) {
    this.url = url
    this.keys = keys
    this.#stop = stop
  }

  /** Opens it with one key. */
  static async open(): Promise<Issuer> {
    const opened: { issuer?: Issuer } = {}
    const server = createServer((request, response) => {
      const { issuer } = opened
      if (issuer === undefined) return
      if (request.url === '/.well-known/openid-configuration') {
        const document = { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }
        response.setHeader('content-type', 'application/json').end(JSON.stringify(document))
        return
      }
      issuer.reads++
      const { status, location, text } = issuer.answer
      // As the API server of Kubernetes does.
      const isTaken = request.headers.accept?.includes(KEY_SET_TYPE) ?? true
      response.statusCode = isTaken ? status : 406
      response.setHeader('content-type', KEY_SET_TYPE)
      if (location !== undefined) response.setHeader('location', location)
      response.end(text ?? JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) }))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const stop = (): void => {
      server.close()
      server.closeAllConnections()
    }
    const issuer = new Issuer(`http://127.0.0.1:${port}`, [await makeIssuerKey()], stop)
    opened.issuer = issuer
    return issuer
  }

  /** A token for the audience `sealgate`, good for ten minutes; claims replace those. */
  token(claims: JWTPayload = {}, key: IssuerKey | undefined = this.keys[0]): Promise<string> {
    if (key === undefined) throw new Error('the issuer has no key')
    const now = Math.floor(Date.now() / 1000)
    return signToken(key, {
      iss: this.url,
      aud: 'sealgate',
      sub: 'system:serviceaccount:billing:app',
      iat: now,
      nbf: now,
      exp: now + 600,
      ...claims,
    })
  }

  close(): void {
    this.#stop()
  }
}
