import { createHash } from 'node:crypto'
import t from 'tap'
import { checksumHeaders, wholeSeconds } from '../../../src/sandbox/operations/put-object.ts'
import { send, sendRaw, signHead } from '../send.ts'
import { BUCKET, DISABLED_KEY, KEY, PENDING_KEY, startTestSandbox } from '../start-test-sandbox.ts'

const target = `/${BUCKET}/key`
const SSE = 'x-amz-server-side-encryption'
const KEY_ID = `${SSE}-aws-kms-key-id`

t.test('the answer confirms the encryption', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const plain = await send(sandbox, { method: 'PUT', target, body: 'hello' })
  const md5 = createHash('md5').update('hello').digest('hex')
  t.match(plain, { status: 200, headers: { [SSE]: 'AES256', etag: `"${md5}"` } })
  const context = Buffer.from('{"a":"b"}').toString('base64')
  const kms = await send(sandbox, {
    method: 'PUT',
    target,
    body: 'hello',
    headers: {
      [SSE]: 'aws:kms',
      [KEY_ID]: KEY.split('/')[1] ?? '',
      [`${SSE}-context`]: context,
      [`${SSE}-bucket-key-enabled`]: 'true',
    },
  })
  t.match(kms.headers, {
    [SSE]: 'aws:kms',
    [KEY_ID]: KEY,
    [`${SSE}-context`]: context,
    [`${SSE}-bucket-key-enabled`]: 'true',
  })
  t.not(kms.headers.etag, `"${md5}"`, 'not the MD5 of the plain text')
  t.match(sandbox.inspect(BUCKET, 'key'), {
    size: 5,
    encryption: 'aws:kms',
    keyId: KEY,
    context,
    bucketKey: true,
  })
})

t.test('keys that cannot be used are refused, and nothing is stored', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const cases = [
    ['fake-key-id', 'KMS.NotFoundException'],
    [DISABLED_KEY, 'KMS.DisabledException'],
    [PENDING_KEY, 'KMS.KMSInvalidStateException'],
  ] as const
  for (const [key, code] of cases) {
    const headers = { [SSE]: 'aws:kms', [KEY_ID]: key }
    t.match(await send(sandbox, { method: 'PUT', target, body: 'x', headers }), {
      status: 400,
      code,
    })
  }
  t.strictSame(sandbox.list(BUCKET), [])
})

t.test('a condition that fails is refused with 412', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const put = (headers: Record<string, string>) =>
    send(sandbox, { method: 'PUT', target, body: 'x', headers })
  t.equal((await put({ 'if-none-match': '*' })).status, 200)
  const again = await put({ 'if-none-match': '*' })
  t.match(again, { status: 412, code: 'PreconditionFailed', body: /<Condition>If-None-Match</ })
  t.equal((await put({ 'if-match': '"00"' })).status, 412)
})

t.test('of two that begin at once with If-None-Match, one wins', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const put = (body: string) =>
    send(sandbox, { method: 'PUT', target, body, headers: { 'if-none-match': '*' } })
  const answers = await Promise.all([put('a'.repeat(500_000)), put('b'.repeat(500_000))])
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 412])
})

t.test('a body needs a length', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const head = signHead({ method: 'PUT', target, payload: 'UNSIGNED-PAYLOAD' })
  const headers = [...head.headers, 'transfer-encoding', 'chunked']
  const answer = await sendRaw(sandbox, 'PUT', target, headers, 'hello')
  t.match(answer, { status: 411, code: 'MissingContentLength' })
})

t.test('the quirks silentPut and wrongKey change what is confirmed', async (t) => {
  const { sandbox } = await startTestSandbox(t, { quirks: { silentPut: true, wrongKey: 'other' } })
  const headers = { [SSE]: 'aws:kms', [KEY_ID]: KEY }
  const put = await send(sandbox, { method: 'PUT', target, body: 'x', headers })
  t.equal(put.headers[SSE], undefined)
  const head = await send(sandbox, { method: 'HEAD', target })
  t.match(head.headers, { [SSE]: 'aws:kms', [KEY_ID]: 'other' })
})

t.test('times are cut to seconds, and checksums become headers', async (t) => {
  t.equal(wholeSeconds(1999), 1000)
  t.strictSame(checksumHeaders(undefined), {})
  t.strictSame(checksumHeaders({ algorithm: 'CRC32', value: 'v', type: 'FULL_OBJECT' }), {
    'x-amz-checksum-crc32': 'v',
    'x-amz-checksum-type': 'FULL_OBJECT',
  })
})
