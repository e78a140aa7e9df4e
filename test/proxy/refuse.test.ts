import t from 'tap'
import { refuse, refusedResource } from '../../src/proxy/refuse.ts'
import type { S3Error } from '../../src/s3/error.ts'
import { refusal } from '../../src/s3/refusals.ts'
import { errorCodeOf } from '../support/raw-http.ts'
import { exchangeOf, IDLE_MS } from './exchange-of.ts'

const DENIED: S3Error = {
  ...refusal('no-matching-rule', { operation: 'PutObject', bucket: 'bucket' }),
  message: 'No rule <allows> this.',
  extras: [['HeadersNotSigned', 'a, b']],
}

t.test('a refusal is an S3 error document with status, code, reason and ids', async (t) => {
  const { exchange, parsed, raw } = await exchangeOf(
    t,
    'PUT /bucket/a%20k?acl HTTP/1.1\r\nhost: h\r\n\r\n',
  )
  refuse(exchange, refusedResource(exchange, parsed), DENIED, IDLE_MS)
  const answer = await raw.answer()
  t.equal(answer.status, 403)
  t.equal(answer.headers.get('content-type'), 'application/xml')
  t.equal(answer.headers.get('x-sealgate-reason'), 'no-matching-rule')
  t.equal(answer.headers.get('x-amz-request-id'), 'REQUESTID0000001')
  t.equal(answer.headers.get('x-amz-id-2'), 'HOSTID')
  t.equal(answer.headers.get('retry-after'), undefined)
  t.equal(errorCodeOf(answer), 'AccessDenied')
  t.match(answer.body, '<Message>No rule &lt;allows&gt; this. (Sealgate: ')
  t.match(answer.body, '<HeadersNotSigned>a, b</HeadersNotSigned>')
  t.match(answer.body, '<Resource>/bucket/a%20k</Resource>')
  t.match(exchange, { status: 403, ending: { kind: 'refused', error: DENIED } })
  t.equal(exchange.responseBytes, answer.body.length)
})

t.test('HEAD gets the status and no body', async (t) => {
  const { exchange, parsed, raw } = await exchangeOf(
    t,
    'HEAD /bucket/k HTTP/1.1\r\nhost: h\r\n\r\n',
  )
  refuse(exchange, refusedResource(exchange, parsed), DENIED, IDLE_MS)
  await raw.until(/\r\n\r\n/)
  t.match(raw.text, /^HTTP\/1\.1 403 /)
  t.match(raw.text, 'x-sealgate-reason: no-matching-rule')
  t.notMatch(raw.text, 'content-length')
  t.notMatch(raw.text, '<Error>')
  t.equal(exchange.responseBytes, 0)
})

t.test('what can pass later says when', async (t) => {
  for (const reason of ['too-many-requests', 'no-upstream-credentials'] as const) {
    const { exchange, parsed, raw } = await exchangeOf(
      t,
      'GET /bucket/k HTTP/1.1\r\nhost: h\r\n\r\n',
    )
    refuse(exchange, refusedResource(exchange, parsed), refusal(reason), IDLE_MS)
    const { headers, status } = await raw.answer()
    t.match({ status, after: headers.get('retry-after') }, { status: 503, after: '1' })
  }
})

t.test('a target that cannot be parsed is told without its query', async (t) => {
  const { exchange, parsed, raw } = await exchangeOf(
    t,
    'GET /%zz?X-Amz-Signature=secret HTTP/1.1\r\nhost: h\r\n\r\n',
  )
  t.equal(parsed, undefined)
  refuse(exchange, refusedResource(exchange, parsed), DENIED, IDLE_MS)
  const { body } = await raw.answer()
  t.match(body, '<Resource>/%zz</Resource>')
  t.notMatch(body, 'secret')
})

const WAITING = 'PUT /bucket/k HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\n'

t.test(
  'a client that waits for its 100 loses the connection, one that was told keeps it',
  async (t) => {
    const waiting = await exchangeOf(t, WAITING, true)
    refuse(waiting.exchange, refusedResource(waiting.exchange, waiting.parsed), DENIED, IDLE_MS)
    t.equal((await waiting.raw.answer()).headers.get('connection'), 'close')
    const told = await exchangeOf(t, WAITING, true)
    told.exchange.sendContinue()
    refuse(told.exchange, refusedResource(told.exchange, told.parsed), DENIED, IDLE_MS)
    const answer = await told.raw.answer()
    t.match(answer, { continues: 1, status: 403 })
    t.not(answer.headers.get('connection'), 'close')
  },
)

t.test('after the first byte of an answer there is no document: the socket is cut', async (t) => {
  const { exchange, parsed, raw, response } = await exchangeOf(
    t,
    'GET /bucket/k HTTP/1.1\r\nhost: h\r\n\r\n',
  )
  response.writeHead(200, { 'content-length': 100 })
  response.write('half')
  await raw.until(/half/)
  refuse(exchange, refusedResource(exchange, parsed), DENIED, IDLE_MS)
  await raw.closed()
  t.notMatch(raw.text, '<Error>')
  t.match(exchange.ending, { kind: 'refused' })
})

t.test('nobody is told who has gone', async (t) => {
  const { exchange, parsed, raw, response } = await exchangeOf(
    t,
    'GET /bucket/k HTTP/1.1\r\nhost: h\r\n\r\n',
  )
  const gone = new Promise<void>((resolve) => exchange.whenClosed(resolve))
  raw.destroy()
  await gone
  refuse(exchange, refusedResource(exchange, parsed), DENIED, IDLE_MS)
  t.match(exchange, { status: 0, ending: { kind: 'aborted', by: 'downstream' } })
  t.equal(response.headersSent, false)
})

t.test('with the fields that let a page of another origin read it', async (t) => {
  const { exchange, parsed, raw } = await exchangeOf(t, 'GET /bucket/k HTTP/1.1\r\nhost: h\r\n\r\n')
  refuse(exchange, refusedResource(exchange, parsed), DENIED, IDLE_MS, [
    'access-control-allow-origin',
    '*',
  ])
  t.equal((await raw.answer()).headers.get('access-control-allow-origin'), '*')
})
