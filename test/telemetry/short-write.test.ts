import fc from 'fast-check'
import t from 'tap'
import { remainderOf } from '../../src/telemetry/short-write.ts'

const LINES = '{"a":"ä"}\n{"b":2}\n'

for (const { name, written, rest, endsTorn = false, isBroken = false } of [
  { name: 'nothing', written: 0, rest: LINES },
  { name: 'whole lines', written: 11, rest: '{"b":2}\n' },
  { name: 'a part of a line', written: 3, rest: LINES, endsTorn: true, isBroken: true },
  { name: 'a part of a character', written: 7, rest: LINES, endsTorn: true, isBroken: true },
  { name: 'a line without its end', written: 10, rest: '{"b":2}\n', endsTorn: true },
  { name: 'a part of the second', written: 12, rest: '{"b":2}\n', endsTorn: true, isBroken: true },
  { name: 'all but the last end', written: 18, rest: '', endsTorn: true },
]) {
  t.test(`the remaining bytes follow after ${name}`, async (t) => {
    const remainder = remainderOf(Buffer.from(LINES), written)
    t.equal(remainder.bytes.toString(), rest)
    t.match(remainder, { endsTorn, isBroken })
  })
}

t.test('each line stands whole once, and what is broken is no JSON', async () => {
  const records = fc.array(fc.record({ id: fc.nat(), key: fc.string({ unit: 'grapheme' }) }), {
    minLength: 1,
    maxLength: 8,
  })
  fc.assert(
    fc.property(records, fc.nat(), (values, cut) => {
      const lines = values.map((value) => `${JSON.stringify(value)}\n`)
      const bytes = Buffer.from(lines.join(''))
      const written = cut % bytes.length
      const { bytes: rest, endsTorn, isBroken } = remainderOf(bytes, written)
      const torn = Buffer.concat([
        bytes.subarray(0, written),
        Buffer.from(endsTorn ? '\n' : ''),
        rest,
      ])
      const found = torn.toString().split('\n').slice(0, -1)
      const whole = found.filter(isObject)
      return (
        whole.join('\n') === lines.join('').trimEnd() &&
        found.length - whole.length === (isBroken ? 1 : 0)
      )
    }),
  )
})

function isObject(line: string): boolean {
  try {
    return typeof JSON.parse(line) === 'object'
  } catch {
    return false
  }
}
