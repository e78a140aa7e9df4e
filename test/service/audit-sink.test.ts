import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { AuditSink } from '../../src/service/audit-sink.ts'
import { openLog } from '../../src/telemetry/log.ts'
import { becomes } from '../support/raw-socket.ts'

const LINE = (n: number) => `{"time":"2026-01-02T03:04:05.678Z","n":${n}}\n`

interface Receiver {
  readonly url: string
  readonly bodies: string[]
  readonly heads: IncomingHttpHeaders[]
  /** Statuses of the next answers; then 200. */
  readonly statuses: number[]
}

async function receiver(t: Test, answer = '{}'): Promise<Receiver> {
  const bodies: string[] = []
  const heads: IncomingHttpHeaders[] = []
  const statuses: number[] = []
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => {
      body += String(part)
    })
    request.on('end', () => {
      bodies.push(body)
      heads.push(request.headers)
      response.writeHead(statuses.shift() ?? 200).end(answer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/v1/logs`, bodies, heads, statuses }
}

function sinkTo(url: string, kind: 'webhook' | 'otlp', bytesMax?: number) {
  const logged: string[] = []
  const log = openLog({ level: 'info', stream: { write: (line: string) => logged.push(line) } })
  const config = { kind, url, token: 'a-token-of-length', ca: undefined }
  return { sink: new AuditSink(config, log, bytesMax), logged }
}

t.test('a webhook gets the lines in order, with the token', async (t) => {
  const { url, bodies, heads } = await receiver(t)
  const { sink } = sinkTo(url, 'webhook')
  for (let i = 0; i < 3; i++) sink.push(LINE(i))
  await sink.close(5_000)
  t.strictSame(bodies, [LINE(0) + LINE(1) + LINE(2)])
  t.match(heads[0], {
    authorization: 'Bearer a-token-of-length',
    'content-type': 'application/x-ndjson',
  })
  t.equal(sink.undeliveredLines, 0)
})

t.test(
  'a collector of OpenTelemetry gets log records, and says what it did not take',
  async (t) => {
    const { url, bodies } = await receiver(t, '{"partialSuccess":{"rejectedLogRecords":"1"}}')
    const { sink } = sinkTo(url, 'otlp')
    sink.push(LINE(1))
    await sink.close(5_000)
    t.match(JSON.parse(bodies[0] ?? ''), {
      resourceLogs: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'sealgate' } }] },
          scopeLogs: [
            {
              logRecords: [
                {
                  timeUnixNano: '1767323045678000000',
                  eventName: 'sealgate.audit',
                  body: { stringValue: LINE(1).trim() },
                },
              ],
            },
          ],
        },
      ],
    })
    t.equal(sink.undeliveredLines, 1)
  },
)

t.test('what fails is sent again, and told once', async (t) => {
  const { url, bodies, statuses } = await receiver(t)
  statuses.push(503, 401)
  const { sink, logged } = sinkTo(url, 'webhook')
  sink.push(LINE(1))
  t.ok(await becomes(() => bodies.length === 3))
  await sink.close(5_000)
  t.strictSame(bodies, [LINE(1), LINE(1), LINE(1)])
  t.equal(sink.undeliveredLines, 0)
  const told = logged.map((line) => JSON.parse(line).msg)
  t.strictSame(told, [
    'audit lines cannot be delivered to a sink',
    'audit lines are delivered again',
  ])
  t.notMatch(logged.join(''), 'a-token')
})

t.test(
  'what has no room and what is refused for good is counted, and the receiver is told',
  async (t) => {
    const { url, bodies, statuses } = await receiver(t)
    statuses.push(400)
    const { sink } = sinkTo(url, 'webhook', LINE(1).length * 2)
    for (let i = 0; i < 5; i++) sink.push(LINE(i))
    t.equal(sink.undeliveredLines, 3)
    t.ok(await becomes(() => sink.undeliveredLines === 5))
    sink.push(LINE(9))
    await sink.close(5_000)
    t.match(
      bodies[0],
      /^\{"time":"[^"]+","record":"undelivered","type":"sealgate.audit","schema":1,"lines":3\}\n/,
    )
    t.match(bodies.at(-1), /"lines":5\}\n\{"time":"2026-01-02T03:04:05.678Z","n":9\}\n$/)
  },
)

t.test('a receiver that is not there holds up nothing', async (t) => {
  const { sink } = sinkTo('http://127.0.0.1:1/', 'webhook')
  sink.push(LINE(1))
  const startedAt = performance.now()
  await sink.close(100)
  t.ok(performance.now() - startedAt < 5_000)
  t.equal(sink.undeliveredLines, 1)
})
