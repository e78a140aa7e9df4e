import { intAt } from './int-at.ts'

/**
 * NVMe's polynomial with its bits reversed, 9A6C9329AC4BC9B5h, as two halves: JavaScript's integer
 * operators have 32 bits, and BigInt was measured at a hundredth of the speed.
 *
 * Source: NVM Express NVM Command Set Specification, "64b CRC" (CRC-64/NVME).
 */
const POLYNOMIAL_LOW = 0xac4bc9b5
const POLYNOMIAL_HIGH = 0x9a6c9329

/**
 * Eight tables of 256 entries ("slicing by 8"), the halves of each entry in two flat arrays: entry
 * `n * 256 + b` is the CRC of byte b followed by n zero bytes. Measured: 1.6 GB/s by 8, 1.2 GB/s by
 * 16, because those tables exceed the first-level cache.
 */
const LOW = new Int32Array(8 * 256)
const HIGH = new Int32Array(8 * 256)
fillTables()

/** A CRC64NVME in progress: its low and high half. Starts as `{ low: -1, high: -1 }`. */
interface Crc64 {
  low: number
  high: number
}

/** Continues a CRC64NVME over more bytes; both halves inverted are the checksum. */
export function crc64nvme(crc: Crc64, bytes: Uint8Array): void {
  const b = bytes
  const end = b.length & ~7
  let low = crc.low
  let high = crc.high
  let i = 0
  for (; i < end; i += 8) {
    const x0 = 0x700 | ((low ^ intAt(b, i)) & 0xff)
    const x1 = 0x600 | (((low >>> 8) ^ intAt(b, i + 1)) & 0xff)
    const x2 = 0x500 | (((low >>> 16) ^ intAt(b, i + 2)) & 0xff)
    const x3 = 0x400 | ((low >>> 24) ^ intAt(b, i + 3))
    const x4 = 0x300 | ((high ^ intAt(b, i + 4)) & 0xff)
    const x5 = 0x200 | (((high >>> 8) ^ intAt(b, i + 5)) & 0xff)
    const x6 = 0x100 | (((high >>> 16) ^ intAt(b, i + 6)) & 0xff)
    const x7 = (high >>> 24) ^ intAt(b, i + 7)
    low =
      intAt(LOW, x0) ^
      intAt(LOW, x1) ^
      intAt(LOW, x2) ^
      intAt(LOW, x3) ^
      intAt(LOW, x4) ^
      intAt(LOW, x5) ^
      intAt(LOW, x6) ^
      intAt(LOW, x7)
    high =
      intAt(HIGH, x0) ^
      intAt(HIGH, x1) ^
      intAt(HIGH, x2) ^
      intAt(HIGH, x3) ^
      intAt(HIGH, x4) ^
      intAt(HIGH, x5) ^
      intAt(HIGH, x6) ^
      intAt(HIGH, x7)
  }
  for (; i < b.length; i++) {
    const x = (low ^ intAt(b, i)) & 0xff
    low = ((low >>> 8) | (high << 24)) ^ intAt(LOW, x)
    high = (high >>> 8) ^ intAt(HIGH, x)
  }
  crc.low = low
  crc.high = high
}

function fillTables(): void {
  for (let byte = 0; byte < 256; byte++) {
    let low = byte
    let high = 0
    for (let bit = 0; bit < 8; bit++) {
      const odd = low & 1
      low = (low >>> 1) | (high << 31)
      high >>>= 1
      if (odd) {
        low ^= POLYNOMIAL_LOW
        high ^= POLYNOMIAL_HIGH
      }
    }
    LOW[byte] = low
    HIGH[byte] = high
  }
  for (let i = 256; i < LOW.length; i++) {
    const low = intAt(LOW, i - 256)
    const high = intAt(HIGH, i - 256)
    LOW[i] = ((low >>> 8) | (high << 24)) ^ intAt(LOW, low & 0xff)
    HIGH[i] = (high >>> 8) ^ intAt(HIGH, low & 0xff)
  }
}
