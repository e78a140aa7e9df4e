import t from 'tap'
import { checkRequiredDigest } from '../../../src/sandbox/operations/required-digest.ts'
import { parseRequest } from '../../../src/sandbox/request.ts'

t.test('a document comes with Content-MD5 or a checksum', async (t) => {
  const check = (...headers: readonly string[]) =>
    checkRequiredDigest(parseRequest('PUT', '/bucket?cors', ['host', 'h', ...headers]))
  t.doesNotThrow(() => check('content-md5', 'x'))
  t.doesNotThrow(() => check('x-amz-checksum-crc32', 'x'))
  t.throws(() => check('x-amz-sdk-checksum-algorithm', 'CRC32'), {
    code: 'InvalidRequest',
    message: 'Missing required header for this request: Content-MD5',
  })
})
