import t from 'tap'
import { DEFAULT_BUCKET_ENCRYPTION } from '../../../src/sandbox/encryption.ts'
import { createKmsKeys } from '../../../src/sandbox/kms-keys.ts'
import {
  checkTags,
  checkWriteConditions,
  encryptionOfWrite,
  etagOf,
  hasMd5Etag,
  readKeptHeaders,
  readObjectHead,
  readTagHeader,
} from '../../../src/sandbox/operations/object-head.ts'
import { parseRequest } from '../../../src/sandbox/request.ts'
import { KEY, REGION } from '../start-test-sandbox.ts'

const BUCKET = {
  name: 'bucket',
  created: 1,
  encryption: DEFAULT_BUCKET_ENCRYPTION,
  tags: [],
  policy: undefined,
  cors: undefined,
  versioning: undefined,
  acl: [],
  ownership: undefined,
  lock: undefined,
}
const KEYS = createKmsKeys(REGION, [{ arn: KEY, state: 'enabled' }])

t.test('what comes back on reads is kept, the rest is not', async (t) => {
  const headers = [
    ...[
      'content-type',
      'text/x',
      'cache-control',
      'no-store',
      'content-encoding',
      'gzip,aws-chunked',
    ],
    ...[
      'x-amz-meta-a',
      '1',
      'x-amz-meta-a',
      '2',
      'x-amz-acl',
      'private',
      'authorization',
      'secret',
    ],
  ]
  t.strictSame(readKeptHeaders(headers), {
    'content-type': 'text/x',
    'cache-control': 'no-store',
    'content-encoding': 'gzip',
    'x-amz-meta-a': '1,2',
  })
  t.strictSame(readKeptHeaders(['content-encoding', 'aws-chunked']), {
    'content-type': 'binary/octet-stream',
  })
  t.strictSame(
    readKeptHeaders(['content-encoding', 'aws-chunked, gzip'])['content-encoding'],
    'gzip',
  )
})

t.test('a redirect location begins with / or a scheme, a storage class is known', async (t) => {
  const name = 'x-amz-website-redirect-location'
  for (const value of [
    '/other',
    'http://a.example/',
    'https://a.example',
    `/${'x'.repeat(2047)}`,
  ]) {
    t.match(readKeptHeaders([name, value]), { [name]: value })
  }
  for (const value of ['', 'other', 'ftp://a.example', 'https:/x', `/${'x'.repeat(2048)}`]) {
    t.throws(() => readKeptHeaders([name, value]), { code: 'InvalidRedirectLocation' }, value)
  }
  t.notOk('x-amz-storage-class' in readKeptHeaders(['x-amz-storage-class', 'STANDARD']))
  t.throws(() => readKeptHeaders(['x-amz-storage-class', 'standard']), {
    code: 'InvalidStorageClass',
  })
})

t.test('user metadata is 2 KB at most', async (t) => {
  t.doesNotThrow(() => readKeptHeaders(['x-amz-meta-a', 'x'.repeat(2047)]))
  t.throws(() => readKeptHeaders(['x-amz-meta-a', 'x'.repeat(2048)]), { code: 'MetadataTooLarge' })
})

t.test('at most ten valid tags are read from x-amz-tagging', async (t) => {
  t.strictSame(readTagHeader(['x-amz-tagging', 'a=b%20c&d=']), [
    ['a', 'b c'],
    ['d', ''],
  ])
  t.strictSame(readTagHeader([]), [])
  const many = Array.from({ length: 11 }, (_, i) => [`k${i}`, ''] as const)
  t.doesNotThrow(() => checkTags(many.slice(1)))
  for (const tags of [
    many,
    [
      ['a', '1'],
      ['a', '2'],
    ],
    [['', 'x']],
    [['a'.repeat(129), '']],
  ] as const) {
    t.throws(() => checkTags(tags as readonly (readonly [string, string])[]), {
      code: 'InvalidTag',
    })
  }
})

t.test('the head of a new object is read from its headers', async (t) => {
  const headers = [
    'x-amz-server-side-encryption',
    'aws:kms',
    'x-amz-server-side-encryption-aws-kms-key-id',
    KEY,
  ]
  const exchange = { keys: KEYS, quirks: {}, now: 0 }
  t.match(readObjectHead(headers, BUCKET, exchange), { tags: [], encryption: { keyArn: KEY } })
  t.match(encryptionOfWrite([], BUCKET, exchange), { kind: 's3' })
  const quirky = { keys: KEYS, quirks: { wrongKey: 'other' } }
  t.match(encryptionOfWrite(headers, BUCKET, quirky), { keyArn: 'other' })
  t.match(encryptionOfWrite([], BUCKET, quirky), { kind: 's3' })
})

t.test('an ETag is the MD5 only without KMS', async (t) => {
  const kms = {
    kind: 'kms',
    algorithm: 'aws:kms',
    keyArn: KEY,
    bucketKey: false,
    context: undefined,
  } as const
  t.equal(etagOf({ kind: 's3' }, 'md5'), 'md5')
  t.match(etagOf(kms, 'md5'), /^[0-9a-f]{32}$/)
  t.notSame(etagOf(kms, 'md5'), etagOf(kms, 'md5'))
  t.notOk(hasMd5Etag({ kind: 'customer', keyMd5: 'm' }))
})

t.test('a condition of a write that fails is refused', async (t) => {
  const check = (headers: readonly string[], etag: string | undefined) => {
    const request = parseRequest('PUT', '/bucket/key', ['host', 'h', ...headers])
    checkWriteConditions(request, etag === undefined ? undefined : { etag })
  }
  t.doesNotThrow(() => check([], 'e'))
  t.doesNotThrow(() => check(['if-none-match', '*'], undefined))
  t.doesNotThrow(() => check(['if-match', '"e"'], 'e'))
  t.throws(() => check(['if-none-match', '*'], 'e'), { code: 'PreconditionFailed' })
  t.throws(() => check(['if-match', '"f"'], 'e'), { code: 'PreconditionFailed' })
  t.throws(() => check(['if-match', '"e"'], undefined), { code: 'NoSuchKey' })
  t.throws(() => check(['if-none-match', '"e"'], 'e'), { code: 'NotImplemented' })
})
