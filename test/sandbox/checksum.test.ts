import t from 'tap'
import {
  checkChecksumValue,
  checksumHeader,
  compareChecksum,
  compositeChecksum,
  expectedChecksum,
  parseChecksumAlgorithm,
  startChecksum,
} from '../../src/sandbox/checksum.ts'

t.test('each algorithm gives its checksum of "123456789"', async (t) => {
  const cases = [
    ['CRC32', 'y/Q5Jg=='],
    ['CRC32C', '4waSgw=='],
    ['CRC64NVME', 'rosUhgp5mIg='],
    ['SHA1', '98O8HYCOBHMqOaZ5iZgP2Xk7Svs='.length],
    ['SHA256', 'FeKw09M+DWo/bpdo5efuqLk9vLwhcVWJ+VcFhyYBYmc='.length],
  ] as const
  for (const [algorithm, expected] of cases) {
    const running = startChecksum(algorithm)
    running.update(Buffer.from('123456789'))
    const value = running.digest().toString('base64')
    t.equal(typeof expected === 'number' ? value.length : value, expected, algorithm)
    t.doesNotThrow(() => checkChecksumValue(algorithm, value))
  }
})

t.test('a head may announce one checksum, in a header or as a trailer', async (t) => {
  t.equal(expectedChecksum(['host', 'a', 'x-amz-checksum-mode', 'ENABLED']), undefined)
  t.strictSame(expectedChecksum(['x-amz-checksum-crc32', 'y/Q5Jg==']), {
    algorithm: 'CRC32',
    value: 'y/Q5Jg==',
  })
  t.strictSame(expectedChecksum(['x-amz-trailer', 'x-amz-checksum-crc64nvme']), {
    algorithm: 'CRC64NVME',
    value: undefined,
  })
})

t.test('what S3 would refuse is refused', async (t) => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['x-amz-checksum-crc32', 'xx'], /Value for x-amz-checksum-crc32 header is invalid/],
    [['x-amz-checksum-sha256', 'y/Q5Jg=='], /header is invalid/],
    [['x-amz-checksum-crc32', 'y/Q5Jg==', 'x-amz-checksum-crc32c', '4waSgw=='], /single/],
    [['x-amz-checksum-crc32', 'y/Q5Jg==', 'x-amz-trailer', 'x-amz-checksum-crc32'], /single/],
    [['x-amz-trailer', 'x-amz-server-side-encryption'], /x-amz-trailer header is not supported/],
    [['x-amz-trailer', 'x-amz-checksum-md6'], /not supported/],
    [['x-amz-checksum-md6', 'x'], /does not know/],
  ]
  for (const [headers, message] of cases) {
    t.throws(() => expectedChecksum(headers), { code: 'InvalidRequest', message }, headers.join())
  }
})

t.test('a checksum that differs is BadDigest', async (t) => {
  t.doesNotThrow(() => compareChecksum('CRC32', 'a', 'a'))
  t.throws(() => compareChecksum('CRC32', 'a', 'b'), {
    code: 'BadDigest',
    message: 'The CRC32 you specified did not match the calculated checksum.',
  })
})

t.test('a composite checksum is that of the checksums, with their number', async (t) => {
  const running = startChecksum('CRC32')
  running.update(Buffer.from('y/Q5Jg==', 'base64'))
  running.update(Buffer.from('y/Q5Jg==', 'base64'))
  t.strictSame(compositeChecksum('CRC32', ['y/Q5Jg==', 'y/Q5Jg==']), {
    algorithm: 'CRC32',
    value: `${running.digest().toString('base64')}-2`,
    type: 'COMPOSITE',
  })
})

t.test('an algorithm has one name and one header', async (t) => {
  t.equal(parseChecksumAlgorithm('crc64nvme'), 'CRC64NVME')
  t.equal(parseChecksumAlgorithm('MD5'), undefined)
  t.equal(checksumHeader('CRC64NVME'), 'x-amz-checksum-crc64nvme')
})
