import { createHash } from 'node:crypto'
import t from 'tap'
import { element, send } from '../send.ts'
import { BUCKET, KEY, startTestSandbox, type TestSandbox } from '../start-test-sandbox.ts'

const SSE = 'x-amz-server-side-encryption'
const KMS = { [SSE]: 'aws:kms', [`${SSE}-aws-kms-key-id`]: KEY }

async function withSource(
  test: Parameters<typeof startTestSandbox>[0],
  quirks = {},
): Promise<TestSandbox> {
  const started = await startTestSandbox(test, { quirks })
  await send(started.sandbox, {
    method: 'PUT',
    target: `/${BUCKET}/source`,
    body: 'hello',
    headers: { ...KMS, 'content-type': 'a/b', 'x-amz-meta-a': '1', 'x-amz-tagging': 'a=b' },
  })
  return started
}

function copy(
  { sandbox }: TestSandbox,
  headers: Record<string, string> = {},
  target = '/bucket-two/copy',
) {
  return send(sandbox, {
    method: 'PUT',
    target,
    headers: { 'x-amz-copy-source': `/${BUCKET}/source`, ...headers },
  })
}

t.test('without headers a copy falls to the default of its bucket', async (t) => {
  const started = await withSource(t)
  const answer = await copy(started)
  const md5 = createHash('md5').update('hello').digest('hex')
  t.match(answer, { status: 200, headers: { [SSE]: 'AES256' } })
  t.equal(element(answer.body, 'ETag'), `&quot;${md5}&quot;`, 'the MD5, computed anew')
  t.match(started.sandbox.inspect('bucket-two', 'copy'), {
    encryption: 'AES256',
    keyId: undefined,
    metadata: { a: '1' },
    headers: { 'content-type': 'a/b' },
    tags: { a: 'b' },
  })
  t.equal((await send(started.sandbox, { target: '/bucket-two/copy' })).body, 'hello')
})

t.test('with headers it is encrypted as they say', async (t) => {
  const started = await withSource(t)
  t.match((await copy(started, KMS)).headers, { [SSE]: 'aws:kms', [`${SSE}-aws-kms-key-id`]: KEY })
  await send(started.sandbox, { method: 'DELETE', target: `/${BUCKET}/source` })
  const get = await send(started.sandbox, { target: '/bucket-two/copy' })
  t.match(get, { body: 'hello', headers: { [SSE]: 'aws:kms' } }, 'the copy outlives its source')
})

t.test('REPLACE takes metadata and tags from the request', async (t) => {
  const started = await withSource(t)
  await copy(started, {
    'x-amz-metadata-directive': 'REPLACE',
    'x-amz-tagging-directive': 'REPLACE',
    'x-amz-meta-b': '2',
  })
  t.strictSame(started.sandbox.inspect('bucket-two', 'copy')?.metadata, { b: '2' })
  t.strictSame(started.sandbox.inspect('bucket-two', 'copy')?.tags, {})
  const bad = await copy(started, { 'x-amz-metadata-directive': 'MOVE' })
  t.match(bad, { status: 400, code: 'InvalidArgument' })
})

t.test('an object is copied onto itself only to change it', async (t) => {
  const started = await withSource(t)
  const onto = `/${BUCKET}/source`
  const same = await send(started.sandbox, { method: 'PUT', target: onto, body: 'x' })
  t.equal(same.status, 200)
  t.match(await copy(started, {}, onto), { status: 400, code: 'InvalidRequest', body: /illegal/ })
  t.equal((await copy(started, KMS, onto)).status, 200)
  t.equal(started.sandbox.inspect(BUCKET, 'source')?.encryption, 'aws:kms')
  t.equal((await copy(started, {}, onto)).status, 200, 'from KMS back to the default')
  t.equal(started.sandbox.inspect(BUCKET, 'source')?.encryption, 'AES256')
  t.equal((await send(started.sandbox, { target: onto })).body, 'x')
})

t.test('a write condition holds for the copy', async (t) => {
  const started = await withSource(t)
  t.equal((await copy(started, { 'if-none-match': '*' })).status, 200)
  t.equal((await copy(started, { 'if-none-match': '*' })).status, 412)
})

t.test('the quirk silentCopy stores unencrypted and says nothing', async (t) => {
  const started = await withSource(t, { silentCopy: true })
  const answer = await copy(started, KMS)
  t.equal(answer.status, 200)
  t.equal(answer.headers[SSE], undefined)
  t.equal(started.sandbox.inspect('bucket-two', 'copy')?.encryption, 'none')
  const head = await send(started.sandbox, { method: 'HEAD', target: '/bucket-two/copy' })
  t.equal(head.headers[SSE], undefined)
})

t.test('the quirk noEncryptedCopy refuses a source under a KMS key only', async (t) => {
  const started = await withSource(t, { noEncryptedCopy: true })
  t.match(await copy(started), { status: 501, code: 'NotImplemented' })
  await send(started.sandbox, { method: 'PUT', target: `/${BUCKET}/source` })
  t.equal((await copy(started, KMS)).status, 200)
})

t.test('the quirk copyErrorIn200 fails after it began to answer', async (t) => {
  const started = await withSource(t, { copyErrorIn200: true })
  t.match(await copy(started, KMS), { status: 200, code: 'InternalError' })
  t.strictSame(started.sandbox.list('bucket-two'), [])
})

t.test('a copy keeps the checksum algorithm, or takes the one that is asked for', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const source = `/${BUCKET}/source`
  const crc32 = 'NhCmhg=='
  await send(sandbox, {
    method: 'PUT',
    target: source,
    body: 'hello',
    headers: { 'x-amz-checksum-crc32': crc32 },
  })
  const put = (headers: Record<string, string>) =>
    send(sandbox, {
      method: 'PUT',
      target: '/bucket-two/copy',
      headers: { 'x-amz-copy-source': source, ...headers },
    })
  t.equal(element((await put({})).body, 'ChecksumCRC32'), crc32)
  const sha256 = createHash('sha256').update('hello').digest('base64')
  const asked = await put({ 'x-amz-checksum-algorithm': 'SHA256' })
  t.equal(element(asked.body, 'ChecksumSHA256'), sha256)
  t.equal((await put({ 'x-amz-checksum-algorithm': 'MD6' })).code, 'InvalidRequest')
  const created = await send(sandbox, {
    method: 'POST',
    target: `${source}?uploads`,
    headers: { 'x-amz-checksum-algorithm': 'CRC32' },
  })
  const id = element(created.body, 'UploadId')
  const part = await send(sandbox, {
    method: 'PUT',
    target: `${source}?partNumber=1&uploadId=${id}`,
    body: 'hello',
    headers: { 'x-amz-checksum-crc32': crc32 },
  })
  const etag = String(part.headers.etag).replaceAll('"', '')
  await send(sandbox, {
    method: 'POST',
    target: `${source}?uploadId=${id}`,
    body: `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag><ChecksumCRC32>${crc32}</ChecksumCRC32></Part></CompleteMultipartUpload>`,
  })
  const composite = await put({})
  t.equal(element(composite.body, 'ChecksumCRC32'), crc32, 'of the whole, no longer of the parts')
  t.equal(element(composite.body, 'ChecksumType'), 'FULL_OBJECT')
})
