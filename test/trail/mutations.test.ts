import { join } from 'node:path'
import t from 'tap'
import { mutate } from './mutations.ts'

// The large form, with every byte: npm run test:evidence.
const STRIDE = 499

for (const [name, hasKey, hasAnchor] of [
  ['sealed and anchored', true, true],
  ['only chained', false, false],
] as const) {
  t.test(`whatever is done to a trail is caught and named: ${name}`, async (t) => {
    const options = { stride: STRIDE, hasKey, hasAnchor }
    const { tried, wrong } = await mutate(join(t.testdir(), 'trail'), options)
    t.strictSame(wrong, [])
    t.ok(tried > 40, `${tried} mutants`)
  })
}
