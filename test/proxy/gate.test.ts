import { join } from 'node:path'
import t from 'tap'
import { Gate } from '../../src/proxy/gate.ts'
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
    bufferOctetsMax: 1000,
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
