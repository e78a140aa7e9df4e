import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { element, elements, send, type TestRequest } from '../send.ts'
import { BUCKET, KEY, startTestSandbox, type Teardown } from '../start-test-sandbox.ts'

const target = `/${BUCKET}/key`
const SSE = 'x-amz-server-side-encryption'
const at = (name: string, key = target) =>
  `${key}?annotation&annotationName=${encodeURIComponent(name)}`

async function start(t: Teardown) {
  const { sandbox, dataDir } = await startTestSandbox(t)
  const ask = (method: string, where = target, more: Partial<TestRequest> = {}) =>
    send(sandbox, { method, target: where, ...more })
  await ask('PUT', target, { body: 'object' })
  const dataFiles = () => readdirSync(join(dataDir, 'buckets', BUCKET, 'data')).length
  return { sandbox, ask, dataFiles }
}

t.test('an annotation is put, got, replaced, listed and deleted', async (t) => {
  const { ask, dataFiles } = await start(t)
  const put = await ask('PUT', at('a/ü'), {
    body: 'first',
    headers: { 'x-amz-checksum-crc32': 'QXBPnA==' },
  })
  t.equal(put.code, 'BadDigest')
  t.match(await ask('PUT', at('a/ü'), { body: 'first' }), {
    status: 200,
    headers: { [SSE]: 'AES256', etag: /^"[0-9a-f]{32}"$/ },
    body: /<Key>key<\/Key><AnnotationName>a\/ü</,
  })
  t.match(await ask('GET', at('a/ü')), {
    status: 200,
    body: 'first',
    headers: { 'content-length': '5', [SSE]: 'AES256' },
  })
  t.equal((await ask('GET')).body, 'object', 'the object stays')
  await ask('PUT', at('a/ü'), { body: 'second' })
  await ask('PUT', at('b'), { body: 'x'.repeat(1_048_576) })
  t.equal(dataFiles(), 3, 'the replaced one is gone')
  t.equal((await ask('GET', at('a/ü'))).body, 'second')
  const listed = (await ask('GET', `${target}?annotation`)).body
  t.strictSame(elements(listed, 'AnnotationName'), ['a/ü', 'b'])
  t.strictSame(elements(listed, 'Size'), ['6', '1048576'])
  t.equal((await ask('DELETE', at('b'))).status, 204)
  t.match(await ask('GET', at('b')), { status: 404, code: 'NoSuchAnnotation' })
  await ask('DELETE')
  t.equal(dataFiles(), 0)
})

t.test('lists come page by page, by prefix', async (t) => {
  const { ask } = await start(t)
  for (const name of ['b1', 'a', 'b2', 'b3']) await ask('PUT', at(name), { body: name })
  const list = async (query: string) => (await ask('GET', `${target}?annotation${query}`)).body
  const first = await list('&annotation-prefix=b&max-annotation-results=2')
  t.strictSame(elements(first, 'AnnotationName'), ['b1', 'b2'])
  t.equal(element(first, 'AnnotationCount'), '2')
  const token = element(first, 'NextContinuationToken')
  const next = await list(`&annotation-prefix=b&continuation-token=${token}`)
  t.strictSame(elements(next, 'AnnotationName'), ['b3'])
  t.equal(element(next, 'NextContinuationToken'), undefined)
  t.match(await list('&continuation-token=%3F'), /InvalidArgument/)
})

t.test('a bad name, a missing object and a bad payload are refused', async (t) => {
  const { ask } = await start(t)
  const put = (name: string, more: Partial<TestRequest> = {}) =>
    ask('PUT', at(name), { body: 'x', ...more })
  t.match(await put('n'.repeat(513)), { status: 400, code: 'AnnotationNameTooLong' })
  t.equal((await put('n'.repeat(512))).status, 200)
  t.equal((await put('a\nb')).code, 'InvalidAnnotationName')
  t.equal((await put('')).code, 'InvalidAnnotationName')
  t.equal((await ask('PUT', `${target}?annotation`, { body: 'x' })).code, 'InvalidArgument')
  t.equal((await put('a', { body: '' })).code, 'InvalidRequest')
  t.equal((await put('a', { body: 'x'.repeat(1_048_577) })).code, 'EntityTooLarge')
  const latin1 = Buffer.from('\xe4', 'latin1')
  t.match(await put('a', { body: latin1 }), { status: 415, code: 'UnsupportedMediaType' })
  const other = { headers: { 'x-amz-object-if-match': '"other"' } }
  t.match(await put('a', other), { status: 412, code: 'PreconditionFailed' })
  t.equal((await ask('PUT', at('a', `/${BUCKET}/none`), { body: 'x' })).code, 'NoSuchKey')
  t.notMatch((await ask('GET', `${target}?annotation`)).body, /AnnotationName>a</)
})

t.test('no object has more than 1,000', async (t) => {
  const { ask } = await start(t)
  for (let i = 0; i < 1000; i++) await ask('PUT', at(`n${i}`), { body: 'x' })
  t.match(await ask('PUT', at('more'), { body: 'x' }), { code: 'AnnotationLimitExceeded' })
  t.equal((await ask('PUT', at('n1'), { body: 'y' })).status, 200, 'one may be replaced')
})

t.test('copies take them along unless they are excluded; they bear the encryption', async (t) => {
  const { ask } = await start(t)
  await ask('PUT', at('a'), { body: 'note' })
  const copy = '/bucket-two/copy'
  const headers = {
    'x-amz-copy-source': target,
    [SSE]: 'aws:kms',
    [`${SSE}-aws-kms-key-id`]: KEY,
  }
  await ask('PUT', copy, { headers })
  await ask('DELETE')
  t.match(await ask('GET', at('a', copy)), { body: 'note', headers: { [SSE]: 'aws:kms' } })
  const without = { 'x-amz-copy-source': copy, 'x-amz-object-annotation-directive': 'EXCLUDE' }
  await ask('PUT', target, { headers: without })
  t.equal((await ask('GET', at('a'))).code, 'NoSuchAnnotation')
  const wrong = { ...without, 'x-amz-object-annotation-directive': 'MOVE' }
  t.equal((await ask('PUT', target, { headers: wrong })).code, 'InvalidArgument')
})

t.test('a locked version keeps its annotations, and may get further ones', async (t) => {
  const { ask } = await start(t)
  const key = '/bucket-locked/key'
  await ask('PUT', '/bucket-locked', { headers: { 'x-amz-bucket-object-lock-enabled': 'true' } })
  const lock = {
    'x-amz-object-lock-mode': 'GOVERNANCE',
    'x-amz-object-lock-retain-until-date': '2030-01-01T00:00:00Z',
    'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==',
  }
  const { headers } = await ask('PUT', key, { headers: lock })
  const version = String(headers['x-amz-version-id'])
  t.match(await ask('PUT', at('a', key), { body: 'x' }), {
    status: 200,
    headers: { 'x-amz-object-version-id': version },
  })
  t.equal((await ask('DELETE', at('a', key))).code, 'AccessDenied')
  t.equal((await ask('PUT', at('a', key), { body: 'y' })).code, 'AccessDenied')
  const bypass = { headers: { 'x-amz-bypass-governance-retention': 'true' } }
  t.equal((await ask('DELETE', at('a', key), bypass)).status, 204)
})
