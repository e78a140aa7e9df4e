import t from 'tap'
import { ByteBudget } from '../../src/inject/byte-budget.ts'

t.test('a budget is spent to its last byte, and given back', async (t) => {
  const budget = new ByteBudget(10)
  t.ok(budget.take(4))
  t.notOk(budget.take(7), 'what does not fit is not taken')
  t.ok(budget.take(6))
  t.notOk(budget.take(1))
  budget.giveBack(4)
  t.ok(budget.take(4))
})
