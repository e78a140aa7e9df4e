import t from 'tap'
import { addToArray } from '../../src/inject/json-patch.ts'
import { applyPatch } from './apply-patch.ts'

t.test('items go to the end or the start of an array, in their order', async (t) => {
  const last = addToArray('/a', true, 'last', [1, 2])
  t.strictSame(applyPatch({ a: [0] }, last), { a: [0, 1, 2] })
  const first = addToArray('/a', true, 'first', [1, 2])
  t.strictSame(applyPatch({ a: [0] }, first), { a: [1, 2, 0] })
})

t.test('an array that is missing is made', async (t) => {
  for (const position of ['first', 'last'] as const) {
    t.strictSame(applyPatch({}, addToArray('/a', false, position, [1])), { a: [1] })
  }
})

t.test('no items are no operation', async (t) => {
  t.strictSame(addToArray('/a', false, 'last', []), [])
})
