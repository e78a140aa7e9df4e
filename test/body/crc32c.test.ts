import fc from 'fast-check'
import t from 'tap'
import { CRC32C_START, crc32c } from '../../src/body/crc32c.ts'

const hex = (bytes: Uint8Array): string =>
  (~crc32c(CRC32C_START, bytes) >>> 0).toString(16).padStart(8, '0')

const ascending = Buffer.from(Array.from({ length: 32 }, (_, i) => i))

/** RFC 3720 appendix B.4, bytes turned round, and the check value of every CRC catalogue. */
for (const [name, bytes, expected] of [
  ['123456789', Buffer.from('123456789'), 'e3069283'],
  ['32 bytes of zeroes', Buffer.alloc(32), '8a9136aa'],
  ['32 bytes of ones', Buffer.alloc(32, 0xff), '62a8ab43'],
  ['32 ascending bytes', ascending, '46dd794e'],
  ['32 descending bytes', Buffer.from(ascending).reverse(), '113fdb5c'],
  ['nothing', Buffer.alloc(0), '00000000'],
] as const) {
  t.test(`the published CRC32C of ${name}`, async (t) => {
    t.equal(hex(bytes), expected)
  })
}

t.test('any bytes in any pieces have the CRC32C that the definition gives', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
      const first = crc32c(CRC32C_START, bytes.subarray(0, cut))
      const inPieces = ~crc32c(first, bytes.subarray(cut)) >>> 0
      return inPieces === bitwise(bytes)
    }),
  )
})

/** The definition, bit by bit. */
function bitwise(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}
