import { join } from 'node:path'
import t from 'tap'
import { clientSchema } from '../../src/config/schema-clients.ts'
import { Generation, type Place } from '../../src/proxy/generation.ts'
import { PREFLIGHT_CLIENT } from '../../src/request/identify.ts'
import { AuditLog } from '../../src/telemetry/audit-log.ts'
import { UPLOAD } from '../support/audit-records.ts'
import { generationOf } from '../support/generation-of.ts'

function placeOf(entered: ReturnType<Generation['enterClient']>): Place {
  if (!entered.ok) throw new Error(entered.error.reason)
  return entered.value
}

t.test('as many requests as the limit are taken on, and no more', async (t) => {
  const { config, upstream, telemetry } = await generationOf(t)
  const limits = { ...config.limits, concurrentRequests: 2 }
  const generation = new Generation({ ...config, limits }, upstream, telemetry)
  for (const expected of [undefined, undefined, 'too-many-requests']) {
    telemetry.metrics.requestStarted()
    t.equal(generation.refusedEntry()?.reason, expected)
  }
})

t.test('what could not be recorded is not taken on, and is told so', async (t) => {
  const { config, upstream, telemetry } = await generationOf(t)
  const audit = await AuditLog.open({
    destination: { file: join(t.testdir(), 'audit.log') },
    bufferBytesMax: 1000,
    onState: () => undefined,
  })
  t.teardown(() => audit.close())
  const generation = new Generation(config, upstream, { ...telemetry, audit })
  t.equal(generation.refusedEntry(), undefined)
  // Both wait in the buffer: what writes them has not had its turn.
  audit.write(UPLOAD)
  audit.write(UPLOAD)
  t.match(generation.refusedEntry(), { code: 'SlowDown', reason: 'audit-stalled' })
})

t.test('a client has as many requests as its limit, and each that ends makes room', async (t) => {
  const { config, upstream, telemetry } = await generationOf(t)
  const limits = { ...config.limits, concurrentRequestsPerClient: 2 }
  const generation = new Generation({ ...config, limits }, upstream, telemetry)
  const [client] = config.clients
  if (client === undefined) throw new Error('no client')
  const enter = (by = generation, name = client.name) => by.enterClient({ ...client, name }, false)
  const first = placeOf(enter())
  const second = placeOf(enter())
  t.match(enter(), { error: { code: 'SlowDown', reason: 'too-many-requests' } }, 'the limit')
  t.ok(enter(generation, 'other').ok, 'each client has a count of its own')
  first.leave()
  const third = placeOf(enter())
  t.notOk(enter().ok)
  second.leave()
  third.leave()
  t.ok(enter().ok && enter().ok)
  const after = new Generation({ ...config, limits }, upstream, telemetry, generation)
  t.notOk(enter(after).ok, 'a reload does not forget who is under way')
  const lists = Array.from(
    { length: 9 },
    (_, i) => placeOf(generation.enterClient({ ...client, name: `list-${i}` }, true)).isHeldList,
  )
  t.strictSame(lists, [...Array(8).fill(true), false], 'the ninth list passes uninspected')
  const preflights = [1, 2, 3].map(() => generation.enterClient(PREFLIGHT_CLIENT, false).ok)
  t.strictSame(preflights, [true, true, false], 'so have all preflights together')
  const named = clientSchema.safeParse({ name: PREFLIGHT_CLIENT.name, buckets: ['b'] })
  t.equal(named.success, false, 'no client can be called what they are called')
})
