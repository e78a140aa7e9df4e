import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { RawConnection } from '../support/raw-http.ts'
import { becomes, exchangeOctets, open } from '../support/raw-socket.ts'
import { startRig } from '../support/rig.ts'
import { send } from '../support/signed-request.ts'

/*
 * What a client can do to the process by its sockets alone: no request of these ends it, holds on to
 * a connection for ever, or puts octets where an answer's should be.
 */

const ANONYMOUS = `
  - name: sidecar
    anonymous: true
    buckets: ['*']`

t.test('an Upgrade whose client resets the connection does not end the process', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  for (let i = 0; i < 20; i++) {
    const socket = await open(rig.port)
    socket.on('error', () => undefined)
    socket.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
    if (i % 2 === 0) await new Promise((resolve) => socket.once('data', resolve))
    socket.write(Buffer.alloc(1024))
    socket.resetAndDestroy()
  }
  const answer = await send(rig.port, { method: 'PUT', path: '/bucket/k', body: 'x' })
  t.equal(answer.status, 200)
})

t.test('a head that does not come whole is cut at headIdle, not half a minute later', async (t) => {
  const rig = await startRig({ more: 'limits: { headIdle: 1s }' })
  t.teardown(() => rig.close())
  const startedAt = performance.now()
  const text = await exchangeOctets(rig.port, 'GET /bucket/k HTTP/1.1\r\nHost: ')
  t.match(text, /^HTTP\/1.1 400 [\s\S]*RequestTimeout/)
  const seconds = (performance.now() - startedAt) / 1000
  t.ok(seconds < 5, `${seconds} s`)
})

t.test('a connection that is refused with CONNECT is closed', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const socket = await open(rig.port)
  socket.on('error', () => undefined)
  // Never closes its side, and goes on sending.
  socket.allowHalfOpen = true
  const closed = new Promise((resolve) => socket.once('close', resolve))
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  socket.write('CONNECT h:1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
  const pulse = setInterval(() => socket.write('x'), 50)
  await closed
  clearInterval(pulse)
  t.match(text, /^HTTP\/1.1 405 /)
})

const BEHIND_A_REQUEST: readonly (readonly [name: string, octets: string, behind: RegExp])[] = [
  ['no HTTP', '\x00 no http\r\n\r\n', /^$/],
  ['half a head', 'GET /bucket/quick HTTP/1.1\r\nHost: h\r\nno field', /^$/],
  ['CONNECT', 'CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n', /^HTTP\/1\.1 405 .*<\/Error>$/s],
  [
    'an Upgrade',
    'GET /bucket/quick HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
    /^HTTP\/1\.1 200 .*\r\nConnection: close\r\n\r\nquick$/s,
  ],
]

for (const [name, octets, behind] of BEHIND_A_REQUEST) {
  t.test(
    `${name} behind a request: its answer is whole, and the last or last but one`,
    async (t) => {
      // An S3 that sends half of an object, and the rest only when it is told to.
      let finish: () => void = () => undefined
      const s3 = createServer(({ url }, response) => {
        if (url?.endsWith('/quick')) {
          response.end('quick')
          return
        }
        response.writeHead(200, { 'content-length': '400' })
        response.write('a'.repeat(200))
        finish = () => response.end('b'.repeat(200))
      })
      await new Promise<void>((resolve) => s3.listen(0, '127.0.0.1', resolve))
      t.teardown(() => s3.close())
      const rig = await startRig({
        clients: ANONYMOUS,
        upstreamPort: (s3.address() as AddressInfo).port,
      })
      t.teardown(() => rig.close())
      const connection = new RawConnection(rig.port)
      connection.write(`GET /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
      await connection.until(/a{200}$/)
      connection.write(octets)
      const quick = octets.startsWith('GET') && behind.source !== '^$'
      t.ok(await becomes(() => rig.metrics.inflight === (quick ? 2 : 1)))
      finish()
      const answer = await connection.answer()
      t.equal(answer.body, 'a'.repeat(200) + 'b'.repeat(200))
      await connection.closed()
      t.match(connection.text, behind)
      t.ok(await becomes(() => rig.metrics.inflight === 0))
      for (const line of await rig.audit()) t.not(line['reason'], 'client-gone')
    },
  )
}

const FRAMINGS: readonly (readonly [version: string, lines: string])[] = [
  ['HTTP/1.0', 'Transfer-Encoding: chunked\r\n'],
  ['HTTP/0.9', 'Transfer-Encoding: chunked\r\n'],
  ['HTTP/2.0', 'Transfer-Encoding: chunked\r\n'],
  ['HTTP/1.1', 'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n'],
  ['HTTP/1.1', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'],
  ['HTTP/1.1', 'Transfer-Encoding: gzip, chunked\r\n'],
  ['HTTP/1.1', 'Transfer-Encoding: ,chunked\r\n'],
]

for (const [version, lines] of FRAMINGS) {
  t.test(`${version}, ${JSON.stringify(lines)}: refused, and the connection ends`, async (t) => {
    const rig = await startRig({ clients: ANONYMOUS })
    t.teardown(() => rig.close())
    const body = '1\r\nx\r\n0\r\n\r\n'
    const behind = 'GET /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'
    for (const method of ['PUT', 'GET', 'DELETE']) {
      const head = `${method} /bucket/k ${version}\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n`
      const text = await exchangeOctets(rig.port, `${head}${lines}\r\n${body}${behind}`)
      t.match(text, /^HTTP\/1\.1 400 .*malformed-http/s, method)
      t.equal(text.match(/HTTP\/1\.1 \d/g)?.length, 1, method)
    }
    t.equal(rig.received.length, 0)
  })
}

t.test('answers that are due go out before a body that is none ends the connection', async (t) => {
  const rig = await startRig({ clients: ANONYMOUS })
  t.teardown(() => rig.close())
  await send(rig.port, { method: 'PUT', path: '/bucket/k', body: 'content' })
  const get = (path: string, line = '') => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${line}\r\n`
  const broken = 'Transfer-Encoding: xchunked\r\n'
  for (const [first, status] of [
    ['/bucket/k', 200],
    ['/bucket/k?prefix=%zz', 400],
  ] as const) {
    for (const last of [
      get('/bucket/k', broken),
      get('/bucket/k?prefix=%zz', broken),
      `PUT /bucket/x HTTP/1.1\r\nHost: 127.0.0.1\r\n${broken}\r\n`,
    ]) {
      const text = await exchangeOctets(rig.port, get(first) + last)
      t.match(text, new RegExp(`^HTTP/1.1 ${status} `), `${first}, ${last}`)
      if (status === 200) t.match(text, 'content')
    }
  }
  t.equal(rig.sandbox.inspect('bucket', 'x'), undefined)
  t.ok(await becomes(() => rig.metrics.inflight === 0))
})

const CHUNKED = 'Host: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n'
const STREAMED = `${CHUNKED}x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n`

const BROKEN_BODIES: readonly (readonly [
  name: string,
  head: string,
  sound: string,
  broken: string,
  answer: RegExp,
  reason: string,
])[] = [
  [
    'that is collected',
    `PUT /bucket/k HTTP/1.1\r\n${STREAMED}x-amz-decoded-content-length: 5\r\n\r\n`,
    '5\r\nabcde\r\n',
    'ZZZZ\r\n',
    /^HTTP\/1\.1 400 .*x-amz-request-id: /s,
    'malformed-http',
  ],
  [
    'that is streamed',
    `PUT /bucket/k HTTP/1.1\r\n${STREAMED}x-amz-decoded-content-length: 100000\r\n\r\n`,
    `10000\r\nffff\r\n${'x'.repeat(65_528)}\r\n`,
    'ZZZZ\r\n',
    /^HTTP\/1\.1 400 .*x-amz-request-id: /s,
    'malformed-http',
  ],
  [
    'of a form',
    `POST /bucket HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n`,
    '3\r\n--b\r\n',
    'ZZZZ\r\n',
    /^HTTP\/1\.1 411 /,
    'missing-content-length',
  ],
  [
    'of a request that is refused at once',
    `PUT /bucket/k HTTP/1.1\r\n${CHUNKED}\r\n`,
    '5\r\nabcde\r\n',
    'ZZZZ\r\n',
    /^HTTP\/1\.1 411 /,
    'missing-content-length',
  ],
  [
    'of a request for no bucket of anybody',
    `GET /XYZ/k HTTP/1.1\r\n${CHUNKED}\r\n`,
    '5\r\nabcde\r\n',
    '5\r\nabcdefgh\r\n',
    /^HTTP\/1\.1 400 /,
    'bucket-name-invalid',
  ],
]

for (const [name, head, sound, broken, expected, reason] of BROKEN_BODIES) {
  for (const isLate of [false, true]) {
    const when = isLate ? 'a moment later' : 'at once'
    t.test(`a broken body ${name}, ${when}: one answer, one audit line`, async (t) => {
      const rig = await startRig({ clients: ANONYMOUS })
      t.teardown(() => rig.close())
      const connection = new RawConnection(rig.port).write(head).write(sound)
      if (isLate) await new Promise((resolve) => setTimeout(resolve, 50))
      connection.write(broken)
      await connection.closed()
      t.match(connection.text, expected)
      t.equal(connection.text.match(/HTTP\/1\.1 /g)?.length, 1)
      t.ok(await becomes(() => rig.metrics.inflight === 0))
      const lines = await rig.audit()
      t.equal(lines.length, 1)
      t.match(lines, [{ reason, status: Number(connection.text.slice(9, 12)) }])
      t.equal(rig.sandbox.inspect('bucket', 'k'), undefined)
    })
  }
}

t.test('a client that ends its side in the middle of its body is told so', async (t) => {
  const rig = await startRig({ clients: ANONYMOUS })
  t.teardown(() => rig.close())
  for (const length of [100, 100_000]) {
    const connection = new RawConnection(rig.port)
    connection.write(
      `PUT /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${length}\r\n\r\nhalf`,
    )
    connection.socket.end()
    const answer = await connection.answer()
    t.match(answer, { status: 400, isWhole: true })
    t.equal(answer.headers.get('x-sealgate-reason'), 'client-gone')
    await connection.closed()
    t.match((await rig.audit()).at(-1), { status: 400, reason: 'client-gone' })
  }
})

t.test('a client that reads nothing does not keep its place for ever', async (t) => {
  const rig = await startRig({ clients: ANONYMOUS, more: 'limits: { bodyIdle: 1s }' })
  t.teardown(() => rig.close())
  const octets = Buffer.alloc(60_000, 0x61)
  await send(rig.port, { method: 'PUT', path: '/bucket/k', body: octets })
  const socket = await open(rig.port)
  socket.on('error', () => undefined)
  socket.pause()
  socket.write(`GET /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`.repeat(400))
  const busy = await becomes(() => rig.metrics.inflight > 0)
  t.ok(busy)
  t.ok(await becomes(() => rig.metrics.inflight === 0), 'nothing is under way any more')
  socket.destroy()
})

t.test('a client that reads no refusals does not keep its connection for ever', async (t) => {
  const rig = await startRig({ more: 'limits: { bodyIdle: 1s }' })
  t.teardown(() => rig.close())
  const socket = await open(rig.port)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => undefined)
  socket.pause()
  const many = `GET /bucket/${'k'.repeat(900)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`.repeat(1000)
  for (let i = 0; i < 8; i++) socket.write(many)
  const late = new Promise((resolve) => setTimeout(resolve, 15_000, 'late'))
  // Paused, so it sees a reset only when it writes.
  const pulse = setInterval(() => socket.write(many), 200)
  t.not(await Promise.race([closed, late]), 'late')
  clearInterval(pulse)
  socket.destroy()
})

t.test('requests that wait behind another end with their connection', async (t) => {
  let asked = 0
  const s3 = createServer(() => {
    asked++
  })
  await new Promise<void>((resolve) => s3.listen(0, '127.0.0.1', resolve))
  t.teardown(() => s3.close())
  t.teardown(() => s3.closeAllConnections())
  const rig = await startRig({
    clients: ANONYMOUS,
    upstreamPort: (s3.address() as AddressInfo).port,
  })
  t.teardown(() => rig.close())
  const socket = await open(rig.port)
  socket.write(`GET /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`.repeat(20))
  t.ok(await becomes(() => asked === 20))
  socket.destroy()
  t.ok(await becomes(() => rig.metrics.inflight === 0))
  t.equal((await rig.audit()).length, 20)
})
