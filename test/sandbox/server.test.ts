import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { element, send, signHead } from './send.ts'
import { BUCKET, KEY, startTestSandbox } from './start-test-sandbox.ts'

const target = `/${BUCKET}/key`

t.test("an error is S3's document, with ids that equal the headers'", async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const answer = await send(sandbox, {
    target: `/${BUCKET}/a&b`,
    canonicalPath: `/${BUCKET}/a%26b`,
  })
  t.match(answer, {
    status: 404,
    headers: { 'content-type': 'application/xml', 'x-amz-request-id': /^[0-9A-Z]{16}$/ },
    body: /^<\?xml version="1.0" encoding="UTF-8"\?>\n<Error><Code>NoSuchKey<.*<Key>a&amp;b</,
  })
  t.equal(element(answer.body, 'RequestId'), answer.headers['x-amz-request-id'])
  t.equal(element(answer.body, 'HostId'), answer.headers['x-amz-id-2'])
  const head = await send(sandbox, { method: 'HEAD', target })
  t.match(head, { status: 404, body: '' })
})

t.test('100 Continue comes only when the head has been judged', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const put = async (payload: string) => {
    const head = signHead({ method: 'PUT', target, payload })
    const req = httpRequest({
      host: '127.0.0.1',
      port: sandbox.port,
      method: 'PUT',
      path: target,
      headers: [...head.headers, 'content-length', '5', 'expect', '100-continue'],
    })
    let continued = false
    req.on('continue', () => {
      continued = true
      req.end('hello')
    })
    req.flushHeaders()
    const [res] = await once(req, 'response')
    res.resume()
    await once(res, 'end')
    req.destroy()
    return { continued, status: res.statusCode, connection: res.headers.connection }
  }
  t.match(await put('UNSIGNED-PAYLOAD'), { continued: true, status: 200 })
  t.match(await put('NONSENSE'), { continued: false, status: 400, connection: 'close' })
})

t.test('a client that goes away leaves nothing', async (t) => {
  const { sandbox, dataDir } = await startTestSandbox(t)
  const head = signHead({ method: 'PUT', target, payload: 'UNSIGNED-PAYLOAD' })
  const lines: string[] = []
  for (let i = 0; i < head.headers.length; i += 2) {
    lines.push(`${head.headers[i]}: ${head.headers[i + 1]}`)
  }
  const socket = connect(sandbox.port, '127.0.0.1')
  socket.write(`PUT ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\nContent-Length: 5000000\r\n\r\n`)
  socket.write(Buffer.alloc(2_000_000))
  const data = join(dataDir, 'buckets', BUCKET, 'data')
  await until(() => readdirSync(data).length === 1)
  socket.destroy()
  await until(() => readdirSync(data).length === 0)
  t.strictSame(sandbox.list(BUCKET), [])
})

t.test('a refused body is drained, so that the client sees the answer', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const body = Buffer.alloc(3_000_000)
  const answer = await send(sandbox, { method: 'PUT', target: '/none/key', body })
  t.match(answer, { status: 404, code: 'NoSuchBucket', headers: { connection: 'close' } })
})

t.test('large objects of several files come back whole', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const body = Buffer.alloc(200_000, 'abc')
  await send(sandbox, { method: 'PUT', target, body })
  t.ok((await send(sandbox, { target })).octets.equals(body))
})

t.test('fields are spelled as S3 spells them, and keep each byte', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const disposition = 'attachment; filename="M\xe4rz \xe6\x97\xa5.pdf"'
  await send(sandbox, {
    method: 'PUT',
    target,
    body: 'x',
    headers: { 'content-disposition': disposition, 'x-amz-meta-a': '\xc3\xa4' },
  })
  for (const method of ['GET', 'HEAD']) {
    const { rawHeaders, headers } = await send(sandbox, { method, target })
    t.match(headers, { 'content-disposition': disposition, 'x-amz-meta-a': '\xc3\xa4' })
    const names = rawHeaders.filter((_, i) => i % 2 === 0)
    for (const name of ['ETag', 'Last-Modified', 'Content-Type', 'Accept-Ranges', 'Server']) {
      t.ok(names.includes(name), `${method} ${name}`)
    }
    t.ok(names.includes('x-amz-request-id'))
  }
})

t.test('an object of more than ten parts is sent without a warning', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const warnings: Error[] = []
  const note = (warning: Error) => warnings.push(warning)
  process.on('warning', note)
  t.teardown(() => process.off('warning', note))
  const source = Buffer.alloc(5 * 1024 ** 2, 'abcdefg')
  await send(sandbox, { method: 'PUT', target: `/${BUCKET}/source`, body: source })
  const created = await send(sandbox, { method: 'POST', target: `${target}?uploads` })
  const id = element(created.body, 'UploadId')
  let list = ''
  for (let number = 1; number <= 12; number++) {
    const part = await send(sandbox, {
      method: 'PUT',
      target: `${target}?partNumber=${number}&uploadId=${id}`,
      headers: { 'x-amz-copy-source': `/${BUCKET}/source` },
    })
    const etag = element(part.body, 'ETag')
    list += `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`
  }
  const body = `<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`
  await send(sandbox, { method: 'POST', target: `${target}?uploadId=${id}`, body })
  const { octets } = await send(sandbox, { target })
  t.equal(octets.length, 12 * source.length)
  t.ok(octets.subarray(11 * source.length).equals(source))
  await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(warnings, [])
})

t.test('the quirk slowDown answers 503 first', async (t) => {
  const { sandbox } = await startTestSandbox(t, { quirks: { slowDown: 2 } })
  const statuses: number[] = []
  for (let i = 0; i < 3; i++) statuses.push((await send(sandbox, { target: '/' })).status)
  t.strictSame(statuses, [503, 503, 200])
})

t.test('the quirks slowDownEvery and kmsThrottleEvery refuse each so many', async (t) => {
  const quirks = { slowDownEvery: 3, kmsThrottleEvery: 2 }
  const { sandbox } = await startTestSandbox(t, { quirks })
  const headers = {
    'x-amz-server-side-encryption': 'aws:kms',
    'x-amz-server-side-encryption-aws-kms-key-id': KEY,
  }
  const codes: unknown[] = []
  for (let i = 0; i < 6; i++) {
    codes.push((await send(sandbox, { method: 'PUT', target, body: 'x', headers })).code)
  }
  const throttled = 'KMS.ThrottlingException'
  t.strictSame(codes, [undefined, throttled, 'SlowDown', undefined, throttled, 'SlowDown'])
})

t.test('the quirk conflictEvery refuses each so many conditional writes', async (t) => {
  const { sandbox } = await startTestSandbox(t, { quirks: { conflictEvery: 2 } })
  const put = (headers: Record<string, string>) =>
    send(sandbox, { method: 'PUT', target, body: 'x', headers })
  const { etag } = (await put({})).headers
  const ifMatch = { 'if-match': String(etag) }
  t.equal((await put(ifMatch)).status, 200)
  t.match(await put(ifMatch), { status: 409, code: 'ConditionalRequestConflict' })
  t.equal((await put({})).status, 200)
  t.equal((await put(ifMatch)).status, 200)
})

/** Waits for the other side of a socket to do its work; the test's own time limit bounds it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
