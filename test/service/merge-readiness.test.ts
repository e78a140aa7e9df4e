import t from 'tap'
import { mergeReadiness } from '../../src/service/merge-readiness.ts'

const OK = {
  ready: true,
  degraded: false,
  parts: { configuration: 'ok', credentials: 'ok', upstream: 'ok', drain: 'ok' },
}
const POOR = {
  ready: false,
  degraded: true,
  parts: { ...OK.parts, credentials: 'none that are valid' },
}

t.test('ready where all that serve are ready, though one is being restarted', async (t) => {
  t.strictSame(mergeReadiness(2, [OK]), {
    ready: true,
    degraded: false,
    parts: { workers: 'ok', ...OK.parts },
    workers: { wanted: 2, serving: 1 },
  })
  t.equal(mergeReadiness(2, [OK, undefined]).ready, true, 'one did not answer')
})

t.test('not ready where one that serves is not: connections go to it too', async (t) => {
  const report = mergeReadiness(2, [OK, POOR])
  t.match(report, {
    ready: false,
    parts: { credentials: 'none that are valid', upstream: 'ok' },
  })
})

t.test('degraded if one is, and ready all the same if that does not count', async (t) => {
  const report = mergeReadiness(2, [OK, { ...POOR, ready: true }])
  t.match(report, {
    ready: true,
    degraded: true,
    parts: { credentials: 'none that are valid' },
  })
})

t.test('not ready where none serves', async (t) => {
  t.match(mergeReadiness(2, []), { ready: false, parts: { workers: 'none of 2 serves' } })
  t.equal(mergeReadiness(2, [undefined, undefined]).ready, false)
})
