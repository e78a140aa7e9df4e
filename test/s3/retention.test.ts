import t from 'tap'
import {
  BYPASS_HEADER,
  LOCK_MODE_HEADER,
  LOCK_MODES,
  longerRetention,
  parseRetention,
  RETAIN_UNTIL_HEADER,
  retentionHeaders,
} from '../../src/s3/retention.ts'

const DATE = '2026-02-14T12:00:00Z'
const untilMs = Date.parse(DATE)

t.test('a retention has a mode and a date, both valid', async (t) => {
  t.strictSame(LOCK_MODES, ['GOVERNANCE', 'COMPLIANCE'], 'the weaker first')
  t.match(BYPASS_HEADER, 'governance')
  t.strictSame(parseRetention('GOVERNANCE', DATE), { mode: 'GOVERNANCE', untilMs })
  t.strictSame(parseRetention('COMPLIANCE', '2026-02-14T13:00:00.000+01:00'), {
    mode: 'COMPLIANCE',
    untilMs,
  })
  for (const [mode, date] of [
    [undefined, DATE],
    ['GOVERNANCE', undefined],
    ['governance', DATE],
    ['GOVERNANCE', '2026-02-14'],
    ['GOVERNANCE', '2026-02-30T25:00:00Z'],
    ['GOVERNANCE', '1771070400'],
    ['GOVERNANCE', `${DATE}, ${DATE}`],
  ] as const) {
    t.equal(parseRetention(mode, date), undefined, `${mode} ${date}`)
  }
})

t.test('of two retentions the stronger mode and the later date count', async (t) => {
  const a = { mode: 'GOVERNANCE', untilMs: 2 } as const
  const b = { mode: 'COMPLIANCE', untilMs: 1 } as const
  t.strictSame(longerRetention(a, b), { mode: 'COMPLIANCE', untilMs: 2 })
  t.strictSame(longerRetention(b, a), { mode: 'COMPLIANCE', untilMs: 2 })
  t.strictSame(longerRetention(a, a), a)
})

t.test('headers have whole seconds, not before the date', async (t) => {
  const headers = retentionHeaders({ mode: 'GOVERNANCE', untilMs: untilMs - 1 })
  t.strictSame(headers, [LOCK_MODE_HEADER, 'GOVERNANCE', RETAIN_UNTIL_HEADER, DATE])
})
