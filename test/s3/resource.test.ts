import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { encodePath } from '../../src/s3/percent-encoding.ts'
import { KEY_BYTES_MAX, parseHost, type Resource, resolveResource } from '../../src/s3/resource.ts'
import { parseTarget } from '../../src/s3/target.ts'

const HOSTS = ['localhost', '127.0.0.1', 's3.corp.example', 'corp.example', '::1']

function resolve(host: string, raw: string, configured?: ReadonlySet<string>) {
  const target = parseTarget(raw)
  if (!target.ok) throw new Error(target.error.reason)
  return resolveResource(host, HOSTS, target.value, configured)
}

function resolved(host: string, raw: string): Resource {
  const result = resolve(host, raw)
  if (!result.ok) throw new Error(`refused: ${host} ${raw}: ${result.error.reason}`)
  return result.value
}

function reasonOf(host: string, raw: string): string {
  const result = resolve(host, raw)
  return result.ok ? 'accepted' : `${result.error.code} ${result.error.reason}`
}

t.test('a Host field is a name or an address, with or without a port', async (t) => {
  const rows = [
    ['localhost', 'localhost', undefined],
    ['LocalHost:8080', 'localhost', 8080],
    ['127.0.0.1:0', '127.0.0.1', 0],
    ['[::1]', '::1', undefined],
    ['[::1]:65535', '::1', 65535],
    ['[::FFFF:127.0.0.1]:1', '::ffff:127.0.0.1', 1],
    ['my_proxy:80', 'my_proxy', 80],
    ['b.s3.corp.example', 'b.s3.corp.example', undefined],
    ['localhost.', 'localhost', undefined],
    ['S3.Corp.Example.:443', 's3.corp.example', 443],
    ['127.0.0.1.:80', '127.0.0.1', 80],
    ['localhost:', 'localhost', undefined],
    ['[::1]:', '::1', undefined],
  ] as const
  for (const [header, hostname, port] of rows) {
    t.strictSame(parseHost(header), { hostname, port }, header)
  }
})

t.test('a missing, malformed or unserved Host is refused', async (t) => {
  const wrong = [
    '',
    ':80',
    'a:80:80',
    'a:65536',
    'a:123456',
    'a:8o',
    'a:-1',
    'a: 80',
    '.',
    '.:80',
    'localhost..',
    '[::1].',
    'a..b',
    '.a',
    'a b',
    'a/b',
    'a@b',
    'a,b',
    'ü',
    '[::1',
    '[]',
    '[::1]80',
    '[evil.example]',
    '::1',
    'x'.repeat(256),
  ]
  for (const header of wrong) t.equal(parseHost(header), undefined, header)
  t.equal(reasonOf('localhost..', '/b'), 'InvalidRequest host-invalid')
})

t.test('path style: the first segment is the bucket', async (t) => {
  const rows = [
    ['/', undefined, undefined],
    ['/bucket', 'bucket', undefined],
    ['/bucket/', 'bucket', undefined],
    ['/bucket/key', 'bucket', 'key'],
    ['/bucket//', 'bucket', '/'],
    ['/bucket//a//b/', 'bucket', '/a//b/'],
    ['/bucket/../other/key', 'bucket', '../other/key'],
    ['/bucket/%2e%2e/x', 'bucket', '../x'],
    ['/bucket/a%2Fb', 'bucket', 'a/b'],
    ['/bucket/a%252Fb', 'bucket', 'a%2Fb'],
    ['/bucket/%2Fa', 'bucket', '/a'],
    ['/b%75cket/key', 'bucket', 'key'],
    ['/my.bucket/%C3%BC', 'my.bucket', 'ü'],
  ] as const
  for (const [raw, bucket, key] of rows) {
    t.strictSame(resolved('localhost:8080', raw), { style: 'path', bucket, key }, raw)
  }
})

t.test(
  'virtual-hosted style: the bucket is what stands before the longest served host',
  async (t) => {
    const rows = [
      ['bucket.s3.corp.example', '/', 'bucket', undefined],
      ['Bucket.S3.corp.example:443', '/key', 'bucket', 'key'],
      ['my.bucket.s3.corp.example', '/other/key', 'my.bucket', 'other/key'],
      ['bucket.localhost', '//key', 'bucket', '/key'],
      ['bucket.corp.example', '/../x', 'bucket', '../x'],
      ['bucket.127.0.0.1:9000', '/key', 'bucket', 'key'],
    ] as const
    for (const [host, raw, bucket, key] of rows) {
      t.strictSame(resolved(host, raw), { style: 'virtual', bucket, key }, host)
    }
    t.equal(resolved('s3.corp.example', '/bucket').style, 'path', 'an exact host is no bucket')
    t.equal(resolved('[::1]:80', '/bucket').bucket, 'bucket')
  },
)

t.test('a host that is not served is refused', async (t) => {
  const hosts = [
    'otherbucket.s3.eu-central-1.amazonaws.com',
    'evil.example',
    'xlocalhost',
    'corp.example.evil',
    '[::2]',
    '169.254.169.254',
  ]
  for (const host of hosts) t.equal(reasonOf(host, '/bucket'), 'AccessDenied host-not-served', host)
})

t.test('an encoded slash in the bucket segment is refused', async (t) => {
  for (const raw of ['/bucket%2Fkey', '/bucket%2fkey/x', '/%2Fbucket/key', '/bucket%2F']) {
    t.equal(reasonOf('localhost', raw), 'InvalidURI bucket-encoded-slash', raw)
  }
})

t.test('names that no bucket has, or that are reserved', async (t) => {
  t.equal(reasonOf('localhost', '//key'), 'InvalidBucketName bucket-name-invalid')
  t.equal(reasonOf('localhost', '/../key'), 'InvalidBucketName bucket-name-invalid')
  t.equal(reasonOf('localhost', '/Bucket/key'), 'InvalidBucketName bucket-name-invalid')
  t.equal(reasonOf('localhost', '/a%0Ab/key'), 'InvalidBucketName bucket-name-invalid')
  t.equal(reasonOf('ap-s3alias.localhost', '/k'), 'InvalidBucketName bucket-name-reserved')
  t.equal(reasonOf('ab.localhost', '/k'), 'InvalidBucketName bucket-name-invalid')
  t.match(resolve('localhost', '/ap-s3alias/k', new Set(['ap-s3alias'])), { ok: true })
  t.match(resolve('ap-s3alias.localhost', '/k', new Set(['ap-s3alias'])), { ok: true })
})

t.test('/WriteGetObjectResponse is a route and no bucket', async (t) => {
  t.match(resolved('localhost', '/WriteGetObjectResponse'), {
    bucket: undefined,
    route: 'WriteGetObjectResponse',
  })
  t.equal(
    reasonOf('localhost', '/WriteGetObjectResponse/key'),
    'InvalidBucketName bucket-name-invalid',
  )
})

t.test('a key has 1,024 octets at most', async (t) => {
  const long = 'k'.repeat(KEY_BYTES_MAX)
  t.equal(resolved('localhost', `/bucket/${long}`).key, long)
  t.equal(reasonOf('localhost', `/bucket/${long}k`), 'KeyTooLongError key-too-long')
  const three = '%E6%97%A5'.repeat(341)
  t.equal(resolved('localhost', `/bucket/${three}k`).key?.length, 342)
  t.equal(reasonOf('localhost', `/bucket/${three}kk`), 'KeyTooLongError key-too-long')
  t.equal(reasonOf('b01.localhost', `/${three}kk`), 'KeyTooLongError key-too-long')
})

t.test('any key comes out as it went in, in both styles', async () => {
  const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 50 })
  fc.assert(
    fc.property(
      text.filter((s) => !s.includes('\0')),
      (key) => {
        const path = resolved('localhost', encodePath(`/bucket/${key}`))
        const virtual = resolved('bucket.localhost', encodePath(`/${key}`))
        assert.deepEqual(path, { style: 'path', bucket: 'bucket', key })
        assert.deepEqual(virtual, { style: 'virtual', bucket: 'bucket', key })
      },
    ),
  )
})
