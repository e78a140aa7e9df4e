import t from 'tap'
import { createCrc32c, createCrc64Nvme } from '../../src/sandbox/crc.ts'

const CHECK = Buffer.from('123456789')

t.test('each CRC gives the check value of the catalogue', async (t) => {
  // https://reveng.sourceforge.io/crc-catalogue/: CRC-32/ISCSI and CRC-64/NVME
  const crc32c = createCrc32c()
  crc32c.update(CHECK)
  t.equal(crc32c.digest().toString('hex'), 'e3069283')
  const crc64 = createCrc64Nvme()
  crc64.update(CHECK)
  t.equal(crc64.digest().toString('hex'), 'ae8b14860a799888')
})

t.test('nothing has the checksum zero', async (t) => {
  t.equal(createCrc32c().digest().toString('hex'), '00000000')
  t.equal(createCrc64Nvme().digest().toString('hex'), '0000000000000000')
})

t.test('it does not matter where the data is cut', async (t) => {
  const data = Buffer.from(Array.from({ length: 1000 }, (_, i) => (i * 7919) % 256))
  for (const create of [createCrc32c, createCrc64Nvme]) {
    const whole = create()
    whole.update(data)
    for (const step of [1, 7, 8, 9, 100]) {
      const pieces = create()
      for (let i = 0; i < data.length; i += step) pieces.update(data.subarray(i, i + step))
      t.strictSame(pieces.digest(), whole.digest(), `${create.name} by ${step}`)
    }
  }
})

t.test("the CRCs of AWS's example agree: 66,560 times the letter a", async (t) => {
  const crc32c = createCrc32c()
  crc32c.update(Buffer.alloc(66_560, 'a'))
  t.equal(crc32c.digest().toString('base64'), 'sOO8/Q==')
})
