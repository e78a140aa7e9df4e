import t from 'tap'
import { becomes, exchangeOctets } from '../support/raw-socket.ts'
import { CLIENT, KEY, startRig, UPSTREAM } from '../support/rig.ts'
import { send, sendRaw } from '../support/signed-request.ts'

/*
 * Requests made to have S3 do, under our signature, something else than what the client signed and
 * the policy judged; or to have an answer say what no answer may.
 */

const SSE = 'x-amz-server-side-encryption'
const ANONYMOUS = `
  - name: sidecar
    anonymous: true
    buckets: ['bucket']`

t.test('Connection cannot delete what the client signed and the policy judged', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  await send(rig.port, { method: 'PUT', path: '/bucket/source', body: 'the source' })
  const copy = await send(rig.port, {
    method: 'PUT',
    path: '/bucket/copy',
    headers: { 'x-amz-copy-source': '/bucket/source', 'content-type': 'text/x-signed' },
    unsigned: { connection: 'x-amz-copy-source, content-type, x-amz-meta-a' },
  })
  t.equal(copy.status, 200, copy.text)
  t.match(copy.text, '<CopyObjectResult')
  t.equal(rig.sandbox.inspect('bucket', 'copy')?.size, 10)
  t.match(JSON.stringify(rig.received.at(-1)), 'text/x-signed')
})

t.test(
  'an error document says nothing of a query, where signatures and tokens stand',
  async (t) => {
    const rig = await startRig()
    t.teardown(() => rig.close())
    const query =
      'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0123abcd&X-Amz-Security-Token=the-token'
    for (const host of [`127.0.0.1:${rig.port}`, 'elsewhere']) {
      for (const path of ['/bucket/k', '/bucket/%zz', '/BUCKET/k', '/bucket/k#']) {
        const answer = await sendRaw(rig.port, 'GET', `${path}?${query}`, { host })
        t.match(answer.status, /^40\d$/)
        for (const secret of ['0123abcd', 'the-token']) t.notMatch(answer.text, secret, path)
      }
    }
    const lines = JSON.stringify(await rig.audit()) + rig.log()
    for (const secret of ['0123abcd', 'the-token']) t.notMatch(lines, secret)
  },
)

t.test('fields beyond any number are not dropped unseen', async (t) => {
  const rig = await startRig({ clients: ANONYMOUS, more: 'limits: { headerBytes: 65536 }' })
  t.teardown(() => rig.close())
  const head = (junk: number) =>
    `PUT /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n${'a:\r\n'.repeat(junk)}`
  const encrypted = await exchangeOctets(
    rig.port,
    `${head(500)}Content-Length: 1\r\n${SSE}: AES256\r\nx-amz-meta-last: 1\r\n\r\nx`,
  )
  t.match(encrypted, /^HTTP\/1.1 200 /)
  t.match(JSON.stringify(rig.received.at(-1)), 'x-amz-meta-last')
  const copied = await exchangeOctets(rig.port, `${head(500)}x-amz-copy-source: /other/k\r\n\r\n`)
  t.match(copied, 'copy-source-not-allowed')
  const before = rig.received.length
  const many = `${head(3000)}Content-Length: 1\r\nx-amz-meta-last: 1\r\n\r\nx`
  t.match(await exchangeOctets(rig.port, many), /^HTTP\/1.1 400 /)
  t.equal(rig.received.length, before, 'what is too much is refused as a whole')
})

t.test('a preflight carries nothing, and only to buckets that some client has', async (t) => {
  const rig = await startRig({ buckets: "['bucket']" })
  t.teardown(() => rig.close())
  const headers = {
    host: `127.0.0.1:${rig.port}`,
    origin: 'https://app.example',
    'access-control-request-method': 'PUT',
    authorization: 'AWS4-HMAC-SHA256 Credential=x',
    'x-amz-security-token': 'the-token',
    'content-length': '6',
  }
  const query = 'X-Amz-Signature=abc&X-Amz-Security-Token=the-token&versionId=1'
  const body = Buffer.from('a body')
  await sendRaw(rig.port, 'OPTIONS', `/bucket/k?${query}`, headers, body)
  t.equal(rig.received.length, 1)
  t.equal(rig.received[0]?.rawTarget, '/bucket/k')
  t.notMatch(JSON.stringify(rig.received), /the-token|Credential|SGUPSTREAM|content-length/)
  const elsewhere = await sendRaw(rig.port, 'OPTIONS', '/other/k', headers, body)
  t.equal(elsewhere.headers['x-sealgate-reason'], 'bucket-not-allowed')
  t.equal(rig.received.length, 1)
})

t.test("S3's refusal of our own signature is not the client's to read", async (t) => {
  const wrong = { accessKeyId: UPSTREAM.accessKeyId, secretAccessKey: 'another-secret' }
  const rig = await startRig({ sandbox: { accounts: [wrong] } })
  t.teardown(() => rig.close())
  for (const method of ['GET', 'PUT']) {
    const body = method === 'PUT' ? 'x' : undefined
    const answer = await send(rig.port, {
      method,
      path: '/bucket/k',
      ...(body === undefined ? {} : { body }),
    })
    t.match(answer.status, /^50\d$/)
    for (const word of ['StringToSign', 'CanonicalRequest', 'SignatureProvided', 'SGUPSTREAM']) {
      t.notMatch(answer.text, word, method)
    }
  }
})

t.test('two Content-Encoding fields are not one', async (t) => {
  const rig = await startRig({ clients: ANONYMOUS })
  t.teardown(() => rig.close())
  const answer = await exchangeOctets(
    rig.port,
    'PUT /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 1\r\n' +
      'Content-Encoding: gzip\r\nContent-Encoding: br\r\n\r\nx',
  )
  t.match(answer, /^HTTP\/1.1 400 /)
  t.equal(rig.received.length, 0)
})

/** A form as a browser sends it. */
function form(fields: readonly (readonly [string, string])[], file = 'content') {
  let body = ''
  for (const [name, value] of fields) {
    body += `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  }
  body += `--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n${file}\r\n--b--\r\n`
  return Buffer.from(body, 'utf8')
}

const FORM = { 'content-type': 'multipart/form-data; boundary=b' }

t.test('a key of a form has no NUL, at which some servers end it', async (t) => {
  const rig = await startRig({ clients: ANONYMOUS })
  t.teardown(() => rig.close())
  const answer = await sendRaw(
    rig.port,
    'POST',
    '/bucket',
    { host: '127.0.0.1', ...FORM },
    form([['key', 'secret/k\0.tmp']]),
  )
  t.equal(answer.status, 400, answer.text)
  t.equal(rig.received.length, 0)
})

t.test("forms that are refused for a client's limit do not widen it", async (t) => {
  const rig = await startRig({
    clients: ANONYMOUS,
    more: 'limits: { concurrentRequestsPerClient: 1 }',
  })
  t.teardown(() => rig.close())
  const host = { host: '127.0.0.1' }
  // One upload is under way, and holds the client's only place.
  const held = new AbortController()
  const { request } = await import('node:http')
  const slow = request({
    port: rig.port,
    host: '127.0.0.1',
    method: 'PUT',
    path: '/bucket/slow',
    headers: { ...host, 'content-length': '10' },
    signal: held.signal,
  })
  slow.on('error', () => undefined)
  slow.write('x')
  t.ok(await becomes(() => rig.metrics.inflight === 1))
  for (let i = 0; i < 3; i++) {
    const refused = await sendRaw(
      rig.port,
      'POST',
      '/bucket',
      { ...host, ...FORM },
      form([['key', 'k']]),
    )
    t.equal(refused.headers['x-sealgate-reason'], 'too-many-requests')
  }
  held.abort()
})

t.test('a body that breaks off does not look whole to a client of HTTP/1.0', async (t) => {
  const { createServer } = await import('node:net')
  const s3 = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
      setTimeout(() => socket.destroy(), 50)
    })
  })
  await new Promise<void>((resolve) => s3.listen(0, '127.0.0.1', resolve))
  t.teardown(() => s3.close())
  const address = s3.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const rig = await startRig({ clients: ANONYMOUS, upstreamPort: address.port })
  t.teardown(() => rig.close())
  const { connect } = await import('node:net')
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const socket = connect(rig.port, '127.0.0.1')
    socket.resume()
    socket.once('error', resolve)
    socket.once('close', () => resolve(undefined))
    socket.write('GET /bucket/k HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n')
  })
  t.equal(error?.code, 'ECONNRESET')
})

t.test('what the policy sets is set although the client says it, too', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const put = await send(rig.port, {
    method: 'PUT',
    path: '/bucket/k',
    headers: { [SSE]: 'AES256' },
    body: 'x',
    credentials: CLIENT,
  })
  t.equal(put.headers[`${SSE}-aws-kms-key-id`], KEY)
})

t.test("a page of another site cannot use the user's own sidecar", async (t) => {
  const rig = await startRig({ clients: ANONYMOUS })
  t.teardown(() => rig.close())
  const browser = {
    host: '127.0.0.1',
    origin: 'https://evil.example',
    'sec-fetch-site': 'cross-site',
  }
  const upload = form([['key', 'k']])
  const posted = await sendRaw(rig.port, 'POST', '/bucket', { ...browser, ...FORM }, upload)
  t.equal(posted.status, 403)
  t.equal((await sendRaw(rig.port, 'GET', '/bucket/k', browser)).status, 403)
  t.equal(rig.received.length, 0)
  const own = { ...browser, 'sec-fetch-site': 'same-origin', ...FORM }
  t.equal((await sendRaw(rig.port, 'POST', '/bucket', own, upload)).status, 204)
})

t.test('a page of another site whose browser tells only its origin cannot either', async (t) => {
  const rig = await startRig({ clients: ANONYMOUS })
  t.teardown(() => rig.close())
  const upload = form([['key', 'k']])
  const post = (origin: string) =>
    sendRaw(rig.port, 'POST', '/bucket', { host: `127.0.0.1:${rig.port}`, origin, ...FORM }, upload)
  for (const origin of ['https://evil.example', 'http://localhost', 'https://127.0.0.1', 'null']) {
    t.equal((await post(origin)).status, 403, origin)
    const headers = { host: '127.0.0.1', origin }
    t.equal((await sendRaw(rig.port, 'GET', '/bucket/k', headers)).status, 403, origin)
  }
  t.equal(rig.received.length, 0)
  t.equal((await post('http://127.0.0.1:3000')).status, 204)
})

t.test('a refusal names a few of the unsigned headers, however many there are', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const unsigned: Record<string, string> = {}
  for (let i = 0; i < 500; i++) unsigned[`x-amz-meta-${i}`] = ''
  const answer = await send(rig.port, { path: '/bucket/k', unsigned })
  t.equal(answer.headers['x-sealgate-reason'], 'headers-not-signed')
  t.equal(/<HeadersNotSigned>([^<]*)</.exec(answer.text)?.[1]?.split(', ').length, 32)
})

t.test('every step of an exempt multipart upload says why in the audit', async (t) => {
  const rig = await startRig({
    policy: `
  rules:
    - name: free
      match: { buckets: ['bucket'] }
      exempt: it is free`,
  })
  t.teardown(() => rig.close())
  const created = await send(rig.port, { method: 'POST', path: '/bucket/k?uploads=' })
  const uploadId = /<UploadId>([^<]+)/.exec(created.text)?.[1] ?? ''
  const path = `/bucket/k?uploadId=${uploadId}`
  const part = await send(rig.port, { method: 'PUT', path: `${path}&partNumber=1`, body: 'x' })
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part></CompleteMultipartUpload>`
  t.equal((await send(rig.port, { method: 'POST', path, body })).status, 200)
  const lines = await rig.audit()
  t.strictSame(
    lines.map(({ reason }) => reason),
    ['it is free', 'it is free', 'it is free'],
  )
})

t.test('nothing is read behind a request with an odd transfer coding', async (t) => {
  const rig = await startRig({ clients: ANONYMOUS })
  t.teardown(() => rig.close())
  for (const coding of [
    'Transfer-Encoding: xchunked\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
  ]) {
    const before = rig.received.length
    const answers = await exchangeOctets(
      rig.port,
      `POST /bucket?delete HTTP/1.1\r\nHost: 127.0.0.1\r\n${coding}\r\n\r\n1\r\nx\r\n0\r\n\r\n0\r\n\r\n`,
    )
    t.equal(answers.split('HTTP/1.1 ').length - 1, 1, 'one answer')
    t.match(answers, /^HTTP\/1.1 4\d\d [\s\S]*connection: close/i)
    t.equal(rig.received.length, before)
  }
})
