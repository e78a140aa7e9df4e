import t from 'tap'
import { parseCopySource } from '../../../src/sandbox/operations/copy-source.ts'
import { send } from '../send.ts'
import { BUCKET, NOW, startTestSandbox } from '../start-test-sandbox.ts'

t.test('a source is decoded once', async (t) => {
  const id = 'a1._'.repeat(8)
  const cases: readonly (readonly [string, string, string?])[] = [
    ['bucket/key', 'key'],
    ['/bucket/key', 'key'],
    ['/bucket/a%2Fb%20c', 'a/b c'],
    ['/bucket/a//b', 'a//b'],
    ['/bucket/%252F', '%2F'],
    ['/bucket/a+b', 'a b'],
    ['/bucket/a%2Bb', 'a+b'],
    ['/bucket/\u00c3\u00bc', 'ü'],
    ['/bucket/key?versionId=null', 'key', 'null'],
    [`/bucket/key?versionId=${id}`, 'key', id],
    ['/bucket/key?', 'key'],
  ]
  for (const [value, key, versionId] of cases) {
    t.strictSame(parseCopySource(value), { bucketName: 'bucket', key, versionId }, value)
  }
  for (const value of [
    '',
    'bucket',
    '/bucket/',
    '/B/key',
    'arn:aws:s3:::bucket/key',
    '/bucket/k?versionId=1',
    '/bucket/k?versionId=',
    '/bucket/k?versionId=null&x=1',
    '/bucket/k?x=1',
  ]) {
    t.throws(() => parseCopySource(value), { code: 'InvalidArgument' }, value)
  }
  t.throws(() => parseCopySource('/bucket/%zz'), { code: 'InvalidURI' })
})

t.test('a condition on the source that fails is 412', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const put = await send(sandbox, { method: 'PUT', target: `/${BUCKET}/a`, body: 'x' })
  const etag = String(put.headers.etag)
  const now = new Date(NOW).toUTCString()
  const before = new Date(NOW - 1000).toUTCString()
  const cases: readonly (readonly [Record<string, string>, number])[] = [
    [{}, 200],
    [{ match: etag }, 200],
    [{ match: '"x"' }, 412],
    [{ 'none-match': etag }, 412],
    [{ 'modified-since': now }, 412],
    [{ 'modified-since': before }, 200],
    [{ 'unmodified-since': before }, 412],
    [{ match: etag, 'unmodified-since': before }, 200],
  ]
  for (const [conditions, status] of cases) {
    const headers: Record<string, string> = { 'x-amz-copy-source': `/${BUCKET}/a` }
    for (const [name, value] of Object.entries(conditions)) {
      headers[`x-amz-copy-source-if-${name}`] = value
    }
    const answer = await send(sandbox, { method: 'PUT', target: `/${BUCKET}/b`, headers })
    t.equal(answer.status, status, JSON.stringify(conditions))
  }
  const none = { 'x-amz-copy-source': `/${BUCKET}/none` }
  t.equal(
    (await send(sandbox, { method: 'PUT', target: `/${BUCKET}/b`, headers: none })).code,
    'NoSuchKey',
  )
})
