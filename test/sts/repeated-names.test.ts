import fc from 'fast-check'
import t from 'tap'
import { hasRepeatedNames } from '../../src/sts/repeated-names.ts'

const REPEATED = [
  '{"a":1,"a":2}',
  '{"a":1,"b":2, "a" : 3}',
  '{"sub":1,"\\u0073ub":2}',
  '{"x":{"a":1,"a":1}}',
  '[{"a":1},{"b":[{"c":1,"c":2}]}]',
  '{"a\\"":1,"a\\u0022":2}',
  '{"":1,"":2}',
]
const UNIQUE = [
  '{}',
  '[]',
  '"a"',
  '{"a":"a","b":"a"}',
  '{"a":{"a":{"a":1}}}',
  '[{"a":1},{"a":1}]',
  '{"a":["a","a","a"]}',
  '{"a":"\\",\\"a\\":1"}',
  '{"a":"{","b":"}","c":{"a":1}}',
  '{"\\\\":1,"\\"":2}',
]

t.test('a name that is there twice in one object is found', async (t) => {
  for (const json of REPEATED) t.ok(hasRepeatedNames(json), json)
  for (const json of UNIQUE) t.notOk(hasRepeatedNames(json), json)
})

t.test('what JSON.stringify writes has no repeated name; one more makes it so', async () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (value) => {
      const json = JSON.stringify(value)
      const [name = ''] = Object.keys(value)
      const twice = `{${JSON.stringify(name)}:0,${json.slice(1)}`
      return !hasRepeatedNames(json) && hasRepeatedNames(twice)
    }),
    { numRuns: 300 },
  )
})
