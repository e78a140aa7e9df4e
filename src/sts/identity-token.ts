import { createHash } from 'node:crypto'
import { errors, type JWTPayload, jwtVerify } from 'jose'
import { failure, ok, type Result } from '../base/result.ts'
import { ALGORITHMS, type VerificationKey } from './key-set.ts'
import { hasRepeatedNames } from './repeated-names.ts'
import { type StsError, stsRefusal } from './sts-error.ts'

/** What a token says before it is verified: enough to find its key. */
interface UnverifiedToken {
  readonly text: string
  readonly issuer: string
  readonly keyId: string | undefined
  readonly algorithm: string
}

/** A verified identity token. */
export interface IdentityToken {
  readonly issuer: string
  /** Printable ASCII, 1 to 1024 characters. */
  readonly subject: string
  /** The audience that was accepted. */
  readonly audience: string
  readonly claims: Readonly<JWTPayload>
  /** The beginning of the SHA-256 of the token, 32 lower-case hex digits. */
  readonly tokenId: string
}

/** What an issuer's token must say. */
interface ExpectedToken {
  readonly issuer: string
  /** One of them must be an audience of the token. */
  readonly audiences: readonly string[]
}

/** The limit of AWS. */
const TOKEN_LENGTH_MAX = 20_000
const SUBJECT_LENGTH_MAX = 1024
/** The clocks of issuer and gateway may differ by that much. */
const CLOCK_TOLERANCE_SECONDS = 30

const FORM = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads the unverified head and issuer of an identity token, a JWT in compact form. Refuses what
 * parsers can read in more than one way: repeated names at any depth, bytes that are not UTF-8,
 * other than three parts of base64url; and critical extensions, of which none is known. Headers that
 * carry or point to keys (`jwk`, `jku`, `x5c`, `x5u`) are never read.
 *
 * Source: RFC 7519; RFC 8725
 */
export function readIdentityToken(text: string): Result<UnverifiedToken, StsError> {
  if (text.length > TOKEN_LENGTH_MAX) return malformed('it is too long')
  if (!FORM.test(text)) return malformed('it does not have three parts of base64url')
  const [headPart = '', payloadPart = ''] = text.split('.')
  const head = readObject(headPart)
  const payload = readObject(payloadPart)
  if (head === undefined || payload === undefined) {
    return malformed('a part is no JSON object with each name once')
  }
  const [keyId, algorithm, issuer] = [head['kid'], head['alg'], payload['iss']]
  if (head['crit'] !== undefined) return malformed('it has critical extensions')
  if (keyId !== undefined && typeof keyId !== 'string') return malformed('its kid is no text')
  if (typeof algorithm !== 'string') return malformed('it has no alg')
  if (!ALGORITHMS.some((known) => known === algorithm)) {
    return failure(stsRefusal('token-algorithm'))
  }
  if (typeof issuer !== 'string') return failure(stsRefusal('token-claims', 'iss'))
  return ok({ text, issuer, keyId, algorithm })
}

/**
 * Verifies an identity token with the issuer's key: signature, `iss`, `aud`, `exp`, `nbf`, and that the
 * subject is there. The algorithm is the key's, whatever the token says.
 *
 * The subject must be printable ASCII, as OpenID Connect has it, so that no look-alike of another
 * subject gets into a pattern or an audit line.
 *
 * Source: OpenID Connect Core 1.0 section 2
 */
export async function verifyIdentityToken(
  { text, algorithm }: UnverifiedToken,
  key: VerificationKey,
  { issuer, audiences }: ExpectedToken,
  nowMs: number,
): Promise<Result<IdentityToken, StsError>> {
  if (algorithm !== key.algorithm) return failure(stsRefusal('token-algorithm'))
  let claims: JWTPayload
  try {
    const verified = await jwtVerify(text, key.key, {
      algorithms: [key.algorithm],
      issuer,
      audience: [...audiences],
      currentDate: new Date(nowMs),
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['exp', 'sub'],
    })
    claims = verified.payload
  } catch (cause) {
    return failure(refusalOf(cause))
  }
  const { sub: subject, aud } = claims
  if (typeof subject !== 'string' || !isSubject(subject)) {
    return failure(stsRefusal('token-claims', 'sub'))
  }
  const named = typeof aud === 'string' ? [aud] : aud
  const audience = audiences.find((candidate) => named?.includes(candidate))
  if (audience === undefined) return failure(stsRefusal('token-audience'))
  return ok({ issuer, subject, audience, claims, tokenId: tokenIdOf(text) })
}

/** Identifies a token in records, without being of use to anybody. */
function tokenIdOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

function malformed(detail: string): Result<never, StsError> {
  return failure(stsRefusal('token-malformed', detail))
}

function readObject(part: string): Readonly<Record<string, unknown>> | undefined {
  let value: unknown
  try {
    const json = UTF8.decode(Buffer.from(part, 'base64url'))
    value = JSON.parse(json)
    if (hasRepeatedNames(json)) return undefined
  } catch {
    return undefined
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : undefined
}

function isSubject(text: string): boolean {
  return text.length <= SUBJECT_LENGTH_MAX && /^[\x20-\x7e]+$/.test(text)
}

function refusalOf(cause: unknown): StsError {
  if (cause instanceof errors.JWTExpired) return stsRefusal('token-expired')
  if (cause instanceof errors.JWSSignatureVerificationFailed) return stsRefusal('token-signature')
  if (cause instanceof errors.JWTClaimValidationFailed) {
    if (cause.claim === 'aud') return stsRefusal('token-audience')
    const isEarly = cause.claim === 'nbf' && cause.reason === 'check_failed'
    return isEarly
      ? stsRefusal('token-not-yet-valid')
      : stsRefusal('token-claims', KNOWN_CLAIMS.find((name) => name === cause.claim) ?? '')
  }
  return stsRefusal('token-malformed', 'it cannot be verified')
}

const KNOWN_CLAIMS = ['iss', 'sub', 'exp', 'nbf', 'iat'] as const
