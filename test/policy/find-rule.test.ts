import fc from 'fast-check'
import t from 'tap'
import { findRule, type MatchSubject } from '../../src/policy/find-rule.ts'
import { compilePattern, matchesAny } from '../../src/policy/pattern.ts'
import { PatternSet } from '../../src/policy/pattern-set.ts'
import type { Rule } from '../../src/policy/policy.ts'

const effect = { kind: 'exempt', reason: 'test' } as const

const BUCKET = fc.constantFrom('a', 'b', 'ab', 'abc', 'c')
const PATTERN = fc.constantFrom('a', 'b', 'ab', 'abc', 'a*', '*b', '*', 'x', 'a*c')
const LIST = fc
  .array(PATTERN, { minLength: 1, maxLength: 3 })
  .map((list) => list.map(compilePattern))
const NARROW = fc.constantFrom('a', 'b', 'k').map((text) => [compilePattern(text)])

const RULES: fc.Arbitrary<readonly Rule[]> = fc
  .array(fc.record({ buckets: LIST, keys: NARROW, clients: NARROW }), { maxLength: 90 })
  .map((list) => list.map((match, i) => ({ name: `rule-${i}`, match, effect })))

const SUBJECT: fc.Arbitrary<MatchSubject> = fc.record({
  bucket: BUCKET,
  key: fc.constantFrom('a', 'b', 'k'),
  client: fc.constantFrom('a', 'b', 'k'),
})

t.test('few rules or many: the first one that matches', async () => {
  fc.assert(
    fc.property(RULES, fc.array(SUBJECT, { minLength: 1, maxLength: 10 }), (rules, subjects) => {
      for (const subject of subjects) {
        const first = rules.find(
          ({ match }) =>
            matchesAny(match.buckets, subject.bucket) &&
            matchesAny(match.keys, subject.key) &&
            matchesAny(match.clients, subject.client),
        )
        if (findRule(rules, subject) !== first) return false
      }
      return true
    }),
    { numRuns: 300 },
  )
})

t.test('a rule for no bucket in particular comes in its order', async (t) => {
  const any = [compilePattern('*')]
  const rule = (name: string, bucket: string): Rule => ({
    name,
    match: { buckets: [compilePattern(bucket)], keys: any, clients: any },
    effect,
  })
  const others = Array.from({ length: 40 }, (_, i) => rule(`other-${i}`, `other-${i}`))
  const subject = { bucket: 'logs', key: 'k', client: 'c' }
  const nameOf = (rules: readonly Rule[]) => findRule(rules, subject)?.name
  t.equal(nameOf([...others, rule('star', 'l*'), rule('logs', 'logs')]), 'star')
  t.equal(nameOf([rule('logs', 'logs'), ...others, rule('star', '*')]), 'logs')
  t.equal(nameOf(others), undefined)
})

t.test('a set of patterns matches what one of its lists matches', async () => {
  fc.assert(
    fc.property(fc.array(LIST, { maxLength: 6 }), BUCKET, (lists, bucket) => {
      const expected = lists.some((list) => matchesAny(list, bucket))
      return new PatternSet(lists).matches(bucket) === expected
    }),
    { numRuns: 300 },
  )
})
