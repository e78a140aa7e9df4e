import t from 'tap'
import { type Checksum, startChecksum } from '../../src/body/checksum.ts'
import {
  checksumHeaderName,
  malformedChecksum,
  parseChecksumHeaderName,
  parseTrailerHeader,
  verifyTrailingChecksum,
} from '../../src/body/checksum-trailer.ts'
import { refusal } from '../../src/s3/refusals.ts'

/** As recorded from S3 by OpenStack Swift's test/s3api/test_input_errors.py. */
for (const [header, expected] of [
  [undefined, undefined],
  ['', undefined],
  ['x-amz-checksum-crc32', 'crc32'],
  ['X-Amz-Checksum-CRC64NVME', 'crc64nvme'],
  [' x-amz-checksum-sha256 ', 'sha256'],
  ['x-amz-checksum-crc32,', 'crc32'],
  ['x-amz-checksum-crc32,,', 'crc32'],
  ['x-amz-checksum-crc32, ', 'crc32'],
  ['x-amz-checksum-xxhash128', 'xxhash128'],
] as const) {
  t.test(`x-amz-trailer: ${header} announces ${expected}`, async (t) => {
    t.strictSame(parseTrailerHeader(header), { ok: true, value: expected })
  })
}

for (const header of [
  ', x-amz-checksum-crc32',
  'x-amz-checksum-crc32, x-amz-foo',
  'x-amz-checksum-bad',
  'x-amz-checksum-',
  'x-amz-checksum-constructor',
  'x-amz-content-sha256',
  'content-md5',
  'x-amz-server-side-encryption',
]) {
  t.test(`k32: x-amz-trailer: ${header} is refused`, async (t) => {
    t.match(parseTrailerHeader(header), {
      ok: false,
      error: {
        code: 'InvalidRequest',
        message: 'The value specified in the x-amz-trailer header is not supported',
      },
    })
  })
}

t.test('two trailing checksums are refused', async (t) => {
  const header = 'x-amz-checksum-crc32, x-amz-checksum-sha256'
  t.strictSame(parseTrailerHeader(header), { ok: false, error: refusal('multiple-checksums') })
  t.match(refusal('multiple-checksums'), {
    code: 'InvalidRequest',
    message: 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
  })
})

t.test('a name and its algorithm belong together', async (t) => {
  t.equal(parseChecksumHeaderName(checksumHeaderName('sha1')), 'sha1')
  t.equal(parseChecksumHeaderName('x-amz-meta-crc32'), undefined)
})

const trailer = (value: string) =>
  ({ algorithm: 'crc32', name: 'x-amz-checksum-crc32', value }) as const

function started(): Checksum {
  const checksum = startChecksum('crc32')
  if (checksum === undefined) throw new Error('crc32 is computed')
  checksum.update(Buffer.from('123456789'))
  return checksum
}

t.test('the right checksum is verified', async (t) => {
  t.equal(verifyTrailingChecksum(trailer('y/Q5Jg=='), started()), undefined)
})

t.test('a wrong checksum is a BadDigest', async (t) => {
  t.match(verifyTrailingChecksum(trailer('AAAAAA=='), started()), {
    code: 'BadDigest',
    message: 'The CRC32 you specified did not match the calculated checksum.',
  })
})

t.test('what is no checksum is an InvalidRequest', async (t) => {
  const expected = {
    code: 'InvalidRequest',
    message: 'Value for x-amz-checksum-crc32 trailing header is invalid.',
  }
  t.match(verifyTrailingChecksum(trailer('not=base-64'), started()), expected)
  t.match(malformedChecksum(trailer('not=base-64')), expected)
  t.equal(malformedChecksum(trailer('AAAAAA==')), undefined)
})
