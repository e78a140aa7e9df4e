import t, { type Test } from 'tap'
import { relay } from '../../src/proxy/relay.ts'
import { answerHead, replayAnswer, UpstreamAnswer } from '../../src/upstream/upstream-answer.ts'
import { exchangeOf, IDLE_MS } from './exchange-of.ts'

const GET = 'GET /bucket/k HTTP/1.1\r\nhost: h\r\n\r\n'

async function relayed(t: Test, status: number, headers: readonly string[], body: string) {
  const made = await exchangeOf(t, GET)
  const error = await relay(
    made.exchange,
    answerHead(status, headers),
    replayAnswer(Buffer.from(body)),
    IDLE_MS,
  )
  return { ...made, error, answer: await made.raw.answer() }
}

t.test('status, fields and body pass, and our request id is added', async (t) => {
  const { answer, exchange, error } = await relayed(
    t,
    206,
    ['etag', '"e"', 'x-amz-request-id', 'S3ID', 'content-length', '4', 'x-amz-meta-a', '\xfc'],
    'body',
  )
  t.equal(error, undefined)
  t.match(answer, { status: 206, body: 'body', isWhole: true })
  t.equal(answer.headers.get('etag'), '"e"')
  t.equal(answer.headers.get('x-amz-request-id'), 'S3ID')
  t.equal(answer.headers.get('x-amz-meta-a'), '\xfc')
  t.equal(answer.headers.get('x-sealgate-request-id'), 'REQUESTID0000001')
  t.match(exchange, { status: 206, responseBytes: 4, ending: { kind: 'relayed' } })
})

t.test('hop-by-hop fields stay, those that Connection nominates too', async (t) => {
  const { answer } = await relayed(
    t,
    200,
    [
      ...['connection', 'close, x-hop', 'x-hop', '1', 'keep-alive', 'timeout=5'],
      ...['transfer-encoding', 'chunked', 'upgrade', 'h2', 'x-stays', '1', 'content-length', '0'],
    ],
    '',
  )
  t.equal(answer.headers.get('x-stays'), '1')
  for (const name of ['x-hop', 'upgrade', 'transfer-encoding']) {
    t.equal(answer.headers.get(name), undefined, name)
  }
})

t.test('two fields of a name pass as two', async (t) => {
  const made = await exchangeOf(t, GET)
  const headers = ['vary', 'origin', 'vary', 'accept', 'content-length', '0']
  void relay(made.exchange, answerHead(200, headers), replayAnswer(Buffer.alloc(0)), IDLE_MS)
  await made.raw.until(/\r\n\r\n/)
  t.match(made.raw.text, /vary: origin\r\nvary: accept\r\n/)
})

t.test('a body that comes in pieces passes as it comes', async (t) => {
  const { exchange, raw } = await exchangeOf(t, GET)
  const answer = new UpstreamAnswer()
  const ended = relay(exchange, answerHead(200, ['content-length', '6']), answer, IDLE_MS)
  answer.onData(Buffer.from('abc'))
  t.ok(await raw.until(/\r\n\r\nabc$/), 'before the end is there')
  answer.onData(Buffer.alloc(0))
  answer.onData(Buffer.from('def'))
  answer.onComplete()
  t.equal(await ended, undefined)
  t.match(await raw.answer(), { body: 'abcdef', isWhole: true })
  t.equal(exchange.responseBytes, 6)
})

t.test('an upstream that breaks before anything went out is told', async (t) => {
  for (const headers of [['content-length', '4'], []]) {
    const { exchange, response } = await exchangeOf(t, GET)
    const answer = new UpstreamAnswer()
    const ended = relay(exchange, answerHead(200, headers), answer, IDLE_MS)
    answer.onError(new Error('other side closed'))
    t.match(await ended, { code: 'BadGateway', source: 'upstream' })
    t.equal(response.headersSent, false)
  }
})

t.test('one that breaks after the head cuts the client’s socket', async (t) => {
  const { exchange, raw } = await exchangeOf(t, GET)
  const answer = new UpstreamAnswer()
  const ended = relay(exchange, answerHead(200, ['content-length', '6']), answer, IDLE_MS)
  answer.onData(Buffer.from('abc'))
  await raw.until(/abc/)
  answer.onError(new Error('other side closed'))
  t.equal(await ended, undefined)
  await raw.closed()
  t.equal((await raw.answer()).isWhole, false, 'it does not look whole')
  t.match(exchange.ending, { kind: 'aborted', by: 'upstream', cause: 'other side closed' })
})

t.test('a client that reads slowly holds the upstream back, and then it goes on', async (t) => {
  const { exchange, raw, client } = await exchangeOf(t, GET)
  client.pause()
  const answer = new UpstreamAnswer()
  let resumed = 0
  answer.onHeaders(200, [], () => {
    resumed++
  })
  const size = 64 * 1024 * 1024
  const ended = relay(exchange, answerHead(200, ['content-length', String(size)]), answer, IDLE_MS)
  const piece = Buffer.alloc(1024 * 1024)
  let sent = 0
  let held = 0
  for (; sent < size; sent += piece.length) {
    if (answer.onData(piece)) continue
    held++
    if (held === 1) client.resume()
    const before = resumed
    while (resumed === before) await new Promise((resolve) => setImmediate(resolve))
  }
  answer.onComplete()
  t.ok(held > 0, 'it was held back')
  await ended
  t.equal((await raw.answer()).body.length, size)
})

t.test('a client that reads nothing for too long is cut', async (t) => {
  const { exchange, client, response } = await exchangeOf(t, GET)
  client.pause()
  const answer = new UpstreamAnswer()
  let aborted = false
  answer.onConnect(() => {
    aborted = true
  })
  exchange.cancellation.add(answer)
  const ended = relay(exchange, answerHead(200, []), answer, 50)
  // More than the system's buffers take.
  for (let i = 0; i < 32; i++) answer.onData(Buffer.alloc(1024 * 1024))
  t.equal(await ended, undefined)
  t.ok(response.destroyed)
  t.ok(aborted, 'and the upstream with it')
})
