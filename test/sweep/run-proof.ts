import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prove } from './proof.ts'

/** `npm run test:sweep`: 20,000 versions, 50 kills. Other sizes: `… ROUNDS KILLS`. */
const [rounds = 460, kills = 50] = process.argv.slice(2).map(Number)
const directory = await mkdtemp(join(tmpdir(), 'sealgate-sweep-proof-'))
try {
  const {
    versions,
    kills: killed,
    problems,
  } = await prove({
    directory,
    rounds,
    kills,
    random: Math.random,
    say: (text) => process.stdout.write(`${text}\n`),
  })
  for (const problem of problems.slice(0, 100)) process.stdout.write(`problem: ${problem}\n`)
  process.stdout.write(`${versions} versions, ${killed} kills, ${problems.length} problems\n`)
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  await rm(directory, { recursive: true, force: true })
}
