import t, { type Test } from 'tap'
import { errorCodeOf, RawConnection } from '../support/raw-http.ts'
import { becomes } from '../support/raw-socket.ts'
import { KEY, type Rig, startRig } from '../support/rig.ts'
import type { Field } from '../support/signer.ts'
import { signedHead } from './signed-head.ts'

/*
 * A server may ignore Upgrade, and S3 does (RFC 9110 section 7.8). node:http has odd ways with such a
 * request: it hands the socket over, or serves it and forgets what has come behind it in one read.
 */

async function rigOf(t: Test): Promise<Rig> {
  const rig = await startRig()
  t.teardown(() => rig.close())
  return rig
}

function open(t: Test, rig: Rig): RawConnection {
  const connection = new RawConnection(rig.port)
  t.teardown(() => connection.destroy())
  return connection
}

const PROTOCOLS: readonly (readonly Field[])[] = [
  [
    ['Connection', 'Upgrade, HTTP2-Settings'],
    ['Upgrade', 'h2c'],
    ['HTTP2-Settings', 'AAMAAABkAAQAAP__'],
  ],
  [
    ['connection', 'upgrade'],
    ['upgrade', 'TLS/1.2'],
  ],
  [
    ['Connection', 'keep-alive, Upgrade'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', '13'],
  ],
  // Means nothing without Connection; the request is served all the same.
  [['Upgrade', 'h2c']],
]

for (const more of PROTOCOLS) {
  const name = more.map((field) => field.join(': ')).join(', ')
  t.test(`${name}: served as HTTP/1.1, and the connection ends`, async (t) => {
    const rig = await rigOf(t)
    const body = Buffer.alloc(200_000, 'x')
    for (const length of [0, 1, 64 * 1024, 200_000]) {
      for (const expect of [[], [['Expect', '100-continue']]] as const) {
        if (length === 0 && expect.length > 0) continue
        const put = open(t, rig)
        put.write(signedHead(rig.port, { length, more: [...more, ...expect] }))
        if (expect.length > 0) t.ok(await put.until(/100 Continue\r\n\r\n/))
        put.write(body.subarray(0, length))
        const answer = await put.answer()
        t.match(answer, { status: 200, isWhole: true, continues: expect.length })
        t.equal(answer.headers.get('connection'), 'close')
        await put.closed()
        t.equal(put.error, undefined)
        t.match(rig.sandbox.inspect('bucket', 'k'), { size: length, keyId: KEY })
        const get = open(t, rig).write(signedHead(rig.port, { method: 'GET', more }))
        t.equal((await get.answer()).body.length, length)
      }
    }
    const head = open(t, rig).write(signedHead(rig.port, { method: 'HEAD', more }))
    await head.closed()
    t.match(head.text, /^HTTP\/1\.1 200 [\s\S]*\r\n\r\n$/)
    const lines = await rig.audit()
    t.equal(lines.length, 15)
    for (const line of lines) t.match(line, { status: 200, client: 'app' })
    for (const { rawHeaders } of rig.received) {
      t.notMatch(rawHeaders.join(), /upgrade/i, 'hop by hop')
    }
  })
}

const [H2C = []] = PROTOCOLS

t.test('Upgrade in HTTP/1.0 is ignored', async (t) => {
  const rig = await rigOf(t)
  const put = open(t, rig).write(signedHead(rig.port, { length: 1, version: '1.0', more: H2C }))
  t.match(await put.write('x').answer(), { status: 200 })
  const get = signedHead(rig.port, { method: 'GET', version: '1.0', more: H2C })
  t.match(await open(t, rig).write(get).answer(), { status: 200, body: 'x' })
})

t.test('a body in HTTP chunks, and one that is refused, with Upgrade', async (t) => {
  const rig = await rigOf(t)
  const chunked: readonly Field[] = [...H2C, ['transfer-encoding', 'chunked']]
  const put = open(t, rig).write(signedHead(rig.port, { more: chunked }))
  const answer = await put.write('1\r\nx\r\n0\r\n\r\n').answer()
  t.equal(errorCodeOf(answer), 'MissingContentLength')
  const wrong = signedHead(rig.port, { length: 70_000, secretAccessKey: 'wrong', more: H2C })
  const refused = open(t, rig).write(wrong).write(Buffer.alloc(70_000))
  t.match(await refused.answer(), { status: 403, isWhole: true })
  t.strictSame(
    (await rig.audit()).map(({ status }) => status),
    [411, 403],
  )
})

t.test('a client that ends in the middle of a body with Upgrade is not waited for', async (t) => {
  const rig = await rigOf(t)
  const bodies: readonly (readonly [Readonly<Parameters<typeof signedHead>[1]>, string])[] = [
    [{ length: 5, more: H2C }, 'abc'],
    [{ length: 70_000, more: H2C }, 'abc'],
    [{ length: 5, more: H2C }, ''],
  ]
  for (const [head, body] of bodies) {
    const put = open(t, rig).write(signedHead(rig.port, head)).write(body)
    t.ok(await becomes(() => rig.metrics.inflight === 1))
    put.socket.end()
    await put.closed()
    t.ok(await becomes(() => rig.metrics.inflight === 0))
  }
  const chunked: readonly Field[] = [
    ['Upgrade', 'h2c'],
    ['transfer-encoding', 'chunked'],
  ]
  const broken = open(t, rig)
    .write(signedHead(rig.port, { more: chunked }))
    .write('ZZ\r\n')
  t.match(await broken.answer(), { isWhole: true })
  await broken.closed()
  t.strictSame((await rig.audit()).map(({ reason }) => reason).slice(0, 3), [
    'client-gone',
    'client-gone',
    'client-gone',
  ])
})

t.test('what comes behind an Upgrade on its connection is never read', async (t) => {
  const rig = await rigOf(t)
  const behind = signedHead(rig.port, { target: '/bucket/behind', length: 1 })
  const put = signedHead(rig.port, { length: 3, more: H2C })
  // In one read, in two, cut inside of the next head.
  for (const cut of [0, 1, put.length + 1, put.length + 3, put.length + 20]) {
    const octets = `${put}abc${behind}x${behind}x`
    const connection = open(t, rig).write(octets.slice(0, cut))
    if (cut > 0) await new Promise((resolve) => setTimeout(resolve, 20))
    connection.write(octets.slice(cut))
    t.match(await connection.answer(), { status: 200 })
    await connection.closed()
    t.equal(connection.text, '', 'one answer')
  }
  t.equal(rig.sandbox.inspect('bucket', 'behind'), undefined)
  t.equal((await rig.audit()).length, 5)
})

t.test('an Upgrade behind other requests is served in its turn', async (t) => {
  const rig = await rigOf(t)
  const first = signedHead(rig.port, { length: 1 })
  const second = signedHead(rig.port, { method: 'GET', more: H2C })
  const connection = open(t, rig).write(`${first}x${second}`)
  t.match(await connection.answer(), { status: 200 })
  t.match(await connection.answer(), { status: 200, body: 'x' })
  await connection.closed()
})

t.test('CONNECT is refused as S3 refuses, and recorded', async (t) => {
  const rig = await rigOf(t)
  for (const octets of [
    'CONNECT 127.0.0.1:443 HTTP/1.1\r\nHost: 127.0.0.1:443\r\n\r\n',
    'CONNECT 127.0.0.1:443 HTTP/1.0\r\n\r\n',
    'CONNECT h:1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde',
    'CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n\x16\x03\x01 and more',
  ]) {
    const connection = open(t, rig).write(octets)
    const answer = await connection.answer()
    t.match(answer, { status: 405, isWhole: true })
    t.equal(errorCodeOf(answer), 'MethodNotAllowed')
    t.equal(answer.headers.get('allow'), 'DELETE, GET, HEAD, OPTIONS, POST, PUT')
    t.equal(answer.headers.get('x-sealgate-reason'), 'connect-not-allowed')
    t.match(answer.headers.get('x-amz-request-id'), /^[0-9A-Z]{16}$/)
    t.equal(answer.headers.get('connection'), 'close')
    await connection.closed()
    t.equal(connection.text, '')
  }
  const lines = await rig.audit()
  t.equal(lines.length, 4)
  for (const line of lines) {
    t.match(line, { status: 405, reason: 'connect-not-allowed', sourceIp: '127.0.0.1' })
  }
  t.ok(await becomes(() => rig.metrics.inflight === 0))
})

t.test('CONNECT behind a request waits for its answer', async (t) => {
  const rig = await rigOf(t)
  const put = signedHead(rig.port, { length: 1 })
  const connection = open(t, rig).write(`${put}xCONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n`)
  t.match(await connection.answer(), { status: 200 })
  t.match(await connection.answer(), { status: 405 })
  await connection.closed()
  t.strictSame((await rig.audit()).map(({ status }) => status).sort(), [200, 405])
})

t.test('HTTP/2 with prior knowledge is no HTTP/1.1', async (t) => {
  const rig = await rigOf(t)
  const connection = open(t, rig).write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  await connection.closed()
  t.notMatch(connection.text, /^HTTP\/1\.1 [^45]/)
  t.equal((await send200(rig)).status, 200)
})

async function send200(rig: Rig) {
  const connection = new RawConnection(rig.port)
  const answer = await connection
    .write(signedHead(rig.port, { length: 1 }))
    .write('x')
    .answer()
  connection.destroy()
  return answer
}
