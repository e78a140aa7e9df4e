import { join } from 'node:path'
import t from 'tap'
import { crash } from './crashes.ts'

// The large form, with 1,000 trails: npm run test:evidence.
t.test('no crash of an honest writer or sealer is taken for a forgery', async (t) => {
  const root = join(t.testdir(), 'trail')
  for (let seed = 1; seed <= 12; seed++) t.equal(await crash(root, seed), undefined)
})
