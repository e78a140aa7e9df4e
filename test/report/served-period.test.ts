import t from 'tap'
import { offeredPeriods, periodWords, readServedPeriod } from '../../src/report/served-period.ts'

const NOW_MS = Date.parse('2026-03-02T10:20:30.400Z')

t.test(
  'the last days end now; a month ends with itself, unless it is the present one',
  async (t) => {
    const cases = [
      ['', undefined, undefined, 'the whole trail'],
      ['1d', '2026-03-01T10:20:30.400Z', undefined, 'last 24 hours'],
      ['7d', '2026-02-23T10:20:30.400Z', undefined, 'last 7 days'],
      ['30d', '2026-01-31T10:20:30.400Z', undefined, 'last 30 days'],
      ['2026-03', '2026-03-01T00:00:00.000Z', undefined, '2026-03'],
      ['2026-02', '2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z', '2026-02'],
      ['2025-12', '2025-12-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', '2025-12'],
    ] as const
    for (const [name, from, to, words] of cases) {
      const period = readServedPeriod(name, NOW_MS)
      t.strictSame(period, { name, from, to })
      t.equal(period && periodWords(period), words)
    }
  },
)

t.test('anything else is no period', async (t) => {
  for (const name of [
    '2d',
    '7D',
    'toString',
    '2026-13',
    '2026-00',
    '2026-3',
    '2026-04',
    '0026-03',
    ' ',
    '2026-02-01',
    '__proto__',
  ]) {
    t.equal(readServedPeriod(name, NOW_MS), undefined, name)
  }
})

t.test('what is offered can be asked for', async (t) => {
  const offered = offeredPeriods(NOW_MS)
  t.strictSame(
    offered.map(({ name }) => name),
    ['', '1d', '7d', '30d', '2026-03', '2026-02'],
  )
  t.ok(offered.every(({ name }) => readServedPeriod(name, NOW_MS) !== undefined))
  t.match(offeredPeriods(Date.parse('2026-01-31T23:59:59.999Z')).at(-1), { name: '2025-12' })
})
