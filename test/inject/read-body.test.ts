import { createServer, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import t from 'tap'
import { ByteBudget } from '../../src/inject/byte-budget.ts'
import { readBody } from '../../src/inject/read-body.ts'

const LIMIT = 1000
const budget = new ByteBudget(LIMIT)

/** What `readBody` made of each request, in order. */
const outcomes: unknown[] = []
const server = createServer(async (incoming, response) => {
  const outcome = await readBody(incoming, LIMIT, budget)
  outcomes.push(outcome)
  server.emit('outcome')
  response.end(JSON.stringify(outcome))
})
t.teardown(() => server.close())
t.before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))

function port(): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

function send(body: Buffer, headers: Readonly<Record<string, string>>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options = { port: port(), host: '127.0.0.1', method: 'POST', headers, agent: false }
    const outgoing = request(options, async (response: IncomingMessage) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk)
      resolve(JSON.parse(Buffer.concat(chunks).toString()))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const FRAMINGS = {
  'content-length': (bytes: number) => ({ 'content-length': String(bytes) }),
  chunked: () => ({ 'transfer-encoding': 'chunked' }),
} as const

for (const [name, framing] of Object.entries(FRAMINGS)) {
  t.test(`a body of the limit is read, one byte more is 413 (${name})`, async (t) => {
    const body = Buffer.alloc(LIMIT, 'a')
    t.strictSame(await send(body, framing(LIMIT)), { ok: true, value: body.toString() })
    const longer = Buffer.alloc(LIMIT + 1, 'a')
    t.strictSame(await send(longer, framing(LIMIT + 1)), { ok: false, error: 413 })
  })
}

t.test('characters that are split between packets stay whole', async (t) => {
  const text = 'ü'.repeat(LIMIT / 2)
  t.strictSame(await send(Buffer.from(text), FRAMINGS.chunked()), { ok: true, value: text })
})

t.test('what is being read together has a limit', async (t) => {
  const arrived = new Promise<IncomingMessage>((resolve) => server.once('request', resolve))
  const socket = connect(port(), '127.0.0.1')
  socket.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc`)
  const waiting = await arrived
  if (waiting.readableFlowing !== true) await new Promise((resolve) => setImmediate(resolve))
  const body = Buffer.alloc(LIMIT, 'a')
  t.strictSame(await send(body, FRAMINGS.chunked()), { ok: false, error: 503 })
  const less = Buffer.alloc(LIMIT - 3, 'a')
  t.match(await send(less, FRAMINGS.chunked()), { ok: true })
  const outcome = new Promise<void>((resolve) => server.once('outcome', resolve))
  socket.destroy()
  await outcome
  t.match(
    await send(body, FRAMINGS.chunked()),
    { ok: true },
    'what is refused or broken is given back',
  )
})

t.test('a connection that breaks is 400', async (t) => {
  const outcome = new Promise<void>((resolve) => server.once('outcome', resolve))
  const socket = connect(port(), '127.0.0.1')
  socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc')
  await new Promise<void>((resolve) => server.once('request', () => resolve()))
  socket.destroy()
  await outcome
  t.strictSame(outcomes.at(-1), { ok: false, error: 400 })
})
