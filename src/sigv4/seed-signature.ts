import { timingSafeEqual } from 'node:crypto'
import { ALGORITHM } from './authorization-header.ts'
import { sha256Hex } from './canonical-request.ts'
import type { SigningKey } from './signing-key.ts'

/** A request's signature, with the values that sign its chunks and trailer. */
export interface SeedSignature {
  /** 64 lower-case hex digits. */
  readonly signature: string
  readonly signingKey: SigningKey
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly timestamp: string
  /** `YYYYMMDD/REGION/SERVICE/aws4_request`. */
  readonly scopeText: string
}

/** Returns the signature (lower-case hex) of a canonical request. */
export function requestSignature(
  signingKey: SigningKey,
  timestamp: string,
  scopeText: string,
  canonicalRequest: string,
): string {
  const digest = sha256Hex(canonicalRequest)
  return signingKey.sign(`${ALGORITHM}\n${timestamp}\n${scopeText}\n${digest}`)
}

/**
 * Returns whether a signature as sent equals the expected one (lower-case hex), in constant time.
 * Upper-case hex digits are accepted, as S3 does.
 */
export function equalSignatures(sent: string, expected: string): boolean {
  if (sent.length !== 64) return false
  const sentBytes = Buffer.from(sent, 'hex')
  // Decoding stops at the first character that is not a hex digit.
  return sentBytes.length === 32 && timingSafeEqual(sentBytes, Buffer.from(expected, 'hex'))
}

/** Returns whether the sent session token is the client's; undefined means none. Constant time. */
export function isExpectedToken(sent: string | undefined, expected: string | undefined): boolean {
  if (sent === undefined || expected === undefined) return sent === expected
  const sentBytes = Buffer.from(sent, 'utf8')
  const expectedBytes = Buffer.from(expected, 'utf8')
  return sentBytes.length === expectedBytes.length && timingSafeEqual(sentBytes, expectedBytes)
}
