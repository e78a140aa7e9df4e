import t from 'tap'
import { checksumTextLength, parseChecksum, startChecksum } from '../../src/body/checksum.ts'

/** Checksums of `123456789`; the SHA and MD5 ones as sha1sum, sha256sum, sha512sum, md5sum say. */
const CHECKSUMS = [
  ['crc32', 'cbf43926'],
  ['crc32c', 'e3069283'],
  ['crc64nvme', 'ae8b14860a799888'],
  ['sha1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
  ['sha256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
  [
    'sha512',
    'd9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85',
  ],
  ['md5', '25f9e794323b453885f5181f1b624d0b'],
] as const

for (const [algorithm, expected] of CHECKSUMS) {
  t.test(`${algorithm} is computed over pieces`, async (t) => {
    const checksum = startChecksum(algorithm)
    checksum?.update(Buffer.from('1234'))
    checksum?.update(Buffer.alloc(0))
    checksum?.update(Buffer.from('56789'))
    t.equal(checksum?.digest().toString('hex'), expected)
  })

  t.test(`a ${algorithm} text is read back`, async (t) => {
    const text = Buffer.from(expected, 'hex').toString('base64')
    t.equal(text.length, checksumTextLength(algorithm))
    t.equal(parseChecksum(algorithm, text)?.toString('hex'), expected)
  })
}

for (const algorithm of ['xxhash64', 'xxhash3', 'xxhash128'] as const) {
  t.test(`${algorithm} is known and not computed`, async (t) => {
    t.equal(startChecksum(algorithm), undefined)
  })
}

/** Source: the lengths in base64 that S3's trailers have. */
t.test('the text of a checksum has the length that S3 sends', async (t) => {
  t.strictSame(
    (['crc32', 'crc32c', 'crc64nvme', 'xxhash64', 'xxhash3'] as const).map(checksumTextLength),
    [8, 8, 12, 12, 12],
  )
  t.strictSame(
    (['md5', 'xxhash128', 'sha1', 'sha256', 'sha512'] as const).map(checksumTextLength),
    [24, 24, 28, 44, 88],
  )
})

for (const text of [
  '',
  'y/Q5Jg=',
  'y/Q5Jg===',
  'y/Q5Jg',
  'y/Q5JgAA', // six bytes
  'y/Q5J===', // no four bytes
  'y_Q5Jg==', // the URL alphabet
  'y/Q5Jh==', // bits after the last byte
  'y/Q 5Jg=',
  'y/Q5\nJg=',
]) {
  t.test(`${JSON.stringify(text)} is no CRC32`, async (t) => {
    t.equal(parseChecksum('crc32', text), undefined)
  })
}
