import t from 'tap'
import { readAnswer, readRequest } from './wire-reading.ts'

const HOST = 'Host: a\r\n'

/** What each start of bytes is, and why. */
const REQUESTS: readonly (readonly [text: string, kind: string])[] = [
  [`GET / HTTP/1.1\r\n${HOST}\r\n`, 'message'],
  [`GET / HTTP/1.1\r\n${HOST}`, 'partial'],
  [`PUT /a HTTP/1.1\r\n${HOST}Content-Length: 1\r\n\r\nx`, 'message'],
  [`PUT /a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`, 'message'],
  [`PUT /a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0ffffffffffff\r\nx`, 'message'],
  [`GET  HTTP/1.1\r\n${HOST}\r\n`, 'malformed'],
  [`GET a HTTP/1.1\r\n${HOST}\r\n`, 'malformed'],
  [`GET /\xc3 HTTP/1.1\r\n${HOST}\r\n`, 'malformed'],
  [`GET / HTTP/1.1\n${HOST}\r\n`, 'malformed'],
  [`GET / HTTP/1.1\r\n${HOST} folded\r\n\r\n`, 'malformed'],
  [`GET / HTTP/1.1\r\n${HOST}a : b\r\n\r\n`, 'malformed'],
  [`GET / HTTP/1.1\r\n${HOST}a: b\rc\r\n\r\n`, 'malformed'],
  [`GET / HTTP/1.1\r\n${HOST}a: \0\r\n\r\n`, 'malformed'],
  [`GET / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, 'malformed'],
  [`GET / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 1\r\n\r\n`, 'malformed'],
  [`GET / HTTP/1.1\r\n${HOST}Content-Length: +1\r\n\r\n`, 'malformed'],
  [`GET / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, identity\r\n\r\n`, 'malformed'],
  [`GET / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 'malformed'],
  [`PUT / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nZZ\r\n`, 'malformed'],
  [`PUT / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n`, 'malformed'],
]

for (const [text, kind] of REQUESTS) {
  t.test(`${kind}: ${JSON.stringify(text)}`, async (t) => {
    t.equal(readRequest(Buffer.from(text, 'latin1')).kind, kind)
  })
}

t.test('a request and what follows it', async (t) => {
  const text = `PUT /a?b HTTP/1.1\r\n${HOST}x:  y \t\r\nContent-Length: 2\r\n\r\nokGET`
  const read = readRequest(Buffer.from(text))
  if (read.kind !== 'message') throw new Error(read.kind)
  t.equal(read.length, text.length - 3)
  t.equal(read.message.body.toString(), 'ok')
  t.equal(read.message.isWhole, true)
  t.match(read.message, { method: 'PUT', target: '/a?b', version: 'HTTP/1.1' })
  t.strictSame(read.message.fields[1], { name: 'x', value: 'y' })
})

t.test('a body that has not come, and one that is none', async (t) => {
  const head = `PUT / HTTP/1.1\r\n${HOST}`
  const short = readRequest(Buffer.from(`${head}Content-Length: 5\r\n\r\nx`))
  t.match(short, { kind: 'message', message: { isWhole: false } })
  const broken = readRequest(Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\nZZ\r\n`))
  t.match(broken, { kind: 'malformed', broken: { method: 'PUT', isWhole: false } })
})

t.test('answers end by their length, their chunks, or the connection', async (t) => {
  const read = (text: string, method = 'GET', isClosed = false) => {
    const answer = readAnswer(Buffer.from(text, 'latin1'), method, isClosed)
    if (answer.kind !== 'message') return answer.kind
    const { status, body, isWhole, interim } = answer.message
    return `${status} ${body} ${isWhole} ${interim} ${text.length - answer.length}`
  }
  const ok = 'HTTP/1.1 200 OK\r\n'
  t.equal(read(`${ok}Content-Length: 2\r\n\r\nokmore`), '200 ok true 0 4')
  t.equal(read(`${ok}Content-Length: 5\r\n\r\nok`), '200 ok false 0 0')
  t.equal(read(`${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nx`), '200 ok true 0 1')
  t.equal(read(`${ok}\r\nok`), '200 ok false 0 0')
  t.equal(read(`${ok}\r\nok`, 'GET', true), '200 ok true 0 0')
  t.equal(read(`${ok}Content-Length: 9\r\n\r\nHTTP`, 'HEAD'), '200  true 0 4')
  t.equal(read('HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n'), '304  true 0 0')
  t.equal(read(`HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 0\r\n\r\n`), '200  true 1 0')
  t.equal(read(`${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`), 'malformed')
  t.equal(read('garbage\r\n\r\n'), 'malformed')
  t.equal(read('HTTP/1.1 200'), 'partial')
})
