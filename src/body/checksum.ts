import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { CRC32C_START, crc32c } from './crc32c.ts'
import { crc64nvme } from './crc64nvme.ts'

/**
 * S3's checksum algorithms, by the suffix of the header name `x-amz-checksum-…`, and the length of
 * each checksum in bytes.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
export const CHECKSUM_BYTES = {
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  sha1: 20,
  sha256: 32,
  sha512: 64,
  md5: 16,
  xxhash64: 8,
  xxhash3: 8,
  xxhash128: 16,
} as const satisfies Readonly<Record<string, number>>

/** An algorithm of `x-amz-checksum-…`, in lower case. */
export type ChecksumAlgorithm = keyof typeof CHECKSUM_BYTES

/** A checksum in progress. */
export interface Checksum {
  update(bytes: Buffer): void
  /** Returns the checksum of all bytes, most significant byte first. Call it once. */
  digest(): Buffer
}

/**
 * Starts a checksum; undefined for those that S3 verifies and this program does not: XXHash, and MD5 where OpenSSL
 * refuses it (FIPS mode).
 */
export function startChecksum(algorithm: ChecksumAlgorithm): Checksum | undefined {
  switch (algorithm) {
    case 'crc32':
      return new Crc32()
    case 'crc32c':
      return new Crc32c()
    case 'crc64nvme':
      return new Crc64Nvme()
    case 'sha1':
    case 'sha256':
    case 'sha512':
      return createHash(algorithm)
    case 'md5':
      return startMd5()
    case 'xxhash64':
    case 'xxhash3':
    case 'xxhash128':
      return undefined
  }
}

function startMd5(): Checksum | undefined {
  try {
    return createHash('md5')
  } catch {
    return undefined
  }
}

/** Returns the length of a checksum in base64 with padding, as in a header or trailer. */
export function checksumTextLength(algorithm: ChecksumAlgorithm): number {
  return Math.ceil(CHECKSUM_BYTES[algorithm] / 3) * 4
}

/**
 * Parses the base64 text of a header or trailer; undefined if it is not a checksum of that
 * algorithm.
 */
export function parseChecksum(algorithm: ChecksumAlgorithm, text: string): Buffer | undefined {
  if (text.length !== checksumTextLength(algorithm)) return undefined
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== CHECKSUM_BYTES[algorithm]) return undefined
  // Buffer.from skips invalid characters: only text that encodes back to itself is valid base64.
  return bytes.toString('base64') === text ? bytes : undefined
}

class Crc32 implements Checksum {
  #value = 0

  update(bytes: Buffer): void {
    this.#value = crc32(bytes, this.#value)
  }

  digest(): Buffer {
    return bigEndian(this.#value)
  }
}

class Crc32c implements Checksum {
  #value = CRC32C_START

  update(bytes: Buffer): void {
    this.#value = crc32c(this.#value, bytes)
  }

  digest(): Buffer {
    return bigEndian(~this.#value)
  }
}

class Crc64Nvme implements Checksum {
  readonly #value = { low: -1, high: -1 }

  update(bytes: Buffer): void {
    crc64nvme(this.#value, bytes)
  }

  digest(): Buffer {
    return bigEndian(~this.#value.high, ~this.#value.low)
  }
}

function bigEndian(...words: number[]): Buffer {
  const bytes = Buffer.alloc(words.length * 4)
  for (const [i, word] of words.entries()) bytes.writeUInt32BE(word >>> 0, i * 4)
  return bytes
}
