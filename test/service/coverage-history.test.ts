import t from 'tap'
import { CoverageHistory, NO_WRITES, SLOTS_MAX } from '../../src/service/coverage-history.ts'

const sealed = (count: number) => ({ ...NO_WRITES, sealed: count })

t.test('the slot that is not over yet is what has come since the last one', async (t) => {
  const history = new CoverageHistory()
  t.strictSame(history.slots(sealed(3)), [sealed(3)])
  history.mark(sealed(5))
  t.strictSame(history.slots({ ...sealed(5), exempt: 2 }), [sealed(5), { ...NO_WRITES, exempt: 2 }])
  history.mark({ ...sealed(9), exempt: 2 })
  t.strictSame(history.slots({ ...sealed(9), exempt: 2 }), [
    sealed(5),
    { ...sealed(4), exempt: 2 },
    NO_WRITES,
  ])
})

t.test('the oldest slots are forgotten', async (t) => {
  const history = new CoverageHistory()
  for (let i = 1; i <= 3 * SLOTS_MAX; i++) history.mark(sealed(i * i))
  const slots = history.slots(sealed(9 * SLOTS_MAX * SLOTS_MAX + 7))
  t.equal(slots.length, SLOTS_MAX)
  t.strictSame(slots.at(-1), sealed(7))
  t.strictSame(slots.at(-2), sealed(6 * SLOTS_MAX - 1), 'the difference of two squares')
})

t.test('a sum that has become smaller counts as nothing', async (t) => {
  const history = new CoverageHistory()
  history.mark(sealed(5))
  t.strictSame(history.slots(sealed(2)), [sealed(5), NO_WRITES])
})
