import fc from 'fast-check'
import t from 'tap'
import { crc64nvme } from '../../src/body/crc64nvme.ts'

function hex(pieces: readonly Uint8Array[]): string {
  const crc = { low: -1, high: -1 }
  for (const piece of pieces) crc64nvme(crc, piece)
  const half = (value: number) => (~value >>> 0).toString(16).padStart(8, '0')
  return half(crc.high) + half(crc.low)
}

/** NVM Command Set Specification 1.0c, section 5.2.1.3.4.4, and the catalogues' check value. */
for (const [name, bytes, expected] of [
  ['123456789', Buffer.from('123456789'), 'ae8b14860a799888'],
  ['4 KiB of zeroes', Buffer.alloc(4096), '6482d367eb22b64e'],
  ['4 KiB of ones', Buffer.alloc(4096, 0xff), 'c0ddba7302eca3ac'],
  ['nothing', Buffer.alloc(0), '0000000000000000'],
] as const) {
  t.test(`the published CRC64NVME of ${name}`, async (t) => {
    t.equal(hex([bytes]), expected)
  })
}

t.test('any bytes in any pieces have the CRC64NVME that the definition gives', async () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 120 }),
      fc.nat(120),
      (bytes, cut) => hex([bytes.subarray(0, cut), bytes.subarray(cut)]) === bitwise(bytes),
    ),
  )
})

/** The definition, bit by bit. */
function bitwise(bytes: Uint8Array): string {
  let crc = 0xffff_ffff_ffff_ffffn
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x9a6c9329ac4bc9b5n : crc >> 1n
  }
  return (crc ^ 0xffff_ffff_ffff_ffffn).toString(16).padStart(16, '0')
}
