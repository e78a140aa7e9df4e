import t from 'tap'
import {
  auditedReload,
  invalidConfiguration,
  reloadsUnderLoad,
  requestUnderWay,
} from './reload-cases.ts'

t.test('reloads of all workers under load lose nothing', (t) => reloadsUnderLoad(t, 2))
t.test('a request ends by the configuration it began with', (t) => requestUnderWay(t, 2))
t.test('an invalid configuration is refused once, for all workers', (t) =>
  invalidConfiguration(t, 2),
)
t.test('the audit tells of start, reload and stop, after all lines of workers', (t) =>
  auditedReload(t, 2),
)
