import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { KEY_ID_BYTES, type SealingKey } from './sealing-key.ts'

/** The contents of a session token. */
interface SealedSession {
  /** The name of the client in the configuration. */
  readonly client: string
  /** `iss` of the identity token. */
  readonly issuer: string
  /** `sub` of the identity token. */
  readonly subject: string
  readonly sessionName: string
  /** The beginning of the SHA-256 of the identity token, 32 lower-case hex digits. */
  readonly tokenId: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

/** The keys that a client signs with. */
export interface SessionKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

/** A session token that was opened: what it says, and the secret that belongs to it. */
interface OpenedToken extends SealedSession {
  readonly secretAccessKey: string
}

/** The random bytes of a session. */
interface SessionRandom {
  /** {@link SALT_BYTES}. */
  readonly salt: Buffer
  /** {@link ACCESS_KEY_BYTES}. */
  readonly accessKey: Buffer
}

export const SALT_BYTES = 32
export const ACCESS_KEY_BYTES = 10
/** A token of the longest subject, issuer and names has about 5,500 characters. */
export const SESSION_TOKEN_LENGTH_MAX = 8192

/** Other than AWS's `ASIA`, so that nobody takes these keys to AWS. */
const ACCESS_KEY_PREFIX = 'SGWI'
const ACCESS_KEY_ID = /^SGWI[A-Z2-7]{16}$/
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

const VERSION = 1
const HEAD_BYTES = 1 + KEY_ID_BYTES + SALT_BYTES
const TAG_BYTES = 16

/** Returns whether an access key id has the form of those that session tokens belong to. */
export function isSessionAccessKeyId(text: string): boolean {
  return ACCESS_KEY_ID.test(text)
}

/**
 * Seals a session: its token, which only holders of the sealing key can make or read, and its keys.
 * Nothing is stored: the token has all that {@link openSessionToken} needs.
 *
 * The token is base64url of: version (1 byte), id of the sealing key (8), salt (32), AES-256-GCM of the
 * contents, tag (16). The head and the access key id are authenticated with it.
 */
export function sealSession(
  key: SealingKey,
  session: SealedSession,
  random: SessionRandom,
): SessionKeys {
  const accessKeyId = ACCESS_KEY_PREFIX + base32(random.accessKey)
  const head = Buffer.concat([Buffer.of(VERSION), key.id, random.salt])
  const { key: aesKey, iv } = key.tokenKey(random.salt)
  const cipher = createCipheriv('aes-256-gcm', aesKey, iv)
  cipher.setAAD(authenticated(head, accessKeyId))
  const sealed = Buffer.concat([
    head,
    cipher.update(serialize(session), 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ])
  return {
    accessKeyId,
    secretAccessKey: key.secretAccessKey(tokenDigest(sealed, accessKeyId)),
    sessionToken: sealed.toString('base64url'),
  }
}

/**
 * Opens a session token. Undefined unless one of these keys sealed it, for this access key id, and
 * it is byte for byte what was issued. The expiry is not checked.
 */
export function openSessionToken(
  keys: readonly SealingKey[],
  accessKeyId: string,
  token: string,
): OpenedToken | undefined {
  if (token.length > SESSION_TOKEN_LENGTH_MAX) return undefined
  const sealed = Buffer.from(token, 'base64url')
  // One text for one token: the decoder skips foreign characters and ignores spare bits.
  if (sealed.toString('base64url') !== token) return undefined
  if (sealed.length < HEAD_BYTES + TAG_BYTES || sealed[0] !== VERSION) return undefined
  const head = sealed.subarray(0, HEAD_BYTES)
  const id = head.subarray(1, 1 + KEY_ID_BYTES)
  const key = keys.find((candidate) => candidate.id.equals(id))
  if (key === undefined) return undefined
  const text = decrypt(key, head, sealed.subarray(HEAD_BYTES), accessKeyId)
  const session = text === undefined ? undefined : parse(text)
  if (session === undefined) return undefined
  return { ...session, secretAccessKey: key.secretAccessKey(tokenDigest(sealed, accessKeyId)) }
}

function decrypt(
  key: SealingKey,
  head: Buffer,
  rest: Buffer,
  accessKeyId: string,
): string | undefined {
  const { key: aesKey, iv } = key.tokenKey(head.subarray(1 + KEY_ID_BYTES))
  const decipher = createDecipheriv('aes-256-gcm', aesKey, iv, { authTagLength: TAG_BYTES })
  const at = rest.length - TAG_BYTES
  decipher.setAAD(authenticated(head, accessKeyId))
  decipher.setAuthTag(rest.subarray(at))
  try {
    return decipher.update(rest.subarray(0, at), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return undefined
  }
}

function authenticated(head: Buffer, accessKeyId: string): Buffer {
  return Buffer.concat([head, Buffer.from(accessKeyId, 'latin1')])
}

function tokenDigest(sealed: Buffer, accessKeyId: string): Buffer {
  return createHash('sha256').update(sealed).update(accessKeyId, 'latin1').digest()
}

function serialize(session: SealedSession): string {
  const { client, issuer, subject, sessionName, tokenId, expiresAt } = session
  return JSON.stringify([client, issuer, subject, sessionName, tokenId, expiresAt])
}

/** Only this program writes the text; another version of it may have other contents. */
function parse(text: string): SealedSession | undefined {
  const values: unknown = JSON.parse(text)
  if (!Array.isArray(values) || values.length !== 6) return undefined
  const [client, issuer, subject, sessionName, tokenId, expiresAt]: readonly unknown[] = values
  if (
    typeof client !== 'string' ||
    typeof issuer !== 'string' ||
    typeof subject !== 'string' ||
    typeof sessionName !== 'string' ||
    typeof tokenId !== 'string' ||
    typeof expiresAt !== 'number'
  ) {
    return undefined
  }
  return { client, issuer, subject, sessionName, tokenId, expiresAt }
}

/** Five bits for each character; the length is a multiple of five bytes. */
function base32(bytes: Buffer): string {
  let text = ''
  let bits = 0
  let count = 0
  for (const byte of bytes) {
    bits = (bits << 8) | byte
    count += 8
    while (count >= 5) {
      count -= 5
      text += BASE32[(bits >> count) & 31]
    }
    bits &= (1 << count) - 1
  }
  return text
}
