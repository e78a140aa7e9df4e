import { hkdfSync } from 'node:crypto'

/** Bytes of the public id of a sealing key. */
export const KEY_ID_BYTES = 8

/** The key and the nonce of one session token. */
interface TokenKey {
  readonly key: Buffer
  readonly iv: Buffer
}

/**
 * A secret of the gateway, from which the keys of session tokens and the secret access keys are
 * derived. Its bytes are private, so that neither a log nor an inspector shows them.
 *
 * Each token has its own AES key and nonce, derived from a random salt, so the number of tokens per
 * sealing key is not limited by the 96 bits of a nonce.
 *
 * Source: RFC 5869
 */
export class SealingKey {
  readonly #secret: Buffer
  /** Names the key in tokens; derived, so it says nothing of the key. */
  readonly id: Buffer

  /** `secret`: 32 random bytes. */
  constructor(secret: Buffer) {
    this.#secret = secret
    this.id = this.#derive('', 'sealgate sts v1 key id', KEY_ID_BYTES)
  }

  /** Derives the key and nonce of the token with this salt. */
  tokenKey(salt: Buffer): TokenKey {
    const bytes = this.#derive(salt, 'sealgate sts v1 seal', 32 + 12)
    return { key: bytes.subarray(0, 32), iv: bytes.subarray(32) }
  }

  /** Derives the secret access key of a token, 40 characters as AWS's, from the digest of the token. */
  secretAccessKey(digest: Buffer): string {
    return this.#derive(digest, 'sealgate sts v1 secret access key', 30).toString('base64')
  }

  #derive(salt: Buffer | string, info: string, length: number): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#secret, salt, info, length))
  }
}
