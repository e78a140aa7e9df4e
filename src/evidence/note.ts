import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { failure, ok, type Result } from '../base/result.ts'

/** Signature type Ed25519 of a signed note. */
const ED25519 = 0x01
/** DER of an Ed25519 public key, up to its 32 bytes. Source: RFC 8410, section 4 */
const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex')
const PUBLIC_KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const KEY_ID_BYTES = 4
/** U+2014, the em dash at the start of a signature line. */
const DASH = '\u2014 '
/** Limit of parsed signatures; the specification requires at least 16. */
const SIGNATURES_MAX = 64
const NOTE_BYTES_MAX = 1024 * 1024

/** Verifies the signatures of one key. */
export interface NoteVerifier {
  /** Not empty; no Unicode space, no plus. */
  readonly name: string
  /** 4 bytes. */
  readonly keyId: Buffer
  readonly publicKey: KeyObject
}

/** Signs with one key. */
interface NoteSigner {
  readonly name: string
  readonly privateKey: KeyObject
}

/** A note whose signatures were verified. */
interface VerifiedNote {
  /** The signed text; ends in a newline. */
  readonly text: string
  /** The keys whose signature was found and verified; at least one. */
  readonly verifiers: readonly NoteVerifier[]
}

/**
 * Returns whether the text is a valid key name: not empty, no Unicode space, no plus, no control
 * character.
 */
export function isKeyName(name: string): boolean {
  return /^[^\s\p{Cc}\p{Z}+]+$/u.test(name)
}

/**
 * The verifier key of a signer, as one line of text: `name+hex(key id)+base64(type ‖ public key)`.
 *
 * Source: https://c2sp.org/signed-note
 */
export function formatVerifierKey({ name, privateKey }: NoteSigner): string {
  const key = Buffer.concat([Buffer.of(ED25519), rawPublicKey(createPublicKey(privateKey))])
  return `${name}+${keyIdOf(name, key).toString('hex')}+${key.toString('base64')}`
}

/** The text of a verifier key that was parsed. */
export function verifierKeyText({ name, keyId, publicKey }: NoteVerifier): string {
  const key = Buffer.concat([Buffer.of(ED25519), rawPublicKey(publicKey)])
  return `${name}+${keyId.toString('hex')}+${key.toString('base64')}`
}

/**
 * Parses a verifier key; the failure describes the problem. Source: https://c2sp.org/signed-note
 */
export function parseVerifierKey(text: string): Result<NoteVerifier, string> {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text.trim())
  const [, name = '', hex = '', base64 = ''] = match ?? []
  if (match === null || !isKeyName(name)) return failure('not a verifier key (name+hash+key)')
  const key = decodeBase64(base64)
  if (key === undefined || key[0] !== ED25519 || key.length !== 1 + PUBLIC_KEY_BYTES) {
    return failure('not an Ed25519 verifier key')
  }
  const keyId = keyIdOf(name, key)
  if (keyId.toString('hex') !== hex) return failure('the hash of the verifier key does not fit it')
  const der = Buffer.concat([SPKI_ED25519, key.subarray(1)])
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' })
  return ok({ name, keyId, publicKey })
}

/** Signs a text, which ends in a newline, with each of the keys. Source: https://c2sp.org/signed-note */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  const bytes = Buffer.from(text, 'utf8')
  const lines = signers.map(({ name, privateKey }) => {
    const publicKey = rawPublicKey(createPublicKey(privateKey))
    const keyId = keyIdOf(name, Buffer.concat([Buffer.of(ED25519), publicKey]))
    const signature = Buffer.concat([keyId, sign(null, bytes, privateKey)])
    return `${DASH}${name} ${signature.toString('base64')}\n`
  })
  return `${text}\n${lines.join('')}`
}

/**
 * Parses a signed note and verifies it. Signatures of unknown keys are ignored. The note fails if a
 * signature of a known key is invalid, or if there is none. The failure describes the problem.
 *
 * Source: https://c2sp.org/signed-note
 */
export function openNote(
  note: Buffer,
  verifiers: readonly NoteVerifier[],
): Result<VerifiedNote, string> {
  const split = splitNote(note)
  if (!split.ok) return split
  const { text, lines } = split.value
  const bytes = Buffer.from(text, 'utf8')
  const found = new Set<NoteVerifier>()
  for (const line of lines) {
    const signature = parseSignatureLine(line)
    if (signature === undefined) return failure('a signature line is malformed')
    const verifier = verifiers.find(
      ({ name, keyId }) => name === signature.name && keyId.equals(signature.keyId),
    )
    if (verifier === undefined) continue
    const isGood =
      signature.bytes.length === SIGNATURE_BYTES &&
      verify(null, bytes, verifier.publicKey, signature.bytes)
    if (!isGood) return failure(`the signature of ${verifier.name} does not hold`)
    found.add(verifier)
  }
  if (found.size === 0) return failure('no signature of a known key')
  return ok({ text, verifiers: [...found] })
}

interface SplitNote {
  readonly text: string
  readonly lines: readonly string[]
}

/** Splits a note at the last empty line: the signed text, and the signature lines. */
function splitNote(note: Buffer): Result<SplitNote, string> {
  if (note.length > NOTE_BYTES_MAX) return failure('the note is too long')
  const whole = note.toString('utf8')
  if (!Buffer.from(whole, 'utf8').equals(note)) return failure('the note is not UTF-8')
  if (/[^\P{Cc}\n]/u.test(whole)) return failure('the note has control characters')
  const blank = whole.lastIndexOf('\n\n')
  if (blank < 0 || !whole.endsWith('\n')) return failure('the note has no signatures')
  const lines = whole.slice(blank + 2, -1).split('\n')
  if (lines.length > SIGNATURES_MAX) return failure('the note has too many signatures')
  return ok({ text: whole.slice(0, blank + 1), lines })
}

interface SignatureLine {
  readonly name: string
  readonly keyId: Buffer
  readonly bytes: Buffer
}

function parseSignatureLine(line: string): SignatureLine | undefined {
  if (!line.startsWith(DASH)) return undefined
  const [name = '', base64 = '', ...more] = line.slice(DASH.length).split(' ')
  const bytes = decodeBase64(base64)
  if (!isKeyName(name) || bytes === undefined || more.length > 0) return undefined
  if (bytes.length <= KEY_ID_BYTES) return undefined
  return { name, keyId: bytes.subarray(0, KEY_ID_BYTES), bytes: bytes.subarray(KEY_ID_BYTES) }
}

/** The first 4 bytes of SHA-256(name ‖ LF ‖ type ‖ key). */
function keyIdOf(name: string, key: Buffer): Buffer {
  const digest = createHash('sha256').update(`${name}\n`, 'utf8').update(key).digest()
  return digest.subarray(0, KEY_ID_BYTES)
}

function rawPublicKey(publicKey: KeyObject): Buffer {
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI_ED25519.length)
}

/** Canonical base64; undefined for anything else. */
function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}
