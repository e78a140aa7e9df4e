import fc from 'fast-check'
import t from 'tap'
import { compilePattern, matchesAny } from '../../src/policy/pattern.ts'
import { PatternSet } from '../../src/policy/pattern-set.ts'

const text = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 6 })
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*'), minLength: 1, maxLength: 6 })

t.test('a set matches what one of its lists matches', async () => {
  fc.assert(
    fc.property(fc.array(fc.array(pattern)), text, (texts, value) => {
      const lists = texts.map((list) => list.map(compilePattern))
      return new PatternSet(lists).matches(value) === lists.some((list) => matchesAny(list, value))
    }),
  )
})

t.test('a set of nothing matches nothing', async (t) => {
  t.notOk(new PatternSet([]).matches('a'))
  t.notOk(new PatternSet([[]]).matches(''))
})
