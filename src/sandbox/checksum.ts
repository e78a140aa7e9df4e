import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { HeaderList } from '../base/header-list.ts'
import { createCrc32c, createCrc64Nvme } from './crc.ts'
import { S3Fault } from './fault.ts'

/** The checksum algorithms that the sandbox computes, as API names. */
export const CHECKSUM_ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const

export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number]

/** A checksum as it is kept with an object or a part. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm
  /** Base64; of a composite checksum with `-<parts>` at the end. */
  readonly value: string
  readonly type: 'FULL_OBJECT' | 'COMPOSITE'
}

/** A checksum that a request announces: its value, or `undefined` where the trailer brings it. */
export interface ExpectedChecksum {
  readonly algorithm: ChecksumAlgorithm
  readonly value: string | undefined
}

/** A running digest. */
export interface RunningChecksum {
  update(data: Uint8Array): unknown
  digest(): Buffer
}

const BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
}

const PREFIX = 'x-amz-checksum-'

/** Headers of that prefix which are no checksums. */
const SETTINGS = new Set(['x-amz-checksum-algorithm', 'x-amz-checksum-mode', 'x-amz-checksum-type'])

/** Parses the name of an algorithm in any case; undefined if it is not one of the five. */
export function parseChecksumAlgorithm(name: string): ChecksumAlgorithm | undefined {
  const upper = name.toUpperCase()
  return CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === upper)
}

/** The header, and trailer, that carries a checksum. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return PREFIX + algorithm.toLowerCase()
}

/**
 * The checksum that a request's head announces, in an `x-amz-checksum-*` header or in
 * `x-amz-trailer`. Throws `InvalidRequest`.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
export function expectedChecksum(headers: HeaderList): ExpectedChecksum | undefined {
  const found: ExpectedChecksum[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    if (name === 'x-amz-trailer')
      found.push({ algorithm: trailerAlgorithm(value), value: undefined })
    if (!name.startsWith(PREFIX) || SETTINGS.has(name)) continue
    const algorithm = parseChecksumAlgorithm(name.slice(PREFIX.length))
    if (algorithm === undefined) {
      throw new S3Fault('InvalidRequest', `The sandbox does not know the checksum ${name}.`)
    }
    checkChecksumValue(algorithm, value)
    found.push({ algorithm, value })
  }
  if (found.length > 1) {
    throw new S3Fault(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    )
  }
  return found[0]
}

/** Throws `InvalidRequest` unless it is base64 of the algorithm's number of bytes. */
export function checkChecksumValue(algorithm: ChecksumAlgorithm, value: string): void {
  const bytes = Buffer.from(value, 'base64')
  if (bytes.length !== BYTES[algorithm] || bytes.toString('base64') !== value) {
    throw new S3Fault('InvalidRequest', `Value for ${checksumHeader(algorithm)} header is invalid.`)
  }
}

/** Starts a checksum. */
export function startChecksum(algorithm: ChecksumAlgorithm): RunningChecksum {
  switch (algorithm) {
    case 'CRC32':
      return createCrc32()
    case 'CRC32C':
      return createCrc32c()
    case 'CRC64NVME':
      return createCrc64Nvme()
    case 'SHA1':
      return createHash('sha1')
    case 'SHA256':
      return createHash('sha256')
  }
}

/** Throws `BadDigest` where they differ. */
export function compareChecksum(
  algorithm: ChecksumAlgorithm,
  expected: string,
  calculated: string,
): void {
  if (expected === calculated) return
  throw new S3Fault(
    'BadDigest',
    `The ${algorithm} you specified did not match the calculated checksum.`,
  )
}

/** The checksum of the parts' checksums, as a multipart upload of type COMPOSITE gets it. */
export function compositeChecksum(
  algorithm: ChecksumAlgorithm,
  parts: readonly string[],
): Checksum {
  const running = startChecksum(algorithm)
  for (const part of parts) running.update(Buffer.from(part, 'base64'))
  return {
    algorithm,
    value: `${running.digest().toString('base64')}-${parts.length}`,
    type: 'COMPOSITE',
  }
}

function trailerAlgorithm(value: string): ChecksumAlgorithm {
  const name = value.trim().toLowerCase()
  const algorithm = name.startsWith(PREFIX)
    ? parseChecksumAlgorithm(name.slice(PREFIX.length))
    : undefined
  if (algorithm === undefined) {
    throw new S3Fault(
      'InvalidRequest',
      'The value specified in the x-amz-trailer header is not supported',
    )
  }
  return algorithm
}

function createCrc32(): RunningChecksum {
  let crc = 0
  return {
    update(data) {
      crc = crc32(data, crc)
    },
    digest() {
      const out = Buffer.alloc(4)
      out.writeUInt32BE(crc)
      return out
    },
  }
}
