import t from 'tap'
import { formatOrderEntry, parseOrder } from '../../src/trail/order.ts'

const ONE = { first: 0, count: 3, file: 'a.0000.jsonl', offset: 0, bytes: 300 }
const TWO = { first: 3, count: 1, file: 'b-w1.0001.jsonl', offset: 17, bytes: 9 }

t.test('the order is read back, up to where it is torn or does not follow', async (t) => {
  const text = formatOrderEntry(ONE) + formatOrderEntry(TWO)
  t.strictSame(parseOrder(text), [ONE, TWO])
  t.strictSame(parseOrder(text.slice(0, -1)), [ONE])
  t.strictSame(parseOrder(`${formatOrderEntry(ONE)}${formatOrderEntry({ ...TWO, first: 4 })}`), [
    ONE,
  ])
  t.strictSame(parseOrder(`${formatOrderEntry(ONE)}junk\n${formatOrderEntry(TWO)}`), [ONE])
  t.strictSame(parseOrder('0 1 ../../etc/passwd 0 1\n'), [])
})
