import { importJWK, type JWK } from 'jose'

/** A key that verifies identity tokens, with the one algorithm that it is for. */
export interface VerificationKey {
  readonly keyId: string | undefined
  readonly algorithm: string
  readonly key: Awaited<ReturnType<typeof importJWK>>
}

/** Limit of the text of a key set, in characters; GitHub's has 4,000. */
export const KEY_SET_LENGTH_MAX = 262_144
const KEYS_MAX = 100

/** Asymmetric signatures only: a key set is public, so a MAC with a key of it proves nothing. */
export const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

const CURVE_ALGORITHMS: Readonly<Record<string, string>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'EdDSA',
}

/**
 * Reads a JSON Web Key Set. Skips keys that do not verify signatures, or that this program does not
 * know; undefined if none is left, or if the text is no key set.
 *
 * Source: RFC 7517 section 5
 */
export async function parseKeySet(text: string): Promise<readonly VerificationKey[] | undefined> {
  const entries = readEntries(text)
  if (entries === undefined || entries.length > KEYS_MAX) return undefined
  const keys: VerificationKey[] = []
  for (const entry of entries) {
    const key = await importKey(entry)
    if (key !== undefined) keys.push(key)
  }
  return keys.length === 0 ? undefined : keys
}

/**
 * Finds the key for a token's head. A token that names no key is verified if there is only one. The
 * token's algorithm must be the key's.
 */
export function findKey(
  keys: readonly VerificationKey[],
  keyId: string | undefined,
): VerificationKey | undefined {
  if (keyId !== undefined) return keys.find((key) => key.keyId === keyId)
  return keys.length === 1 ? keys[0] : undefined
}

function readEntries(text: string): readonly unknown[] | undefined {
  if (text.length > KEY_SET_LENGTH_MAX) return undefined
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return undefined
  }
  const entries = member(document, 'keys')
  return Array.isArray(entries) ? entries : undefined
}

async function importKey(entry: unknown): Promise<VerificationKey | undefined> {
  const text = (name: string): string | undefined => {
    const value = member(entry, name)
    return typeof value === 'string' ? value : undefined
  }
  const use = text('use')
  // SPIFFE's bundles name the use of JWT-SVID keys so.
  if (use !== undefined && use !== 'sig' && use !== 'jwt-svid') return undefined
  const operations = member(entry, 'key_ops')
  if (Array.isArray(operations) && !operations.includes('verify')) return undefined
  const { kty, crv } = { kty: text('kty'), crv: text('crv') }
  const algorithm = text('alg') ?? (kty === 'RSA' ? 'RS256' : CURVE_ALGORITHMS[crv ?? ''])
  const jwk = publicKey(kty, crv, text)
  if (algorithm === undefined || jwk === undefined || !isFor(algorithm, kty, crv)) return undefined
  try {
    return { keyId: text('kid'), algorithm, key: await importJWK(jwk, algorithm) }
  } catch {
    return undefined
  }
}

/** Only the public members: a set that holds private keys by mistake is read like any other. */
function publicKey(
  kty: string | undefined,
  crv: string | undefined,
  text: (name: string) => string | undefined,
): JWK | undefined {
  const [n, e, x, y] = [text('n'), text('e'), text('x'), text('y')]
  if (kty === 'RSA') return n === undefined || e === undefined ? undefined : { kty, n, e }
  if (crv === undefined || x === undefined) return undefined
  if (kty === 'OKP') return { kty, crv, x }
  return kty === 'EC' && y !== undefined ? { kty, crv, x, y } : undefined
}

/** Whether the algorithm is one that we verify, and one for this kind of key. */
function isFor(algorithm: string, kty: string | undefined, crv: string | undefined): boolean {
  if (!ALGORITHMS.some((known) => known === algorithm)) return false
  if (kty === 'RSA') return algorithm.startsWith('RS') || algorithm.startsWith('PS')
  return CURVE_ALGORITHMS[crv ?? ''] === algorithm
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
