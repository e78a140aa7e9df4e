import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import t from 'tap'
import { send } from '../support/signed-request.ts'
import { startProxy } from './rig.ts'
import { errorDocument, startRawStandIn, startStandIn } from './stand-in.ts'

const ERRORS = 'sealgate_upstream_errors_total'
const LARGE = Buffer.alloc(300_000, 'x')
const GET = { path: '/bucket/key' }
const PUT_SMALL = { method: 'PUT', path: '/bucket/key', body: 'small' }
const PUT_LARGE = { method: 'PUT', path: '/bucket/key', body: LARGE }
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** Nobody listens there. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Calls back for each request whose head, and declared body, has come. */
function onRequest(socket: Socket, callback: (number: number) => void): void {
  let text = ''
  let count = 0
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    for (;;) {
      const end = text.indexOf('\r\n\r\n')
      if (end === -1) return
      const length = Number(/content-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0)
      if (text.length < end + 4 + length) return
      text = text.slice(end + 4 + length)
      callback(++count)
    }
  })
}

t.test("S3's own 503 and 500 pass untouched, and are not repeated", async (t) => {
  const rows: readonly (readonly [number, string])[] = [
    [503, errorDocument('SlowDown', 'Please reduce your request rate.')],
    [503, errorDocument('ServiceUnavailable', 'Service is unable to handle request.')],
    [500, errorDocument('InternalError', 'We encountered an internal error. Please try again.')],
  ]
  for (const [status, document] of rows) {
    const s3 = await startStandIn((_request, response) => {
      response.writeHead(status, { 'x-amz-request-id': 'ITS', 'x-amz-id-2': 'OWN' }).end(document)
    })
    const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
    for (const request of [GET, PUT_SMALL, PUT_LARGE]) {
      const answer = await send(rig.port, request)
      t.equal(answer.status, status)
      t.equal(answer.text, document)
      t.match(answer.headers, { 'x-amz-request-id': 'ITS', 'x-amz-id-2': 'OWN' })
      t.equal(answer.headers['x-sealgate-reason'], undefined)
    }
    t.equal(s3.received.length, 3)
    await rig.close()
    await s3.close()
  }
})

t.test('nobody listens: a few attempts, each counted, then 503', async (t) => {
  const rig = await startProxy({ endpoint: `http://127.0.0.1:${await closedPort()}` })
  t.teardown(() => rig.close())
  for (const [i, request] of [GET, PUT_SMALL, PUT_LARGE].entries()) {
    const answer = await send(rig.port, request)
    t.equal(answer.status, 503)
    t.equal(answer.headers['x-sealgate-reason'], 'upstream-unreachable')
    t.equal(answer.headers['retry-after'], '1')
    t.equal(await rig.count(ERRORS, 'kind="connect"'), 4 * (i + 1))
  }
  t.match(rig.log(), /ECONNREFUSED.*check that S3 listens there/)
})

t.test('what passes by is not seen, a body of which nothing was read included', async (t) => {
  const rows = [
    [GET, 0],
    [PUT_SMALL, PUT_SMALL.body.length],
    [PUT_LARGE, LARGE.length],
  ] as const
  for (const [request, bodyBytes] of rows) {
    const s3 = await startStandIn((_request, response) => response.end())
    let failures = 2
    const rig = await startProxy({
      endpoint: `http://s3.example:${s3.port}`,
      resolve: () => (failures-- > 0 ? [] : ['127.0.0.1']),
    })
    t.equal((await send(rig.port, request)).status, 200)
    t.equal(s3.received[0]?.body.length, bodyBytes)
    t.equal(await rig.count(ERRORS, 'kind="dns"'), 2)
    await rig.close()
    await s3.close()
  }
})

t.test('a name that does not resolve', async (t) => {
  const rig = await startProxy({ endpoint: 'http://s3.example:80', resolve: () => [] })
  t.teardown(() => rig.close())
  const answer = await send(rig.port, GET)
  t.equal(answer.status, 503)
  t.equal(answer.headers['x-sealgate-reason'], 'upstream-unreachable')
  t.equal(await rig.count(ERRORS, 'kind="dns"'), 4)
  t.match(rig.log(), /s3\.example does not resolve.*check upstream\.endpoint/)
  t.notMatch(answer.text, /s3\.example/)
})

t.test('of several addresses one does not answer: requests go to the other', async (t) => {
  const s3 = await startStandIn((_request, response) => response.end('ok'))
  const rig = await startProxy({
    endpoint: `http://s3.example:${s3.port}`,
    resolve: () => ['127.0.0.2', '127.0.0.1'],
  })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  for (const request of [GET, PUT_SMALL, PUT_LARGE, GET]) {
    t.equal((await send(rig.port, request)).status, 200)
  }
  t.equal(await rig.count(ERRORS, 'kind="connect"'), 0)
})

t.test('a connection that breaks before an answer', async (t) => {
  const phases: Readonly<Record<string, (socket: Socket) => void>> = {
    'when it is made': (socket) => socket.resetAndDestroy(),
    'after the first octets of the request': (socket) =>
      socket.once('data', () => socket.resetAndDestroy()),
    'closed instead of answered': (socket) => socket.once('data', () => socket.end()),
    'in the head of the answer': (socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-le')),
  }
  for (const [phase, breakOff] of Object.entries(phases)) {
    const s3 = await startRawStandIn((socket, connection) => {
      if (connection <= 2) breakOff(socket)
      else onRequest(socket, () => socket.write(OK))
    })
    const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
    const answer = await send(rig.port, GET)
    t.equal(answer.status, 200, `${phase}: ${answer.text}`)
    t.equal(s3.connections(), 3)
    t.equal(await rig.count(ERRORS, 'kind="reset"'), 2, phase)
    await rig.close()
    await s3.close()
  }
})

t.test('a body that has begun to pass is not sent again', async (t) => {
  const s3 = await startRawStandIn((socket) => {
    let bytes = 0
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      // More than the head: a request whose body has not begun may be sent again.
      if (bytes > 16 * 1024) socket.resetAndDestroy()
    })
  })
  const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  const answer = await send(rig.port, PUT_LARGE)
  t.equal(answer.status, 502)
  t.equal(answer.headers['x-sealgate-reason'], 'upstream-closed')
  t.equal(s3.connections(), 1)
  t.equal(await rig.count(ERRORS, 'kind="reset"'), 1)
})

t.test('what is not HTTP is not asked for again', async (t) => {
  const s3 = await startRawStandIn((socket) => socket.once('data', () => socket.end('SSH-2.0\r\n')))
  const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  const answer = await send(rig.port, GET)
  t.equal(answer.status, 502)
  t.equal(s3.connections(), 1)
})

t.test('kept connections that S3 closed while they were idle', async (t) => {
  for (const close of ['end', 'resetAndDestroy'] as const) {
    const s3 = await startRawStandIn((socket, connection) => {
      onRequest(socket, (number) => {
        // Answers once on the first connection, then breaks it under the second request.
        if (connection === 1 && number === 2) socket[close]()
        else socket.write(OK)
      })
    })
    const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
    t.equal((await send(rig.port, GET)).status, 200)
    t.equal((await send(rig.port, GET)).status, 200, close)
    t.equal(s3.connections(), 2)
    t.equal(await rig.count(ERRORS, 'kind="reset"'), 1)
    await rig.close()
    await s3.close()
  }
})

t.test('an answer that breaks off cuts the client off, and is counted', async (t) => {
  const s3 = await startRawStandIn((socket) => {
    onRequest(socket, () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'))
  })
  const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
  await t.rejects(send(rig.port, GET))
  await rig.close()
  await s3.close()
  t.equal(await rig.count(ERRORS, 'kind="aborted"'), 1)
})
