import { createHash } from 'node:crypto'
import t from 'tap'
import { matchesEtag, parseRange } from '../../../src/sandbox/operations/get-object.ts'
import { element, send } from '../send.ts'
import { BUCKET, KEY, NOW, startTestSandbox } from '../start-test-sandbox.ts'

const target = `/${BUCKET}/key`
const SSE = 'x-amz-server-side-encryption'

t.test('a range is read, ignored if it is malformed, and refused beyond the end', async (t) => {
  t.strictSame(parseRange('bytes=0-4', 10), { start: 0, size: 5 })
  t.strictSame(parseRange('bytes=5-', 10), { start: 5, size: 5 })
  t.strictSame(parseRange('bytes=-3', 10), { start: 7, size: 3 })
  t.strictSame(parseRange('bytes=-30', 10), { start: 0, size: 10 })
  t.strictSame(parseRange('bytes=8-100', 10), { start: 8, size: 2 })
  for (const ignored of ['bytes=5-2', 'bytes=1-2,4-5', 'lines=1-2', 'bytes=-', 'bytes=a-b']) {
    t.equal(parseRange(ignored, 10), undefined, ignored)
  }
  for (const bad of ['bytes=10-', 'bytes=10-11', 'bytes=-0']) {
    t.throws(() => parseRange(bad, 10), { code: 'InvalidRange', status: 416 }, bad)
  }
})

t.test('entity tags are compared in lists, weak and with a star', async (t) => {
  t.ok(matchesEtag('"a", "b"', 'b'))
  t.ok(matchesEtag('*', 'b'))
  t.ok(matchesEtag('W/"b"', 'b'))
  t.notOk(matchesEtag('"a"', 'b'))
})

t.test('an object comes back with all that was kept', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  await send(sandbox, {
    method: 'PUT',
    target,
    body: '0123456789',
    headers: {
      'content-type': 'text/x',
      'x-amz-meta-a': 'b',
      'x-amz-checksum-crc32': 'poTHxg==',
      'x-amz-tagging': 'a=b&c=d',
      [SSE]: 'aws:kms',
    },
  })
  const get = await send(sandbox, { target, headers: { 'x-amz-checksum-mode': 'ENABLED' } })
  t.match(get, {
    status: 200,
    body: '0123456789',
    headers: {
      'content-type': 'text/x',
      'content-length': '10',
      'accept-ranges': 'bytes',
      'last-modified': new Date(NOW).toUTCString(),
      'x-amz-meta-a': 'b',
      'x-amz-checksum-crc32': 'poTHxg==',
      'x-amz-tagging-count': '2',
      [SSE]: 'aws:kms',
    },
  })
  t.equal(get.headers[`${SSE}-context`], undefined)
  const head = await send(sandbox, { method: 'HEAD', target })
  t.match(head, { status: 200, body: '', headers: { 'content-length': '10', [SSE]: 'aws:kms' } })
  t.equal(head.headers['x-amz-checksum-crc32'], undefined)
  const range = await send(sandbox, { target, headers: { range: 'bytes=2-4' } })
  t.match(range, { status: 206, body: '234', headers: { 'content-range': 'bytes 2-4/10' } })
  const beyond = await send(sandbox, { target, headers: { range: 'bytes=10-' } })
  t.match(beyond, { status: 416, code: 'InvalidRange', body: /<ActualObjectSize>10</ })
  const other = await send(sandbox, { target: `${target}?response-content-type=a%2Fb` })
  t.equal(other.headers['content-type'], 'a/b')
})

t.test('a response-… value comes as ISO-8859-1, or is refused', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  await send(sandbox, { method: 'PUT', target, body: 'x' })
  const get = (value: string, name = 'content-disposition') =>
    send(sandbox, { target: `${target}?response-${name}=${encodeURIComponent(value)}` })
  for (const value of ['attachment; filename="März.pdf"', 'é \xff', '']) {
    t.match(await get(value), { status: 200, headers: { 'content-disposition': value } }, value)
  }
  for (const value of ['日本', 'a–b', 'a\r\nx-b: c', 'a\x00', '\x7f']) {
    const answer = await get(value)
    t.match(answer, { status: 400, code: 'InvalidArgument', body: /using ISO-8859-1\.</ }, value)
    t.equal(element(answer.body, 'ArgumentName'), 'response-content-disposition')
  }
  t.equal((await get('文', 'content-language')).code, 'InvalidArgument')
})

t.test('conditions decide between 200, 304 and 412', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const put = await send(sandbox, { method: 'PUT', target, body: 'x' })
  const etag = String(put.headers.etag)
  const now = new Date(NOW).toUTCString()
  const before = new Date(NOW - 1000).toUTCString()
  const cases: readonly (readonly [Record<string, string>, number])[] = [
    [{ 'if-match': etag }, 200],
    [{ 'if-match': '"other"' }, 412],
    [{ 'if-none-match': etag }, 304],
    [{ 'if-none-match': '"other"' }, 200],
    [{ 'if-modified-since': now }, 304],
    [{ 'if-modified-since': before }, 200],
    [{ 'if-unmodified-since': now }, 200],
    [{ 'if-unmodified-since': before }, 412],
    [{ 'if-unmodified-since': before, 'if-match': etag }, 200],
    [{ 'if-modified-since': now, 'if-none-match': '"other"' }, 200],
  ]
  for (const [headers, status] of cases) {
    t.equal((await send(sandbox, { target, headers })).status, status, JSON.stringify(headers))
  }
  const notModified = await send(sandbox, { target, headers: { 'if-none-match': etag } })
  t.match(notModified, { body: '', headers: { etag } })
  t.equal(notModified.headers[SSE], undefined)
})

t.test('SSE-C objects are read with their key only', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const customer = (octet: number) => {
    const key = Buffer.alloc(32, octet)
    return {
      [`${SSE}-customer-algorithm`]: 'AES256',
      [`${SSE}-customer-key`]: key.toString('base64'),
      [`${SSE}-customer-key-md5`]: createHash('md5').update(key).digest('base64'),
    }
  }
  const put = await send(sandbox, { method: 'PUT', target, body: 'x', headers: customer(1) })
  t.match(put.headers, { [`${SSE}-customer-algorithm`]: 'AES256' })
  t.equal(put.headers[SSE], undefined)
  t.equal((await send(sandbox, { target, headers: customer(1) })).body, 'x')
  t.match(await send(sandbox, { target }), { status: 400, code: 'InvalidRequest' })
  t.match(await send(sandbox, { target, headers: customer(2) }), {
    status: 403,
    code: 'AccessDenied',
  })
  t.match(await send(sandbox, { method: 'HEAD', target }), { status: 400, body: '' })
  await send(sandbox, { method: 'PUT', target: `/${BUCKET}/plain`, body: 'x' })
  const plain = await send(sandbox, { target: `/${BUCKET}/plain`, headers: customer(1) })
  t.match(plain, { status: 400, code: 'InvalidRequest', body: /not applicable/ })
})

t.test('a key that is disabled later closes its objects, but not their heads', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const headers = { [SSE]: 'aws:kms', [`${SSE}-aws-kms-key-id`]: KEY }
  await send(sandbox, { method: 'PUT', target, body: 'x', headers })
  sandbox.setKeyState(KEY, 'disabled')
  t.match(await send(sandbox, { target }), { status: 400, code: 'KMS.DisabledException' })
  t.equal((await send(sandbox, { method: 'HEAD', target })).status, 200)
})
