import t from 'tap'
import { z } from 'zod'
import { reportIssues, wordIssue } from '../../src/config/issues.ts'
import { formatPath } from '../../src/config/problems.ts'
import { mapping } from '../../src/config/schema-fields.ts'

function reported(schema: z.ZodType, value: unknown): readonly string[] {
  const parsed = schema.safeParse(value, { error: wordIssue })
  const problems: string[] = []
  reportIssues(parsed.success ? [] : parsed.error.issues, ['at'], (path, message) => {
    problems.push(`${formatPath(path)}: ${message}`)
  })
  return problems
}

const SCHEMA = mapping({
  text: z.string().optional(),
  count: z.int().min(2).max(3).optional(),
  flag: z.boolean().optional(),
  list: z.array(z.string()).max(1).optional(),
  inner: mapping({}).optional(),
  choice: z.enum(['enforce', 'observe']).optional(),
  one: z.literal(1).optional(),
  named: z.record(z.string().regex(/^[a-z]+$/, 'is no name'), z.string()).optional(),
})

t.test('every fault is put into words with its remedy', async (t) => {
  for (const [value, expected] of [
    [{ text: 5 }, 'at.text: must be text: put it in quotes'],
    [{ text: true }, 'at.text: must be text: put it in quotes'],
    [{ text: [] }, 'at.text: must be text: put it in quotes'],
    [{ text: {} }, 'at.text: must be text'],
    [{ text: null }, 'at.text: is empty: text is required'],
    [{ count: 'x' }, 'at.count: must be a whole number'],
    [{ count: 2.5 }, 'at.count: must be a whole number'],
    [{ count: 1 }, 'at.count: must be 2 or more'],
    [{ count: 4 }, 'at.count: must be 3 or less'],
    [{ flag: 'yes' }, 'at.flag: must be true or false'],
    [{ list: 'x' }, 'at.list: must be a list'],
    [{ list: ['x', 'y'] }, 'at.list: has more than 1 entries'],
    [{ inner: 'x' }, 'at.inner: must be a mapping (key: value)'],
    [{ choice: 'enforced' }, 'at.choice: must be one of: enforce, observe; did you mean enforce?'],
    [{ choice: 7 }, 'at.choice: must be one of: enforce, observe'],
    [{ one: 2 }, 'at.one: must be 1'],
    [{ one: '1' }, 'at.one: must be 1, without quotes'],
    [{ named: { 'A/B': 'x' } }, 'at.named["A/B"]: is no name'],
    [{ txt: 1 }, 'at.txt: unknown key; did you mean text?'],
    [5, 'at: must be a mapping (key: value)'],
  ] as const) {
    t.strictSame(reported(SCHEMA, value), [expected], JSON.stringify(value))
  }
})

t.test('what is missing is told as missing', async (t) => {
  t.strictSame(reported(mapping({ a: z.string(), b: z.enum(['x', 'y']) }), {}), [
    'at.a: is missing: text is required',
    'at.b: is missing: must be one of: x, y',
  ])
})

t.test('each of several unknown keys has a problem of its own', async (t) => {
  const problems = reported(mapping({ alpha: z.string().optional() }), { alhpa: 1, zzzzzz: 2 })
  t.strictSame(problems, [
    'at.alhpa: unknown key; did you mean alpha?',
    'at.zzzzzz: unknown key; valid keys: alpha',
  ])
})

t.test('an unknown key with a line break in it does not shift the others', async (t) => {
  const problems = reported(mapping({ alpha: z.string().optional() }), { 'x\ny': 1, alhpa: 2 })
  t.match(problems, [/unknown key; valid keys: alpha$/, /did you mean alpha\?$/])
})

t.test('the value at fault is never quoted', async (t) => {
  t.notMatch(
    reported(SCHEMA, { choice: 'hunter2', count: 'hunter2', inner: 'hunter2' }).join(),
    /hunter2/,
  )
})
