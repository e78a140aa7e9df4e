import { join } from 'node:path'
import t from 'tap'
import { clientSchema } from '../../src/config/schema-clients.ts'
import { Gate } from '../../src/proxy/gate.ts'
import { PREFLIGHT_CLIENT } from '../../src/request/identify.ts'
import { AuditLog } from '../../src/telemetry/audit-log.ts'
import { UPLOAD } from '../telemetry/records.ts'
import { gateOf } from './gate-of.ts'

t.test('as many requests as the limit are taken on, and no more', async (t) => {
  const { config, upstream, telemetry } = await gateOf(t)
  const limits = { ...config.limits, concurrentRequests: 2 }
  const gate = new Gate({ ...config, limits }, upstream, telemetry)
  for (const expected of [undefined, undefined, 'too-many-requests']) {
    telemetry.metrics.requestStarted()
    t.equal(gate.refusedEntry()?.reason, expected)
  }
})

t.test('what could not be recorded is not taken on, and is told so', async (t) => {
  const { config, upstream, telemetry } = await gateOf(t)
  const audit = await AuditLog.open({
    destination: { file: join(t.testdir(), 'audit.log') },
    bufferBytesMax: 1000,
    onState: () => undefined,
  })
  t.teardown(() => audit.close())
  const gate = new Gate(config, upstream, { ...telemetry, audit })
  t.equal(gate.refusedEntry(), undefined)
  // Both wait in the buffer: what writes them has not had its turn.
  audit.write(UPLOAD)
  audit.write(UPLOAD)
  t.match(gate.refusedEntry(), { code: 'SlowDown', reason: 'audit-stalled' })
})

t.test('a client has as many requests as its limit, and each that ends makes room', async (t) => {
  const { config, upstream, telemetry } = await gateOf(t)
  const limits = { ...config.limits, concurrentRequestsPerClient: 2 }
  const gate = new Gate({ ...config, limits }, upstream, telemetry)
  const [client] = config.clients
  if (client === undefined) throw new Error('no client')
  const other = { ...client, name: 'other' }
  const first = gate.enterClient(client)
  const second = gate.enterClient(client)
  t.ok(first && second)
  t.equal(gate.enterClient(client), undefined, 'the limit')
  t.ok(gate.enterClient(other), 'each client has a count of its own')
  first?.()
  const third = gate.enterClient(client)
  t.ok(third, 'one has ended, one may begin')
  t.equal(gate.enterClient(client), undefined)
  second?.()
  third?.()
  t.ok(gate.enterClient(client) && gate.enterClient(client))
  const after = new Gate({ ...config, limits }, upstream, telemetry, gate)
  t.equal(after.enterClient(client), undefined, 'a reload does not forget who is under way')
  const preflights = [1, 2, 3].map(() => gate.enterClient(PREFLIGHT_CLIENT) !== undefined)
  t.strictSame(preflights, [true, true, false], 'so have all preflights together')
  const named = clientSchema.safeParse({ name: PREFLIGHT_CLIENT.name, buckets: ['b'] })
  t.equal(named.success, false, 'no client can be called what they are called')
})
