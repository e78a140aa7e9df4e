import t from 'tap'
import { intAt } from '../../src/body/int-at.ts'

t.test('the integer at an index is read from signed and unsigned arrays', async (t) => {
  t.equal(intAt(new Uint8Array([1, 255]), 1), 255)
  t.equal(intAt(new Int32Array([1, -2]), 1), -2)
})
