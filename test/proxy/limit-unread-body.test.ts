import { once } from 'node:events'
import t from 'tap'
import { limitUnreadBody } from '../../src/proxy/limit-unread-body.ts'
import { type Incoming, receive } from './incoming.ts'

const MIB = 1024 * 1024

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

/** Answers at once, before the body has come. */
function answerEarly({ request, response }: Incoming, headers: Record<string, string> = {}): void {
  response.writeHead(403, { 'content-length': 2, ...headers }).end('no')
  limitUnreadBody({ request, body: undefined })
}

t.test(
  'a body that comes after its answer is thrown away, and the connection goes on',
  async (t) => {
    const incoming = await receive('PUT / HTTP/1.1\r\ncontent-length: 1000000\r\n\r\n')
    t.teardown(() => incoming.close())
    const before = timers()
    answerEarly(incoming)
    t.equal(timers(), before + 1)
    incoming.client.resume()
    const ended = once(incoming.request, 'end')
    incoming.client.write(Buffer.alloc(1_000_000))
    await ended
    t.equal(timers(), before, 'no timer outlives it')
    t.equal(incoming.request.socket.destroyed, false)
  },
)

t.test('a body that has come whole needs nothing', async (t) => {
  const incoming = await receive('PUT / HTTP/1.1\r\ncontent-length: 2\r\n\r\nok')
  t.teardown(() => incoming.close())
  incoming.request.resume()
  await once(incoming.request, 'end')
  const before = timers()
  answerEarly(incoming)
  t.equal(timers(), before)
})

t.test('a closed connection leaves no timer behind', async (t) => {
  const incoming = await receive('PUT / HTTP/1.1\r\ncontent-length: 1000\r\n\r\n')
  t.teardown(() => incoming.close())
  const before = timers()
  const { socket } = incoming.request
  answerEarly(incoming, { connection: 'close' })
  await once(socket, 'close')
  t.equal(timers(), before)
})

t.test('80 MiB are read, more are not', async (t) => {
  const incoming = await receive(`PUT / HTTP/1.1\r\ncontent-length: ${200 * MIB}\r\n\r\n`)
  t.teardown(() => incoming.close())
  const { socket } = incoming.request
  const closed = once(socket, 'close')
  answerEarly(incoming)
  incoming.client.resume()
  const piece = Buffer.alloc(MIB)
  for (let sent = 0; sent < 200 && !socket.destroyed; sent++) {
    if (!incoming.client.write(piece)) {
      await Promise.race([once(incoming.client, 'drain'), closed])
    }
  }
  await closed
  const read = socket.bytesRead / MIB
  t.ok(read > 80, `${read} MiB`)
  t.ok(read < 90, `${read} MiB`)
})

t.test('our own stream of the body is destroyed', async (t) => {
  const incoming = await receive('PUT / HTTP/1.1\r\ncontent-length: 1\r\n\r\n')
  t.teardown(() => incoming.close())
  const { RequestBody } = await import('../../src/proxy/request-body.ts')
  const body = new RequestBody(incoming.request, 60_000)
  incoming.response.end()
  limitUnreadBody({ request: incoming.request, body })
  t.ok(body.destroyed)
})
