import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { parseCopySource, serializeCopySource } from '../../src/s3/copy-source.ts'

function reasonOf(value: string): string {
  const result = parseCopySource(value)
  return result.ok ? 'accepted' : `${result.error.code} ${result.error.reason}`
}

t.test('a source is a bucket, a key and perhaps a version', async (t) => {
  const rows = [
    ['bucket/key', 'bucket', 'key', undefined],
    ['/bucket/key', 'bucket', 'key', undefined],
    ['bucket/a/b//c', 'bucket', 'a/b//c', undefined],
    ['bucket//key', 'bucket', '/key', undefined],
    ['bucket/../other/key', 'bucket', '../other/key', undefined],
    ['bucket%2Fkey', 'bucket', 'key', undefined],
    ['%2Fbucket%2Fa%20b', 'bucket', 'a b', undefined],
    ['bucket/a%20b%2Bc', 'bucket', 'a b+c', undefined],
    ['bucket/a+b', 'bucket', 'a b', undefined],
    ['bucket/a b', 'bucket', 'a b', undefined],
    ['bucket/%C3%BC\xc3\xbc', 'bucket', 'üü', undefined],
    ['bucket/what%3F', 'bucket', 'what?', undefined],
    ['bucket/a%252Fb', 'bucket', 'a%2Fb', undefined],
    ['bucket/key?versionId=abc.DEF_-', 'bucket', 'key', 'abc.DEF_-'],
    ['bucket/key?versionId=null', 'bucket', 'key', 'null'],
    ['bucket%2Fkey%3FversionId%3Dx', 'bucket', 'key?versionId=x', undefined],
  ] as const
  for (const [value, bucket, key, versionId] of rows) {
    t.strictSame(parseCopySource(value), { ok: true, value: { bucket, key, versionId } }, value)
  }
})

t.test('a copy source without a bucket or key, or with a bad encoding, is refused', async (t) => {
  const values = [
    '',
    '/',
    '//',
    'bucket',
    'bucket/',
    '/bucket',
    '//bucket/key',
    'bucket/key?',
    'bucket/key?versionId',
    'bucket/key?versionId=',
    'bucket/key?versionid=x',
    'bucket/key?acl',
    'bucket/key?versionId=x&acl',
    'bucket/what?.txt',
    `bucket/key?versionId=${'v'.repeat(1025)}`,
    'bucket/%zz',
    'bucket/%ff',
    'bucket/%00',
    `bucket/${'k'.repeat(1025)}`,
  ]
  for (const value of values) t.equal(reasonOf(value), 'InvalidArgument copy-source-invalid', value)
  t.equal(reasonOf(`bucket/${'k'.repeat(1024)}`), 'accepted')
})

t.test('an ARN or alias is not a copy source', async (t) => {
  const values = [
    'arn:aws:s3:eu-central-1:111122223333:accesspoint/ap/object/key',
    'arn%3Aaws%3As3%3Aeu-central-1%3A111122223333%3Aaccesspoint%2Fap%2Fobject%2Fkey',
    'arn:aws:s3:::bucket/key',
    'arn:aws:s3-outposts:eu-central-1:111122223333:outpost/op-1/object/key',
    'ap-hash-s3alias/key',
    'base--euc1-az1--x-s3/key',
    'arn:aws:s3',
  ]
  for (const value of values)
    t.equal(reasonOf(value), 'InvalidBucketName bucket-name-reserved', value)
  for (const value of ['Bucket/key', '../bucket/key', 'a%0Ab/key']) {
    t.equal(reasonOf(value), 'InvalidBucketName bucket-name-invalid', value)
  }
  const configured = new Set(['ap-hash-s3alias'])
  t.match(parseCopySource('ap-hash-s3alias/key', configured), { ok: true })
})

t.test('a copy source is serialized as bucket, key and version, percent-encoded', async (t) => {
  t.equal(
    serializeCopySource({ bucket: 'bucket', key: '/a b+c/ü?', versionId: undefined }),
    'bucket//a%20b%2Bc/%C3%BC%3F',
  )
  t.equal(serializeCopySource({ bucket: 'b', key: 'k', versionId: 'v=1' }), 'b/k?versionId=v%3D1')
})

t.test('any key and version come out as they went in', async () => {
  const text = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 50 })
    .filter((s) => !s.includes('\0'))
  fc.assert(
    fc.property(text, fc.option(text, { nil: undefined }), (key, versionId) => {
      const source = { bucket: 'bucket', key, versionId }
      const result = parseCopySource(serializeCopySource(source))
      assert.deepEqual(result, { ok: true, value: source })
    }),
    { numRuns: 300 },
  )
})

t.test('no octets make the parser throw', async () => {
  const octets = fc.string({
    unit: fc.oneof(
      fc.constantFrom('/', '?', '%', '%2F', '+', 'versionId=', 'bucket'),
      fc.integer({ min: 0, max: 255 }).map((octet) => String.fromCharCode(octet)),
    ),
  })
  fc.assert(
    fc.property(octets, (value) => {
      const result = parseCopySource(value)
      if (!result.ok) return
      const again = parseCopySource(serializeCopySource(result.value))
      assert.deepEqual(again, result)
    }),
    { numRuns: 500 },
  )
})
