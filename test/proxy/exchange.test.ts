import t from 'tap'
import { answerHead, UpstreamAnswer } from '../../src/upstream/upstream-answer.ts'
import { exchangeOf } from './exchange-of.ts'

const GET = 'GET /bucket/k HTTP/1.1\r\nHost: h\r\nX-Amz-Meta-A: \xfc\r\nx-amz-meta-a: b\r\n\r\n'
const SSE = 'x-amz-server-side-encryption'

t.test('the head as it came, and nothing else yet', async (t) => {
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
  t.equal(silent.exchange.continued, false)
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
      if (exchange.ending.kind === 'open') {
        exchange.ending = { kind: 'aborted', by: 'upstream', cause: 'x' }
      }
      reasons.push(reason?.message ?? '')
    })
    return answer
  }
  exchange.cancellation.add(attempt())
  exchange.cancellation.add(attempt())
  const closed = new Promise<void>((resolve) => exchange.whenClosed(resolve))
  raw.destroy()
  await closed
  t.strictSame(reasons, ['the client went away', 'the client went away'])
  t.match(exchange.ending, { kind: 'aborted', by: 'downstream' })
  exchange.cancellation.add(attempt())
  t.equal(reasons.length, 3, 'a late attempt as well')
})

t.test('a connection that failed is told apart from a client that went away', async (t) => {
  for (const [code, cause] of [
    ['HPE_PAUSED', 'the connection failed: HPE_PAUSED'],
    ['ERR_SSL_BAD_RECORD_TYPE', 'the connection failed: ERR_SSL_BAD_RECORD_TYPE'],
    ['EPIPE', 'the client went away'],
  ] as const) {
    const { exchange } = await exchangeOf(t, GET)
    const closed = new Promise<void>((resolve) => exchange.whenClosed(resolve))
    exchange.request.socket.on('error', () => undefined)
    exchange.request.socket.destroy(Object.assign(new Error(code), { code }))
    await closed
    t.match(exchange.ending, { kind: 'aborted', by: 'downstream', cause })
  }
})

t.test('what S3’s head tells', async (t) => {
  const { exchange } = await exchangeOf(t, GET)
  const head = answerHead(206, ['x-amz-request-id', 'S3ID', 'X-Amz-Version-Id', 'v'])
  exchange.noteAttempts({ head, headMs: 1, failures: ['reset'], learnt: [] })
  t.match(exchange, { upstreamStatus: 206, upstreamRequestId: 'S3ID', versionId: 'v' })
  t.match(exchange, { upstreamMs: 1, upstreamFailures: ['reset'] })
})

const CONFIRMED = [
  [[SSE, 'aws:kms', `${SSE}-aws-kms-key-id`, 'k'], { algorithm: 'aws:kms', keyId: 'k' }],
  [[SSE, 'AES256'], { algorithm: 'AES256' }],
  [[SSE, 'aws:kms', SSE, 'AES256'], { algorithm: 'aws:kms, AES256' }],
  [
    [SSE, 'aws:kms', `${SSE}-aws-kms-key-id`, 'k', `${SSE}-aws-kms-key-id`, 'l'],
    { algorithm: 'aws:kms', keyId: 'k, l' },
  ],
  [[`${SSE}-customer-algorithm`, 'AES256'], { algorithm: 'SSE-C' }],
  [[], undefined],
] as const

t.test('the encryption that S3 tells of', async (t) => {
  for (const [headers, encryption] of CONFIRMED) {
    const { exchange } = await exchangeOf(t, GET)
    exchange.noteConfirmation('confirmed', headers)
    t.strictSame(exchange.confirmedEncryption, encryption)
    exchange.noteRead('policy', [...headers])
    t.strictSame(exchange.confirmedEncryption, encryption)
    t.match(exchange, { confirmation: 'confirmed', readEncryption: 'policy' })
  }
})
