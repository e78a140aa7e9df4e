import t, { type Test } from 'tap'
import { ownAddress, withOwnAddress } from '../../src/proxy/own-address.ts'
import { answerHead, replayAnswer } from '../../src/upstream/upstream-answer.ts'
import { exchangeOf } from './exchange-of.ts'

const COMPLETE = 'POST /bucket/a%20key/%C3%BC?uploadId=u'

async function requested(t: Test, request: string, host = 'h:8080') {
  const { exchange, parsed } = await exchangeOf(t, `${request} HTTP/1.1\r\nhost: ${host}\r\n\r\n`)
  if (parsed === undefined) throw new Error('not parsed')
  return { exchange, parsed }
}

t.test('the address is the client’s: its scheme, its host, its style', async (t) => {
  for (const [request, host, address] of [
    [COMPLETE, 'h:8080', 'http://h:8080/bucket/a%20key/%C3%BC'],
    ['GET /a%20key/%C3%BC', 'bucket.h', 'http://bucket.h/a%20key/%C3%BC'],
    ['PUT /bucket', 'h', 'http://h/bucket/'],
    ['PUT /', 'bucket.H:80', 'http://bucket.H:80/'],
  ] as const) {
    const { exchange, parsed } = await requested(t, request, host)
    t.equal(ownAddress(exchange, parsed), address)
  }
})

/** The fields of what becomes of an answer. */
async function fields(t: Test, request: string, status: number, raw: readonly string[]) {
  const { exchange, parsed } = await requested(t, request)
  const forwarded = { head: answerHead(status, raw), answer: replayAnswer(Buffer.alloc(0)) }
  const { head, answer } = withOwnAddress(exchange, parsed, forwarded)
  return { fields: head.rawHeaders, isSame: answer === forwarded.answer }
}

const LENGTH = ['Content-Length', '300']
const ELSEWHERE = 'https://bucket.s3.eu-west-1.amazonaws.com/'

t.test('a completion loses its length, since its document changes', async (t) => {
  const found = await fields(t, COMPLETE, 200, ['ETag', '"e"', ...LENGTH])
  t.strictSame(found, { fields: ['ETag', '"e"'], isSame: false })
})

t.test('what has another document, or none that can be read, passes as it is', async (t) => {
  const encoded = [...LENGTH, 'Content-Encoding', 'gzip']
  for (const [request, status, raw] of [
    [COMPLETE, 500, LENGTH],
    [COMPLETE, 404, [...LENGTH, 'Location', ELSEWHERE]],
    [COMPLETE, 200, encoded],
    ['GET /bucket/k', 200, LENGTH],
    ['PUT /bucket', 200, ['Location', '/bucket', ...LENGTH]],
  ] as const) {
    t.strictSame(await fields(t, request, status, raw), { fields: raw, isSame: true })
  }
})

t.test('a Location field that leads past us is the client’s way', async (t) => {
  for (const elsewhere of [ELSEWHERE, 'http://10.0.0.1:9000/bucket', '//10.0.0.1/bucket', 'x']) {
    t.strictSame(await fields(t, 'PUT /bucket', 200, ['Location', elsewhere, ...LENGTH]), {
      fields: ['Location', 'http://h:8080/bucket/', ...LENGTH],
      isSame: true,
    })
  }
})
