import type { ChecksumAlgorithm } from './checksum.ts'

/** Reflected polynomial and width of the CRCs. */
const CRCS: Readonly<Partial<Record<ChecksumAlgorithm, { width: number; polynomial: bigint }>>> = {
  CRC32: { width: 32, polynomial: 0xedb88320n },
  CRC32C: { width: 32, polynomial: 0x82f63b78n },
  CRC64NVME: { width: 64, polynomial: 0x9a6c9329ac4bc9b5n },
}

/** A matrix over GF(2): row n is what bit n becomes. */
type Matrix = readonly bigint[]

/** A part of a whole: its CRC in base64, and its length in bytes. */
export interface CrcPiece {
  readonly value: string
  readonly size: number
}

/**
 * The CRC, base64, of pieces put together, from the CRCs of the pieces; `undefined` for algorithms
 * where that cannot be done.
 *
 * Source: zlib's crc32_combine (https://github.com/madler/zlib/blob/v1.2.13/crc32.c#L1000), for any
 * reflected CRC that begins and ends with all bits inverted.
 */
export function combineCrcs(
  algorithm: ChecksumAlgorithm,
  pieces: readonly CrcPiece[],
): string | undefined {
  const crc = CRCS[algorithm]
  if (crc === undefined) return undefined
  // Parts mostly have the same size: its matrix is computed once.
  const matrices = new Map<number, Matrix>()
  let whole = 0n
  for (const { value, size } of pieces) {
    const matrix = matrices.get(size) ?? zerosMatrix(crc.width, crc.polynomial, size)
    matrices.set(size, matrix)
    whole = apply(matrix, whole) ^ BigInt(`0x${Buffer.from(value, 'base64').toString('hex')}`)
  }
  return Buffer.from(whole.toString(16).padStart(crc.width / 4, '0'), 'hex').toString('base64')
}

/** The matrix that appends that many zero bytes to a CRC. */
function zerosMatrix(width: number, polynomial: bigint, bytes: number): Matrix {
  // One zero bit: shift right, and the polynomial for the bit that falls out.
  let power: Matrix = Array.from({ length: width }, (_, n) =>
    n === 0 ? polynomial : 1n << BigInt(n - 1),
  )
  let result: Matrix = Array.from({ length: width }, (_, n) => 1n << BigInt(n))
  for (let bits = bytes * 8; bits > 0; bits = Math.floor(bits / 2)) {
    const factor = power
    if (bits % 2 === 1) result = result.map((row) => apply(factor, row))
    power = power.map((row) => apply(factor, row))
  }
  return result
}

function apply(matrix: Matrix, vector: bigint): bigint {
  let result = 0n
  let rest = vector
  for (let n = 0; rest > 0n; n++) {
    if ((rest & 1n) === 1n) result ^= matrix[n] ?? 0n
    rest >>= 1n
  }
  return result
}
