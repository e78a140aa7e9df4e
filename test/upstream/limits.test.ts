import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import t from 'tap'
import { send } from '../support/signed-request.ts'
import { startProxy } from './rig.ts'
import { signedHeaders } from './signed-head.ts'
import { startRawStandIn, startStandIn } from './stand-in.ts'

const ERRORS = 'sealgate_upstream_errors_total'
const GET = { path: '/bucket/key' }

/** They wait for timers: side by side, it takes no longer than the slowest. */
const BESIDE = { buffered: true }
t.jobs = 8

t.test(
  'what finds no free connection waits no longer than for one, then 503 SlowDown',
  async (t) => {
    const held: (() => void)[] = []
    const s3 = await startStandIn((_request, response) => {
      held.push(() => response.end('ok'))
    })
    const rig = await startProxy({
      endpoint: `http://127.0.0.1:${s3.port}`,
      upstream: '  connections: 1\n  connectTimeout: 150ms',
    })
    t.teardown(() => Promise.all([rig.close(), s3.close()]))
    const first = send(rig.port, GET)
    const late = await Promise.all([send(rig.port, GET), send(rig.port, GET)])
    for (const answer of late) {
      t.equal(answer.status, 503)
      t.match(answer.text, /<Code>SlowDown<\/Code>/)
      t.equal(answer.headers['x-sealgate-reason'], 'upstream-busy')
      t.equal(answer.headers['retry-after'], '1')
    }
    t.equal(s3.received.length, 1)
    held[0]?.()
    t.equal((await first).status, 200)
    const next = send(rig.port, GET)
    while (held.length < 2) await new Promise((resolve) => setImmediate(resolve))
    held[1]?.()
    t.equal((await next).status, 200, 'what was given up does not come in the way')
    t.equal(s3.received.length, 2)
  },
)

t.test('no more wait than a limit', BESIDE, async (t) => {
  const s3 = await startStandIn(() => undefined)
  const rig = await startProxy({
    endpoint: `http://127.0.0.1:${s3.port}`,
    upstream: '  connections: 1\n  connectTimeout: 30s',
  })
  const answers = Array.from({ length: 70 }, () => send(rig.port, GET).catch(() => undefined))
  const quick = await Promise.race(answers)
  t.equal(quick?.headers['x-sealgate-reason'], 'upstream-busy', 'at once, not after 30 s')
  await s3.close()
  await rig.close()
  await Promise.all(answers)
})

t.test('all who wait for a connection that cannot be made are told', BESIDE, async (t) => {
  const s3 = await startRawStandIn((socket) => socket.resetAndDestroy())
  const rig = await startProxy({
    endpoint: `http://127.0.0.1:${s3.port}`,
    upstream: '  connections: 1\n  connectTimeout: 2s',
  })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  const answers = await Promise.all(Array.from({ length: 5 }, () => send(rig.port, GET)))
  for (const { status } of answers) t.ok(status === 502 || status === 503, String(status))
})

t.test('S3 does not answer in time', BESIDE, async (t) => {
  const s3 = await startStandIn(() => undefined)
  const rig = await startProxy({
    endpoint: `http://127.0.0.1:${s3.port}`,
    upstream: '  headersTimeout: 1s',
  })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  const answer = await send(rig.port, GET)
  t.equal(answer.status, 504)
  t.equal(answer.headers['x-sealgate-reason'], 'upstream-timeout')
  t.equal(await rig.count(ERRORS, 'kind="timeout"'), 1)
  t.equal(s3.received.length, 1, 'what may be under way is not asked for again')
})

t.test(
  'S3 stops in the middle of a body: cut after the idle time, not before',
  BESIDE,
  async (t) => {
    const s3 = await startStandIn((_request, response) => {
      response.writeHead(200, { 'content-length': '30' })
      // Longer in all than the idle time, and never silent for so long.
      let sent = 0
      const timer = setInterval(() => {
        response.write('0123456789')
        if (++sent === 2) clearInterval(timer)
      }, 600)
    })
    const rig = await startProxy({
      endpoint: `http://127.0.0.1:${s3.port}`,
      limits: 'bodyIdle: 1s',
    })
    let received = ''
    const ended = new Promise<string>((resolve) => {
      send(rig.port, GET).then(
        () => resolve('whole'),
        () => resolve('cut'),
      )
    })
    received = await ended
    t.equal(received, 'cut')
    await rig.close()
    await s3.close()
    t.equal(await rig.count(ERRORS, 'kind="aborted"'), 1)
    t.equal(await rig.count('sealgate_bytes_total', 'direction="response"'), 20)
  },
)

t.test(
  'a client that falls silent in its body is told, and S3 gets no whole body',
  BESIDE,
  async (t) => {
    const s3 = await startStandIn((_request, response) => response.end())
    const rig = await startProxy({
      endpoint: `http://127.0.0.1:${s3.port}`,
      limits: 'bodyIdle: 1s',
    })
    t.teardown(() => Promise.all([rig.close(), s3.close()]))
    const headers = signedHeaders(rig.port, 'PUT', '/bucket/key', 200_000)
    const request = httpRequest({ port: rig.port, method: 'PUT', path: '/bucket/key', headers })
    request.on('error', () => undefined)
    request.write(Buffer.alloc(100_000))
    const [response]: IncomingMessage[] = await once(request, 'response')
    t.equal(response?.statusCode, 400)
    t.equal(response?.headers['x-sealgate-reason'], 'body-idle')
    request.destroy()
    t.equal(s3.received.length, 0)
  },
)
