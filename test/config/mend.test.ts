import t from 'tap'
import { z } from 'zod'
import { mend } from '../../src/config/mend.ts'

const SCHEMA = z.strictObject({
  name: z.string(),
  wait: z.number().optional(),
  inner: z.array(z.strictObject({ a: z.number() })).optional(),
})

function mended(value: unknown, optionalKeys: readonly string[] = []): unknown {
  const parsed = SCHEMA.safeParse(value)
  return mend(value, parsed.success ? [] : parsed.error.issues, optionalKeys)
}

t.test('unknown keys are taken out at any depth, and the value itself stays', async (t) => {
  const value = { name: 'n', x: 1, inner: [{ a: 1, y: 2 }, { a: 3 }] }
  t.strictSame(mended(value), { name: 'n', inner: [{ a: 1 }, { a: 3 }] })
  t.equal(value.x, 1)
})

t.test('faulty keys are taken out only where they are named as optional', async (t) => {
  const value = { name: 5, wait: 'long' }
  t.strictSame(mended(value, ['wait']), { name: 5 })
  t.strictSame(mended(value), value)
})

t.test('what is no mapping is left as it is', async (t) => {
  t.equal(mended('text', ['wait']), 'text')
  t.equal(mended(null), null)
})
