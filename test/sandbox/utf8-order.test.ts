import t from 'tap'
import { compareUtf8, endOfPrefix, lowerBound } from '../../src/sandbox/utf8-order.ts'

t.test('keys are ordered as UTF-8 bytes', async (t) => {
  const keys = ['b', 'a', 'a/', 'a.', 'ü', 'Z', '\uffee', '😀', '']
  const expected = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  t.strictSame(keys.toSorted(compareUtf8), expected)
})

t.test('the first key at or after a bound, and the first behind a prefix, are found', async (t) => {
  const keys = ['a', 'a/1', 'a/2', 'a0', 'b']
  t.strictSame(
    ['', 'a', 'a/', 'a/2', 'a/3', 'c'].map((bound) => lowerBound(keys, bound)),
    [0, 0, 1, 2, 3, 5],
  )
  t.equal(lowerBound(keys, 'a', 2), 2)
  t.equal(endOfPrefix(keys, 'a/', 1), 3)
  t.equal(endOfPrefix(keys, 'b', 4), 5)
})
