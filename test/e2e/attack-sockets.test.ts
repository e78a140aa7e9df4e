import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { startRig } from './harness.ts'
import { becomes, exchangeOctets, open } from './raw-socket.ts'
import { send } from './signed-request.ts'

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

const BEHIND_A_REQUEST: readonly (readonly [name: string, octets: string])[] = [
  ['no HTTP', '\x00 no http\r\n\r\n'],
  ['CONNECT', 'CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['an Upgrade', 'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'],
]

for (const [name, octets] of BEHIND_A_REQUEST) {
  t.test(`${name} behind a request: nothing of ours lands inside of its answer`, async (t) => {
    // An S3 that sends half of an object, and the rest only when it is told to.
    let finish: () => void = () => undefined
    const s3 = createServer((_, response) => {
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
    const socket = await open(rig.port)
    let text = ''
    const half = new Promise<void>((resolve) => {
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1')
        if (text.includes('a'.repeat(200))) resolve()
      })
    })
    socket.on('error', () => undefined)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(`GET /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
    await half
    socket.write(octets)
    await closed
    finish()
    t.match(text.slice(text.indexOf('\r\n\r\n') + 4), /^a+$/)
    t.ok(await becomes(() => rig.metrics.inflight === 0))
  })
}

t.test('a broken chunked body is answered once, and the request is over at once', async (t) => {
  const rig = await startRig({ clients: ANONYMOUS })
  t.teardown(() => rig.close())
  const head = `PUT /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n`
  const modes = 'x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n'
  const text = await exchangeOctets(
    rig.port,
    `${head}${modes}x-amz-decoded-content-length: 5\r\n\r\n5\r\nabcde\r\nZZZZ\r\n`,
  )
  t.equal(text.match(/HTTP\/1.1 /g)?.length, 1)
  t.match(text, /^HTTP\/1.1 400 /)
  t.ok(await becomes(() => rig.metrics.inflight === 0))
  t.equal(rig.received.length, 0)
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
  const late = new Promise((resolve) => setTimeout(resolve, 4_000, 'late'))
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
