import t, { type Test } from 'tap'
import { bodyFailure } from '../../src/body/body-failure.ts'
import { collectBody } from '../../src/proxy/collect-body.ts'
import { type Incoming, receive } from './incoming.ts'

async function incomingOf(t: Test, octets: string): Promise<Incoming> {
  const incoming = await receive(octets)
  t.teardown(() => incoming.close())
  return incoming
}

const HEAD = 'PUT / HTTP/1.1\r\ncontent-length: 6\r\n\r\n'
const CHUNKED = 'PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n'

t.test('a body in one piece, in several, and an empty one are collected', async (t) => {
  const one = await incomingOf(t, `${HEAD}abcdef`)
  t.strictSame(await collectBody(one.request, 60_000, 100), {
    ok: true,
    value: Buffer.from('abcdef'),
  })
  const several = await incomingOf(t, `${CHUNKED}3\r\nabc\r\n`)
  const collected = collectBody(several.request, 60_000, 100)
  several.client.write('3\r\ndef\r\n0\r\n\r\n')
  t.strictSame(await collected, { ok: true, value: Buffer.from('abcdef') })
  const none = await incomingOf(t, `${CHUNKED}0\r\n\r\n`)
  t.strictSame(await collectBody(none.request, 60_000, 100), { ok: true, value: Buffer.alloc(0) })
})

t.test('a body of the limit is collected, one byte more is refused', async (t) => {
  const within = await incomingOf(t, `${HEAD}abcdef`)
  t.equal((await collectBody(within.request, 60_000, 6)).ok, true)
  const beyond = await incomingOf(t, `${HEAD}abcdef`)
  const refused = await collectBody(beyond.request, 60_000, 5)
  t.match(refused.ok || bodyFailure(refused.error), { code: 'IncompleteBody' })
})

t.test('a client that goes away, and one that falls silent', async (t) => {
  const gone = await incomingOf(t, `${HEAD}abc`)
  const collected = collectBody(gone.request, 60_000, 100)
  gone.client.destroy()
  const aborted = await collected
  t.match(aborted.ok || bodyFailure(aborted.error), { reason: 'client-gone' })
  const silent = await incomingOf(t, `${HEAD}abc`)
  const idle = await collectBody(silent.request, 20, 100)
  t.match(idle.ok || bodyFailure(idle.error), { code: 'RequestTimeout', reason: 'body-idle' })
})

t.test('it leaves no listener behind', async (t) => {
  const { request } = await incomingOf(t, `${HEAD}abcdef`)
  const before = request.eventNames().length
  await collectBody(request, 60_000, 100)
  t.equal(request.eventNames().length, before)
})
