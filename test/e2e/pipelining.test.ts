import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { RawConnection } from '../support/raw-http.ts'
import { becomes } from '../support/raw-socket.ts'
import { type Rig, type RigOptions, startRig } from '../support/rig.ts'
import { signedHead } from './signed-head.ts'

/*
 * Requests that a client sends without waiting for answers are carried out as if it had waited, unless
 * all of them are safe. Source: RFC 9112 section 9.3.2
 */

const ROUNDS = 20

async function rigOf(t: Test, options: RigOptions = {}): Promise<Rig> {
  const rig = await startRig(options)
  t.teardown(() => rig.close())
  return rig
}

type Request = readonly [method: string, key: string, body?: string]

function octetsOf(port: number, [method, key, body]: Request): string {
  const head = signedHead(port, { method, target: `/bucket/${key}`, length: body?.length })
  return head + (body ?? '')
}

const LONG = 'l'.repeat(300_000)

const CASES: readonly {
  readonly name: string
  readonly requests: readonly Request[]
  readonly statuses: readonly number[]
  /** What is stored under `k` at the end. */
  readonly left: number | undefined
}[] = [
  {
    name: 'PUT and GET',
    requests: [
      ['PUT', 'k', 'x'],
      ['GET', 'k'],
    ],
    statuses: [200, 200],
    left: 1,
  },
  {
    name: 'a long PUT and a short one',
    requests: [
      ['PUT', 'k', LONG],
      ['PUT', 'k', 'x'],
    ],
    statuses: [200, 200],
    left: 1,
  },
  {
    name: 'a short PUT and a long one',
    requests: [
      ['PUT', 'k', 'x'],
      ['PUT', 'k', LONG],
    ],
    statuses: [200, 200],
    left: LONG.length,
  },
  {
    name: 'PUT and DELETE',
    requests: [
      ['PUT', 'k', LONG],
      ['DELETE', 'k'],
    ],
    statuses: [200, 204],
    left: undefined,
  },
  {
    name: 'GET, PUT, GET, DELETE, GET',
    requests: [
      ['GET', 'k'],
      ['PUT', 'k', LONG],
      ['GET', 'k'],
      ['DELETE', 'k'],
      ['GET', 'k'],
    ],
    statuses: [404, 200, 200, 204, 404],
    left: undefined,
  },
  {
    name: 'one that is refused among others',
    requests: [
      ['PUT', 'k', 'x'],
      ['PUT', 'k?newthing', LONG],
      ['PUT', 'k', 'yy'],
      ['GET', 'k'],
    ],
    statuses: [200, 400, 200, 200],
    left: 2,
  },
]

for (const { name, requests, statuses, left } of CASES) {
  t.test(`${name}: answers come in order, ${ROUNDS} times`, async (t) => {
    const rig = await rigOf(t)
    for (let round = 0; round < ROUNDS; round++) {
      const connection = new RawConnection(rig.port)
      connection.write(requests.map((request) => octetsOf(rig.port, request)).join(''))
      const seen: (number | undefined)[] = []
      for (const _ of requests) seen.push((await connection.answer()).status)
      t.strictSame(seen, statuses)
      t.equal(rig.sandbox.inspect('bucket', 'k')?.size, left)
      await new RawConnection(rig.port).write(octetsOf(rig.port, ['DELETE', 'k'])).answer()
      connection.destroy()
    }
    t.equal((await rig.audit()).length, ROUNDS * (requests.length + 1))
  })
}

/** An S3 whose answers wait until the test gives them. */
async function startSlow(t: Test): Promise<{ port: number; asked: string[]; answer(): void }> {
  const asked: string[] = []
  const waiting: ServerResponse[] = []
  const s3 = createServer((request: IncomingMessage, response) => {
    asked.push(`${request.method} ${request.url}`)
    request.resume()
    waiting.push(response)
  })
  await new Promise<void>((resolve) => s3.listen(0, '127.0.0.1', resolve))
  t.teardown(() => s3.close())
  t.teardown(() => s3.closeAllConnections())
  return {
    port: (s3.address() as AddressInfo).port,
    asked,
    answer: () => waiting.shift()?.end(),
  }
}

t.test('with a slow S3 nothing begins before its turn', async (t) => {
  const s3 = await startSlow(t)
  const rig = await rigOf(t, { upstreamPort: s3.port })
  const requests: readonly Request[] = [
    ['GET', 'a'],
    ['GET', 'b'],
    ['DELETE', 'c'],
    ['GET', 'd'],
    ['HEAD', 'e'],
    ['DELETE', 'f'],
  ]
  const connection = new RawConnection(rig.port)
  connection.write(requests.map((request) => octetsOf(rig.port, request)).join(''))
  const steps = [2, 2, 3, 5, 5, 6]
  for (const [i, count] of steps.entries()) {
    t.ok(await becomes(() => s3.asked.length === count), `${i} answered: ${count} asked`)
    await new Promise((resolve) => setTimeout(resolve, 50))
    t.equal(s3.asked.length, count)
    s3.answer()
  }
  t.strictSame(
    s3.asked,
    requests.map(([method, key]) => `${method} /bucket/${key}`),
  )
  connection.destroy()
})

t.test(
  'requests whose turn has not come when their connection ends have never begun',
  async (t) => {
    const s3 = await startSlow(t)
    const rig = await rigOf(t, { upstreamPort: s3.port })
    const connection = new RawConnection(rig.port)
    const requests: readonly Request[] = [
      ['DELETE', 'a'],
      ['PUT', 'b', 'x'],
      ['GET', 'c'],
    ]
    connection.write(requests.map((request) => octetsOf(rig.port, request)).join(''))
    t.ok(await becomes(() => s3.asked.length === 1))
    connection.destroy()
    t.ok(await becomes(() => rig.metrics.inflight === 0))
    t.match(await rig.audit(), [{ operation: 'DeleteObject', reason: 'client-gone' }])
    t.equal((await rig.audit()).length, 1)
    t.strictSame(s3.asked, ['DELETE /bucket/a'])
  },
)

t.test('nothing begins behind an answer that closes the connection', async (t) => {
  const s3 = await startSlow(t)
  const rig = await rigOf(t, { upstreamPort: s3.port })
  const connection = new RawConnection(rig.port)
  const requests: readonly Request[] = [
    ['DELETE', 'a'],
    ['DELETE', 'b'],
  ]
  connection.write(requests.map((request) => octetsOf(rig.port, request)).join(''))
  t.ok(await becomes(() => s3.asked.length === 1))
  const drained = rig.drain()
  s3.answer()
  const answer = await connection.answer()
  t.equal(answer.headers.get('connection'), 'close')
  await connection.closed()
  t.equal(await drained, true)
  t.equal(s3.asked.length, 1)
})

t.test('a broken body among pipelined requests: those before it are answered', async (t) => {
  const rig = await rigOf(t)
  const broken = signedHead(rig.port, {
    target: '/bucket/broken',
    more: [
      ['transfer-encoding', 'chunked'],
      ['x-amz-decoded-content-length', '5'],
    ],
  })
  const connection = new RawConnection(rig.port)
  connection.write(`${octetsOf(rig.port, ['PUT', 'k', LONG])}${broken}5\r\nabcde\r\nno chunk\r\n`)
  t.match(await connection.answer(), { status: 200 })
  await connection.closed()
  t.equal(connection.text, '')
  t.equal((await rig.audit()).length, 1)
})

t.test('however many come at once, each is answered in its turn', async (t) => {
  const rig = await rigOf(t)
  const count = 1_000
  const one = 'DELETE /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'
  const connection = new RawConnection(rig.port)
  for (let i = 0; i < 10; i++) connection.write(one.repeat(count / 10))
  for (let i = 0; i < count; i++) {
    const { status } = await connection.answer()
    if (status !== 403) t.equal(status, 403)
  }
  t.equal((await rig.audit()).length, count)
  connection.destroy()
})
