import { createHash } from 'node:crypto'

/** The checksum algorithms of `x-amz-checksum-*` that SDKs use. */
export const CHECKSUMS = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const

/** One of them. */
export type ChecksumName = (typeof CHECKSUMS)[number]

/** Reflected polynomials and widths; all three CRCs start at, and end with, all ones. */
const CRC: Readonly<Record<string, readonly [polynomial: bigint, bits: number]>> = {
  crc32: [0xedb88320n, 32],
  crc32c: [0x82f63b78n, 32],
  crc64nvme: [0x9a6c9329ac4bc9b5n, 64],
}

/** Base64 of the checksum, as S3 writes it. Bit by bit: slow, for small bodies. */
export function checksumOf(name: ChecksumName, data: Buffer): string {
  const crc = CRC[name]
  if (crc === undefined) return createHash(name).update(data).digest('base64')
  const [polynomial, bits] = crc
  const ones = (1n << BigInt(bits)) - 1n
  const table = Array.from({ length: 256 }, (_, byte) => crcStep(BigInt(byte), polynomial))
  let value = ones
  for (const byte of data) {
    value = (table[Number((value ^ BigInt(byte)) & 255n)] ?? 0n) ^ (value >> 8n)
  }
  const hex = (value ^ ones).toString(16).padStart(bits / 4, '0')
  return Buffer.from(hex, 'hex').toString('base64')
}

function crcStep(byte: bigint, polynomial: bigint): bigint {
  let value = byte
  for (let i = 0; i < 8; i++) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n
  return value
}
