import t from 'tap'
import { measureGrowth } from './growth.ts'
import { StepCounter } from './step-counter.ts'

const counter = new StepCounter()
const { headerValue } = await import('../../src/base/header-list.ts')
const { sha256Hex } = await import('../../src/sigv4/canonical-request.ts')

const list = (pieces: number) => Array.from({ length: pieces }, (_, i) => `name-${i}`)

const WORKS: readonly (readonly [string, boolean, (names: readonly string[]) => unknown])[] = [
  ['one walk in our code', true, (names) => headerValue(names, 'absent')],
  ['a walk of our code for each', false, (names) => names.map(() => headerValue(names, 'absent'))],
  ['one walk of a built-in function', true, (names) => names.includes('absent')],
  [
    'a walk of a built-in function for each',
    false,
    (names) => names.map((name) => names.indexOf(name)),
  ],
  ['a set', true, (names) => names.filter((name) => new Set(['a']).has(name))],
  ['a copy for each', false, (names) => names.map((_, i) => names.slice(i))],
  ['a spread for each', false, (names) => names.map(() => [...names])],
  ['a hash of all', true, (names) => sha256Hex(names.join())],
  [
    'a search of the rest for each',
    false,
    (names) => {
      const text = names.join()
      return names.map((name) => text.indexOf(`${name}!`))
    },
  ],
  [
    'a pattern on the rest for each',
    false,
    (names) => {
      const text = names.join()
      return names.map((_, i) => /!/.exec(text.slice(i)))
    },
  ],
]

for (const [name, isLinear, work] of WORKS) {
  t.test(`${name} is ${isLinear ? 'linear' : 'not linear'}`, async (t) => {
    const growth = await measureGrowth(counter, { pieces: 200, length: 8 }, (pieces) => {
      const names = list(pieces)
      return () => work(names)
    })
    t.equal(growth.isLinear, isLinear, JSON.stringify(growth))
  })
}
