import t from 'tap'
import { failure, ok, type Result } from '../../src/base/result.ts'

function half(number: number): Result<number, string> {
  return number % 2 === 0 ? ok(number / 2) : failure('odd')
}

t.test('a result is a success with its value or a failure with its error', async (t) => {
  t.strictSame(half(4), { ok: true, value: 2 })
  t.strictSame(half(3), { ok: false, error: 'odd' })
})

t.test('`ok` tells a value from an error', async (t) => {
  const result = half(8)
  t.equal(result.ok ? result.value : result.error, 4)
  const failed = half(7)
  t.equal(failed.ok ? failed.value : failed.error, 'odd')
})
