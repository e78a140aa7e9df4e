import { intAt } from './int-at.ts'

/**
 * Castagnoli's polynomial with its bits reversed.
 *
 * Source: RFC 3720, appendix B.4 and section 12.1.
 */
const POLYNOMIAL = 0x82f63b78

/**
 * Sixteen tables of 256 entries in one flat array ("slicing by 16"): entry `n * 256 + b` is the CRC
 * of byte b followed by n zero bytes. Measured: 2.0 GB/s with one typed array, 1.3 to 1.7 GB/s with
 * sixteen.
 */
const TABLE = buildTable()

/** The start value of a CRC32C. */
export const CRC32C_START = -1

/** Continues a CRC32C over more bytes; `~crc >>> 0` of the last value is the checksum. */
export function crc32c(start: number, bytes: Uint8Array): number {
  const t = TABLE
  const b = bytes
  const end = b.length & ~15
  let crc = start
  let i = 0
  for (; i < end; i += 16) {
    crc =
      intAt(t, 0xf00 | ((crc ^ intAt(b, i)) & 0xff)) ^
      intAt(t, 0xe00 | (((crc >>> 8) ^ intAt(b, i + 1)) & 0xff)) ^
      intAt(t, 0xd00 | (((crc >>> 16) ^ intAt(b, i + 2)) & 0xff)) ^
      intAt(t, 0xc00 | ((crc >>> 24) ^ intAt(b, i + 3))) ^
      intAt(t, 0xb00 | intAt(b, i + 4)) ^
      intAt(t, 0xa00 | intAt(b, i + 5)) ^
      intAt(t, 0x900 | intAt(b, i + 6)) ^
      intAt(t, 0x800 | intAt(b, i + 7)) ^
      intAt(t, 0x700 | intAt(b, i + 8)) ^
      intAt(t, 0x600 | intAt(b, i + 9)) ^
      intAt(t, 0x500 | intAt(b, i + 10)) ^
      intAt(t, 0x400 | intAt(b, i + 11)) ^
      intAt(t, 0x300 | intAt(b, i + 12)) ^
      intAt(t, 0x200 | intAt(b, i + 13)) ^
      intAt(t, 0x100 | intAt(b, i + 14)) ^
      intAt(t, intAt(b, i + 15))
  }
  for (; i < b.length; i++) crc = (crc >>> 8) ^ intAt(t, (crc ^ intAt(b, i)) & 0xff)
  return crc
}

function buildTable(): Int32Array {
  const table = new Int32Array(16 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    table[byte] = crc
  }
  for (let i = 256; i < table.length; i++) {
    const shorter = intAt(table, i - 256)
    table[i] = (shorter >>> 8) ^ intAt(table, shorter & 0xff)
  }
  return table
}
