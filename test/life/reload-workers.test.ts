import t from 'tap'
import { auditedReload, testReloads } from './reload-cases.ts'

await testReloads(t, 2)

t.test('the audit tells of start, reload and stop, after all lines of workers', (t) =>
  auditedReload(t, 2),
)
