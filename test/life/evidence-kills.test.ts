import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { canMount, killRounds } from '../support/kill-rounds.ts'

// Many more rounds: npm run test:evidence -- 1000000 0 100.
for (const [name, workers, fillsDisk] of [
  ['one process', 1, false],
  ['three workers, whose disk is full at times', 3, true],
] as const) {
  t.test(`killed at any moment, the trail has gaps and no forgery: ${name}`, async (t) => {
    const folder = join(t.testdir(), 'disk')
    mkdirSync(folder)
    const options = { rounds: 1, workers, seed: 13, fillsDisk: fillsDisk && canMount(folder) }
    const { wrong, cut } = await killRounds(options)
    t.strictSame(wrong, [])
    t.ok(cut > 0)
  })
}
