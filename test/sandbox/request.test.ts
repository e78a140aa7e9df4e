import t from 'tap'
import {
  header,
  isBucketName,
  parameter,
  parseRequest,
  percentDecode,
} from '../../src/sandbox/request.ts'

const HOST = ['host', '127.0.0.1:9000']

t.test('a target is taken apart without being normalised', async (t) => {
  const cases: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ['/', undefined, undefined],
    ['/bucket', 'bucket', undefined],
    ['/bucket/', 'bucket', undefined],
    ['/bucket/a', 'bucket', 'a'],
    ['/bucket/a//b', 'bucket', 'a//b'],
    ['/bucket//lead', 'bucket', '/lead'],
    ['/bucket/./x', 'bucket', './x'],
    ['/bucket/../x', 'bucket', '../x'],
    ['/bucket/%2e%2e/x', 'bucket', '../x'],
    ['/bucket/%252e/x', 'bucket', '%2e/x'],
    ['/bucket/a+b%2Bc%20d', 'bucket', 'a b+c d'],
    ['/bucket/%C3%BC/%E6%97%A5', 'bucket', 'ü/日'],
    ['/bucket/\u00c3\u00bc', 'bucket', 'ü'],
    ['/bucket/a;b=c&d', 'bucket', 'a;b=c&d'],
    ['/bucket%2Fkey', 'bucket', 'key'],
    [`/bucket/${'k'.repeat(1024)}`, 'bucket', 'k'.repeat(1024)],
  ]
  for (const [target, bucket, key] of cases) {
    t.match(parseRequest('GET', target, HOST), { bucket, key }, target)
  }
})

t.test('a bucket may come from the host', async (t) => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['localhost', undefined],
    ['localhost:9000', undefined],
    ['s3.localhost:9000', undefined],
    ['s3.eu-central-1.localhost', undefined],
    ['my.bucket.localhost:9000', 'my.bucket'],
    ['bucket.s3.localhost', 'bucket'],
    ['bucket.s3.eu-central-1.localhost', 'bucket'],
    ['BUCKET.localhost', 'bucket'],
  ]
  for (const [host, bucket] of cases) {
    const { bucket: found, key } = parseRequest('GET', '/', ['host', host])
    t.strictSame([found, key], [bucket, undefined], host)
  }
  t.match(parseRequest('GET', '/a/b', ['host', 'bucket.localhost']), {
    bucket: 'bucket',
    key: 'a/b',
  })
})

t.test('a query is decoded', async (t) => {
  const request = parseRequest('GET', '/b-1?list-type=2&prefix=a%2Fb+c&uploads&x=1=2', HOST)
  t.strictSame(request.query, [
    ['list-type', '2'],
    ['prefix', 'a/b c'],
    ['uploads', ''],
    ['x', '1=2'],
  ])
  t.equal(parameter(request, 'uploads'), '')
  t.equal(parameter(request, 'none'), undefined)
  t.equal(header(request, 'host'), '127.0.0.1:9000')
})

t.test('what cannot be taken apart is refused', async (t) => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ['http://evil/b', HOST, 'InvalidURI'],
    ['*', HOST, 'InvalidURI'],
    ['/bucket/a#b', HOST, 'InvalidURI'],
    ['/bucket/%zz', HOST, 'InvalidURI'],
    ['/bucket/%ff', HOST, 'InvalidURI'],
    ['/bucket/%', HOST, 'InvalidURI'],
    ['/Bucket/a', HOST, 'InvalidBucketName'],
    ['/ab/a', HOST, 'InvalidBucketName'],
    ['/a..b/a', HOST, 'InvalidBucketName'],
    [`/bucket/${'k'.repeat(1025)}`, HOST, 'KeyTooLongError'],
    ['/bucket?a=1&a=2', HOST, 'InvalidArgument'],
    ['/bucket?a=1&%61=2', HOST, 'InvalidArgument'],
    ['/bucket', [], 'InvalidRequest'],
    ['/bucket', [...HOST, 'host', 'b'], 'InvalidRequest'],
    ['/bucket', [...HOST, 'x-a', 'a'.repeat(8192)], 'RequestHeaderSectionTooLarge'],
  ]
  for (const [target, headers, code] of cases) {
    t.throws(() => parseRequest('GET', target, headers), { code }, `${target.slice(0, 40)} ${code}`)
  }
})

t.test('percent-decoding takes raw octets too', async (t) => {
  t.equal(percentDecode('a%2Fb\u00c3\u00bc'), 'a/bü')
})

t.test('bucket names are checked by the rules of S3', async (t) => {
  for (const name of ['abc', 'a.b-c', '1bucket', 'a'.repeat(63)]) t.ok(isBucketName(name), name)
  for (const name of ['ab', 'a'.repeat(64), '-ab', 'ab-', 'a_b', 'A-b', 'a..b', '1.2.3.4', '..']) {
    t.notOk(isBucketName(name), name)
  }
})
