import t from 'tap'
import { mergeReadiness } from '../../src/service/merge-readiness.ts'

const OK = {
  ready: true,
  parts: { configuration: 'ok', credentials: 'ok', upstream: 'ok', drain: 'ok' },
}
const POOR = { ready: false, parts: { ...OK.parts, credentials: 'none that are valid' } }

t.test('ready where all that serve are ready, though one is being restarted', async (t) => {
  t.strictSame(mergeReadiness(2, [OK]), {
    ready: true,
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

t.test('not ready where none serves', async (t) => {
  t.match(mergeReadiness(2, []), { ready: false, parts: { workers: 'none of 2 serves' } })
  t.equal(mergeReadiness(2, [undefined, undefined]).ready, false)
})
