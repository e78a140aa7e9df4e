import t from 'tap'
import { count, duration, line, mapping } from '../../src/config/schema-fields.ts'

t.test('a duration keeps within its limits', async (t) => {
  const schema = duration('1s', '1m')
  t.equal(schema.parse('1s'), 1000)
  t.equal(schema.parse('1m'), 60_000)
  for (const text of ['999ms', '61s', '1x', '', 60])
    t.notOk(schema.safeParse(text).success, String(text))
})

t.test('a count is a whole number within its limits', async (t) => {
  const schema = count(1, 3)
  for (const value of [1, 3]) t.equal(schema.parse(value), value)
  for (const value of [0, 4, 1.5, '2', Number.NaN, 2 ** 60])
    t.notOk(schema.safeParse(value).success, String(value))
})

t.test('a line has no control characters, and a limit', async (t) => {
  const schema = line(4)
  for (const text of ['a', 'abcd', 'ä ö']) t.equal(schema.parse(text), text)
  for (const text of ['', 'abcde', 'a\nb', 'a\rb', 'a\0', 'a\u0085'])
    t.notOk(schema.safeParse(text).success)
})

t.test('a mapping takes no other keys, not even those that objects inherit', async (t) => {
  const schema = mapping({ a: line(4) })
  t.strictSame(schema.parse({ a: 'x' }), { a: 'x' })
  for (const key of ['b', 'constructor', 'toString', '__proto__']) {
    const value: unknown = JSON.parse(`{"a":"x","${key}":1}`)
    t.notOk(schema.safeParse(value).success, key)
  }
})
