import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import t, { type Test } from 'tap'
import { FairPacer } from '../../src/base/fair-pacer.ts'
import { DownstreamBodyError } from '../../src/body/downstream-body-error.ts'
import { RequestBody } from '../../src/proxy/request-body.ts'
import { becomes } from '../support/raw-socket.ts'
import { TestClock } from '../support/test-clock.ts'
import { type Incoming, receive } from './incoming.ts'

const IDLE_MS = 60_000

async function bodyOf(
  t: Test,
  octets: string,
  idleMs = IDLE_MS,
): Promise<Incoming & { body: RequestBody }> {
  const incoming = await receive(octets)
  t.teardown(() => incoming.close())
  return { ...incoming, body: new RequestBody(incoming.request, idleMs) }
}

async function textOf(body: RequestBody): Promise<string> {
  let text = ''
  for await (const chunk of body) text += chunk.toString('latin1')
  return text
}

async function failureOf(body: RequestBody): Promise<unknown> {
  try {
    await textOf(body)
    return undefined
  } catch (error) {
    return error
  }
}

t.test('gives the octets and their number', async (t) => {
  const { body, client } = await bodyOf(t, 'PUT / HTTP/1.1\r\ncontent-length: 6\r\n\r\nabc')
  client.write('def')
  t.equal(await textOf(body), 'abcdef')
  t.equal(body.bytes, 6)
})

t.test('a chunked body is as long as its chunks', async (t) => {
  const head = 'PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n'
  const { body } = await bodyOf(t, `${head}3\r\nabc\r\n0\r\n\r\n`)
  t.equal(await textOf(body), 'abc')
  t.equal(body.bytes, 3)
})

t.test('a client that goes away fails it as aborted', async (t) => {
  for (const leave of ['end', 'destroy'] as const) {
    const { body, client } = await bodyOf(t, 'PUT / HTTP/1.1\r\ncontent-length: 6\r\n\r\nabc')
    client[leave]()
    const error = await failureOf(body)
    t.ok(error instanceof DownstreamBodyError, leave)
    t.match(error, { kind: 'aborted', message: 'the client disconnected' })
  }
})

t.test('silence fails it as idle, and the socket stays', async (t) => {
  const { body, client, response } = await bodyOf(
    t,
    'PUT / HTTP/1.1\r\ncontent-length: 6\r\n\r\nabc',
    20,
  )
  const error = await failureOf(body)
  t.match(error, { kind: 'idle', message: 'the client sent nothing for too long' })
  response.writeHead(400, { connection: 'close' }).end('told')
  const [answer] = await once(client, 'data')
  t.match(answer.toString('latin1'), /^HTTP\/1\.1 400 /, 'it can still be answered')
})

t.test('silence while we hold the client back is ours', async (t) => {
  const large = 'x'.repeat(1024 * 1024)
  const head = `PUT / HTTP/1.1\r\ncontent-length: ${large.length}\r\n\r\n`
  const { body } = await bodyOf(t, head + large, 300)
  await once(body, 'readable')
  // Nobody reads: more than one idle time passes.
  await new Promise((resolve) => setTimeout(resolve, 700))
  t.equal(body.destroyed, false)
  t.equal((await textOf(body)).length, large.length)
})

t.test('destroying it takes neither the request nor the socket with it', async (t) => {
  const { body, client, request, response } = await bodyOf(
    t,
    'PUT / HTTP/1.1\r\ncontent-length: 6\r\n\r\nabc',
  )
  body.destroy()
  await once(body, 'close')
  t.equal(request.destroyed, false)
  response.end('told')
  const [answer] = await once(client, 'data')
  t.match(answer.toString('latin1'), /^HTTP\/1\.1 200 /)
})

t.test(
  'a client that goes away while a broken pipeline is torn down does not end the process',
  async (t) => {
    // node:http looks for listeners of 'error' a tick before it emits one.
    const { body, client, request } = await bodyOf(
      t,
      'PUT / HTTP/1.1\r\ncontent-length: 6\r\n\r\nabc',
    )
    const sink = new PassThrough()
    sink.resume()
    const piped = pipeline(body, sink)
    request.once('aborted', () => sink.destroy(new Error('the upstream broke as well')))
    // Not `once` of node:events, which listens to 'error' as well.
    const closed = new Promise((resolve) => request.once('close', resolve))
    client.destroy()
    await t.rejects(piped)
    await closed
    t.ok(request.listenerCount('error') > 0, 'somebody always listens')
  },
)

t.test('a client that goes away before anybody reads does not end the process', async (t) => {
  const { body, client } = await bodyOf(t, 'PUT / HTTP/1.1\r\ncontent-length: 6\r\n\r\nabc')
  const closed = new Promise<void>((resolve) => body.once('close', resolve))
  client.destroy()
  await closed
  t.match(body, { destroyed: true, errored: { kind: 'aborted' } })
})

t.test('a paced body passes whole, at the pace, and holds one read meanwhile', async (t) => {
  const { body, client, request } = await bodyOf(t, 'PUT / HTTP/1.1\r\ncontent-length: 9\r\n\r\n')
  const clock = new TestClock()
  body.pace(new FairPacer({ capacity: 3, perMs: 1 }, clock).open())
  const text = textOf(body)
  client.write('abc')
  t.ok(await becomes(() => body.bytes === 3))
  client.write('def')
  t.ok(await becomes(() => clock.timers.length === 1))
  client.write('ghi')
  t.ok(await becomes(() => request.isPaused()))
  t.equal(body.bytes, 6, 'the rest stays in the socket')
  while (body.bytes < 9 || clock.timers.length > 0) {
    clock.next()
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.equal(await text, 'abcdefghi')
})

t.test('a client that goes away while its body is paced fails it as aborted', async (t) => {
  const { body, client } = await bodyOf(t, 'PUT / HTTP/1.1\r\ncontent-length: 9\r\n\r\n')
  const clock = new TestClock()
  const flow = new FairPacer({ capacity: 3, perMs: 1 }, clock).open()
  body.pace(flow)
  const failed = failureOf(body)
  client.write('abc')
  t.ok(await becomes(() => body.bytes === 3))
  client.write('def')
  t.ok(await becomes(() => clock.timers.length === 1))
  client.destroy()
  t.match(await failed, new DownstreamBodyError('aborted'))
  clock.next()
  t.equal(body.destroyed, true, 'what was held is dropped')
})
