import t from 'tap'
import { UpstreamAnswer } from '../../src/upstream/upstream-answer.ts'
import { exchangeOf } from './exchange-of.ts'

const GET = 'GET /bucket/k HTTP/1.1\r\nHost: h\r\nX-Amz-Meta-A: \xfc\r\nx-amz-meta-a: b\r\n\r\n'

t.test('a new exchange holds the head as it came, and nothing else', async (t) => {
  const { exchange } = await exchangeOf(t, GET)
  t.strictSame(exchange.headers, ['host', 'h', 'x-amz-meta-a', 'ü', 'x-amz-meta-a', 'b'])
  t.equal(exchange.rawTarget, '/bucket/k')
  t.equal(exchange.sourceIp, '127.0.0.1')
  t.match(exchange, { status: 0, requestBytes: 0, responseBytes: 0, ending: { kind: 'open' } })
  t.ok(Math.abs(exchange.startedAtMs - Date.now()) < 60_000)
})

t.test('a 100 goes out once, to a client that waits, before anything else', async (t) => {
  const silent = await exchangeOf(t, GET)
  silent.exchange.sendContinue()
  t.equal(silent.exchange.hasContinued, false)
  const waiting = await exchangeOf(t, GET, true)
  waiting.exchange.sendContinue()
  waiting.exchange.sendContinue()
  waiting.response.writeHead(200, { 'content-length': 0 }).end()
  t.match(await waiting.raw.answer(), { continues: 1, status: 200 })
  const late = await exchangeOf(t, GET, true)
  late.response.writeHead(200, { 'content-length': 0 }).end()
  late.exchange.sendContinue()
  t.match(await late.raw.answer(), { continues: 0, status: 200 })
})

t.test('an answer that went out whole was relayed', async (t) => {
  const { exchange, response, raw } = await exchangeOf(t, GET)
  const closed = new Promise<void>((resolve) => exchange.whenClosed(resolve))
  response.end('x')
  await raw.answer()
  await closed
  t.match(exchange.ending, { kind: 'relayed' })
  let again = false
  exchange.whenClosed(() => {
    again = true
  })
  t.ok(again, 'whoever asks later is told at once')
})

t.test('a client that goes away takes every attempt along, and is the one to blame', async (t) => {
  const { exchange, raw } = await exchangeOf(t, GET)
  const reasons: string[] = []
  const attempt = () => {
    const answer = new UpstreamAnswer()
    answer.onConnect((reason) => {
      // As the relay does it: what the upstream fails with must not look like its own fault.
      exchange.end({ kind: 'aborted', by: 'upstream', cause: 'x' })
      reasons.push(reason?.message ?? '')
    })
    return answer
  }
  exchange.cancellation.add(attempt())
  exchange.cancellation.add(attempt())
  const closed = new Promise<void>((resolve) => exchange.whenClosed(resolve))
  raw.destroy()
  await closed
  t.strictSame(reasons, ['the client disconnected', 'the client disconnected'])
  t.match(exchange.ending, { kind: 'aborted', by: 'downstream' })
  exchange.cancellation.add(attempt())
  t.equal(reasons.length, 3, 'a late attempt as well')
})

t.test('a connection that failed is told apart from a client that went away', async (t) => {
  for (const [code, cause] of [
    ['HPE_PAUSED', 'the connection failed: HPE_PAUSED'],
    ['ERR_SSL_BAD_RECORD_TYPE', 'the connection failed: ERR_SSL_BAD_RECORD_TYPE'],
    ['EPIPE', 'the client disconnected'],
  ] as const) {
    const { exchange } = await exchangeOf(t, GET)
    const closed = new Promise<void>((resolve) => exchange.whenClosed(resolve))
    exchange.request.socket.on('error', () => undefined)
    exchange.request.socket.destroy(Object.assign(new Error(code), { code }))
    await closed
    t.match(exchange.ending, { kind: 'aborted', by: 'downstream', cause })
  }
})

t.test('everybody who asks is told of the end', async (t) => {
  const { exchange, raw } = await exchangeOf(t, GET)
  const told: string[] = []
  exchange.whenClosed(() => told.push('first'))
  const second = new Promise<void>((resolve) => exchange.whenClosed(resolve))
  raw.destroy()
  await second
  t.strictSame(told, ['first'])
})
