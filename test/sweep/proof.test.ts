import t from 'tap'
import { prove } from './proof.ts'

// The large form, 20,000 versions and 50 kills: npm run test:sweep.
t.test('a run that is killed again and again, while others write, loses nothing', async (t) => {
  const { kills, problems } = await prove({
    directory: t.testdir(),
    rounds: 1,
    kills: 1,
    // In the first part of the run, so that it does not end before.
    random: () => Math.random() / 4,
    say: () => undefined,
  })
  t.strictSame(problems, [])
  t.equal(kills, 1)
})
