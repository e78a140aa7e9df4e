import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'
import { SCOPE_TERMINAL } from './scope.ts'

/**
 * A derived signing key. An opaque object, so that neither a log nor an inspector shows its octets.
 */
export type SigningKey = KeyObject

/**
 * Derives the signing key of a secret for a day (`YYYYMMDD`), region and service: four HMACs.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function deriveSigningKey(
  secretAccessKey: string,
  date: string,
  region: string,
  service: string,
): SigningKey {
  const dateKey = createHmac('sha256', `AWS4${secretAccessKey}`).update(date).digest()
  const regionKey = createHmac('sha256', dateKey).update(region).digest()
  const serviceKey = createHmac('sha256', regionKey).update(service).digest()
  return createSecretKey(createHmac('sha256', serviceKey).update(SCOPE_TERMINAL).digest())
}

/** The lower-case hex HMAC-SHA256 of a latin1 text under a signing key: a signature. */
export function hmacHex(key: SigningKey, latin1Text: string): string {
  return createHmac('sha256', key).update(latin1Text, 'latin1').digest('hex')
}

/**
 * Signing keys by secret, day, region and service, the least recently used ones dropped beyond the
 * capacity. Entries are found by a digest: no secret is kept here.
 */
export class SigningKeyCache {
  readonly #capacity: number
  readonly #keys = new Map<string, SigningKey>()

  constructor(capacity = 1024) {
    this.#capacity = capacity
  }

  /** How many keys are held. */
  get size(): number {
    return this.#keys.size
  }

  /** The signing key of that secret and scope, derived where it is not held. */
  get(secretAccessKey: string, date: string, region: string, service: string): SigningKey {
    const digest = hash('sha256', `${date}\n${region}\n${service}\n${secretAccessKey}`, 'base64')
    const held = this.#keys.get(digest)
    if (held !== undefined) {
      // Moves the entry to the end: a Map iterates in order of insertion.
      this.#keys.delete(digest)
      this.#keys.set(digest, held)
      return held
    }
    const key = deriveSigningKey(secretAccessKey, date, region, service)
    this.#keys.set(digest, key)
    if (this.#keys.size > this.#capacity) this.#dropOldest()
    return key
  }

  /** Forgets every key, as when secrets have been changed. */
  clear(): void {
    this.#keys.clear()
  }

  #dropOldest(): void {
    for (const digest of this.#keys.keys()) {
      this.#keys.delete(digest)
      return
    }
  }
}
