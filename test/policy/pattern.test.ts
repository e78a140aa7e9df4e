import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { compilePattern, matchesAny, matchesPattern } from '../../src/policy/pattern.ts'

function matches(glob: string, value: string): boolean {
  return matchesPattern(compilePattern(glob), value)
}

t.test('a star stands for any run of characters, nothing and slashes included', async (t) => {
  const rows = [
    ['*', ''],
    ['*', 'a/b'],
    ['billing-*', 'billing-'],
    ['billing-*', 'billing-2026'],
    ['*/logs/*', 'a/b/logs/c/d'],
    ['a*b*c', 'abc'],
    ['a*b*c', 'aXbbYc'],
    ['a*a', 'aa'],
    ['**', 'x'],
    ['a**b', 'ab'],
    ['*ab', 'aab'],
    ['*.tar.*', 'x.tar.gz'],
    ['plain', 'plain'],
    ['', ''],
  ] as const
  for (const [glob, value] of rows) t.ok(matches(glob, value), `${glob} ${value}`)
})

t.test('the whole value has to match', async (t) => {
  const rows = [
    ['billing-*', 'xbilling-1'],
    ['billing-*', 'billing'],
    ['*-logs', 'a-logs2'],
    ['a*a', 'a'],
    ['ab*bc', 'abc'],
    ['a*b*b', 'ab'],
    ['*a*', 'b'],
    ['plain', 'plain2'],
    ['plain', 'Plain'],
    ['', 'a'],
  ] as const
  for (const [glob, value] of rows) t.notOk(matches(glob, value), `${glob} ${value}`)
})

t.test('every character but the star stands for itself', async (t) => {
  t.ok(matches('a.b?[c]\\d', 'a.b?[c]\\d'))
  t.notOk(matches('a.b', 'axb'))
  t.notOk(matches('a?', 'ab'))
  t.notOk(matches('[ab]', 'a'))
  t.ok(matches('ü*😀', 'ü/日本😀'))
})

t.test('any of several patterns is enough, none of none', async (t) => {
  const patterns = [compilePattern('a-*'), compilePattern('b')]
  t.ok(matchesAny(patterns, 'a-1'))
  t.ok(matchesAny(patterns, 'b'))
  t.notOk(matchesAny(patterns, 'c'))
  t.notOk(matchesAny([], ''))
})

t.test('it agrees with a regular expression', async () => {
  const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
  const value = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 })
  fc.assert(
    fc.property(glob, value, (pattern, text) => {
      const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text)
      assert.equal(matches(pattern, text), expected)
    }),
    { numRuns: 1000 },
  )
})
