import t from 'tap'
import { substituteEnvironment } from '../../src/config/environment.ts'
import { formatPath } from '../../src/config/problems.ts'

function substituted(value: unknown, env: Readonly<Record<string, string>> = {}) {
  const problems: string[] = []
  const result = substituteEnvironment(value, env, (path, message) => {
    problems.push(`${formatPath(path)}: ${message}`)
  })
  return { result: JSON.parse(JSON.stringify(result)), problems }
}

t.test('references are replaced, whole and embedded, at any depth', async (t) => {
  const value = {
    a: '$' + '{env:A}',
    b: ['x-$' + '{env:A}-$' + '{env:B_2}'],
    c: 3,
    d: null,
    e: true,
  }
  const { result, problems } = substituted(value, { A: 'one', B_2: 'two' })
  t.strictSame(result, { a: 'one', b: ['x-one-two'], c: 3, d: null, e: true })
  t.strictSame(problems, [])
})

t.test('what a variable holds is neither parsed nor replaced again', async (t) => {
  const { result } = substituted({ a: '$' + '{env:A}' }, { A: '{ file: /x } $' + '{env:A}' })
  t.strictSame(result, { a: '{ file: /x } $' + '{env:A}' })
})

t.test('a doubled dollar stands for the literal text', async (t) => {
  t.strictSame(substituted({ a: '$$' + '{env:A}', b: 'cost: 5$', c: '$HOME' }), {
    result: { a: '$' + '{env:A}', b: 'cost: 5$', c: '$HOME' },
    problems: [],
  })
})

t.test('keys are not expanded', async (t) => {
  t.strictSame(substituted({ ['$' + '{env:A}']: 1 }, { A: 'x' }).result, { ['$' + '{env:A}']: 1 })
})

t.test('a variable that is not set, or empty, is a problem', async (t) => {
  const { problems } = substituted(
    { a: { b: '$' + '{env:NO}' }, c: ['$' + '{env:EMPTY}'] },
    { EMPTY: '' },
  )
  t.strictSame(problems, [
    'a.b: the environment variable NO is not set: set it before starting',
    'c[0]: the environment variable EMPTY is empty: set it before starting',
  ])
})

t.test('what every object has is no variable', async (t) => {
  const { problems } = substituted({ a: '$' + '{env:constructor}' }, {})
  t.strictSame(problems, [
    'a: the environment variable constructor is not set: set it before starting',
  ])
})

t.test('any other reference is a problem', async (t) => {
  for (const text of [
    '$' + '{A}',
    '$' + '{env:}',
    '$' + '{env:1A}',
    '$' + '{ENV:A}',
    '$' + '{env:A',
  ]) {
    t.match(
      substituted({ a: text }, { A: 'x' }).problems,
      [/^a: only \$\{env:NAME\} is supported/],
      text,
    )
  }
})

t.test('a key called __proto__ stays a key', async (t) => {
  const value: unknown = JSON.parse('{"__proto__": {"polluted": "x"}}')
  const result = substituteEnvironment(value, {}, () => undefined)
  t.ok(Object.hasOwn(Object(result), '__proto__'))
  t.equal(Reflect.get({}, 'polluted'), undefined)
})
