import t from 'tap'
import { startChecksum } from '../../src/sandbox/checksum.ts'
import {
  checkAnnouncedChecksum,
  checkPartAlgorithm,
  objectChecksum,
  readUploadChecksum,
} from '../../src/sandbox/multipart-checksum.ts'

const ALGORITHM = 'x-amz-checksum-algorithm'
const TYPE = 'x-amz-checksum-type'

t.test('each algorithm has its type, and takes no other', async (t) => {
  const cases: readonly (readonly [readonly string[], string | undefined, string])[] = [
    [[], undefined, 'FULL_OBJECT'],
    [[ALGORITHM, 'CRC32'], 'CRC32', 'COMPOSITE'],
    [[ALGORITHM, 'crc32c', TYPE, 'full_object'], 'CRC32C', 'FULL_OBJECT'],
    [[ALGORITHM, 'CRC64NVME'], 'CRC64NVME', 'FULL_OBJECT'],
    [[ALGORITHM, 'SHA256', TYPE, 'COMPOSITE'], 'SHA256', 'COMPOSITE'],
  ]
  for (const [headers, checksumAlgorithm, checksumType] of cases) {
    t.strictSame(readUploadChecksum(headers), { checksumAlgorithm, checksumType }, headers.join())
  }
  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [[ALGORITHM, 'MD6'], /algorithm provided is unsupported/],
    [[TYPE, 'COMPOSITE'], /only be used with the x-amz-checksum-algorithm/],
    [[ALGORITHM, 'CRC32', TYPE, 'HALF'], /x-amz-checksum-type header is invalid/],
    [[ALGORITHM, 'CRC64NVME', TYPE, 'COMPOSITE'], /^The COMPOSITE .* the crc64nvme checksum/],
    [[ALGORITHM, 'SHA1', TYPE, 'FULL_OBJECT'], /^The FULL_OBJECT .* the sha1 checksum/],
  ]
  for (const [headers, message] of refused) {
    t.throws(() => readUploadChecksum(headers), { code: 'InvalidRequest', message }, headers.join())
  }
})

t.test("a part brings the upload's algorithm", async (t) => {
  const upload = { checksumAlgorithm: 'SHA256', checksumType: 'COMPOSITE' } as const
  t.doesNotThrow(() => checkPartAlgorithm(upload, 'SHA256'))
  t.doesNotThrow(() => checkPartAlgorithm({ ...upload, checksumAlgorithm: undefined }, 'CRC32'))
  t.throws(() => checkPartAlgorithm(upload, undefined), /expected .* sha256, actual .*: null$/)
  t.throws(() => checkPartAlgorithm(upload, 'CRC32'), /expected .* sha256, actual .*: crc32$/)
})

const one = Buffer.from('one')
const two = Buffer.from('and two')
const sum = (...pieces: readonly Buffer[]) => {
  const running = startChecksum('CRC32C')
  for (const piece of pieces) running.update(piece)
  return running.digest()
}
const parts = [one, two].map((data) => ({
  size: data.length,
  checksum: {
    algorithm: 'CRC32C',
    value: sum(data).toString('base64'),
    type: 'FULL_OBJECT',
  } as const,
}))

t.test('what completion announces is compared, a composite value with or without -N', async (t) => {
  const composite = { checksumAlgorithm: 'CRC32C', checksumType: 'COMPOSITE' } as const
  const full = { checksumAlgorithm: 'CRC32C', checksumType: 'FULL_OBJECT' } as const
  const ofParts = sum(sum(one), sum(two)).toString('base64')
  const ofAll = sum(one, two).toString('base64')
  t.match(objectChecksum(composite, parts), { value: `${ofParts}-2`, type: 'COMPOSITE' })
  t.match(objectChecksum(full, parts), { value: ofAll, type: 'FULL_OBJECT' })
  t.equal(objectChecksum({ ...full, checksumAlgorithm: undefined }, parts), undefined)
  t.equal(objectChecksum({ ...full, checksumAlgorithm: 'CRC32' }, parts), undefined)
  const check =
    (upload: typeof composite | typeof full, ...headers: readonly string[]) =>
    () =>
      checkAnnouncedChecksum(headers, upload, objectChecksum(upload, parts))
  const name = 'x-amz-checksum-crc32c'
  for (const [upload, ...headers] of [
    [composite],
    [composite, name, ofParts],
    [composite, name, `${ofParts}-2`],
    [composite, name, ofParts, TYPE, 'COMPOSITE'],
    [full, name, ofAll, TYPE, 'FULL_OBJECT'],
  ] as const) {
    t.doesNotThrow(check(upload, ...headers), headers.join())
  }
  for (const [code, upload, ...headers] of [
    ['BadDigest', composite, name, ofAll],
    ['BadDigest', full, name, ofParts],
    ['InvalidRequest', composite, name, `${ofParts}-3`],
    ['InvalidRequest', full, name, `${ofAll}-2`],
    ['InvalidRequest', full, TYPE, 'COMPOSITE'],
    ['InvalidRequest', composite, 'x-amz-checksum-crc32', ofParts],
  ] as const) {
    t.throws(check(upload, ...headers), { code }, headers.join())
  }
})
