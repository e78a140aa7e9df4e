import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killRounds } from '../support/kill-rounds.ts'
import { numbersAgreeEmbedded } from '../support/numbers-agree.ts'
import { crash } from './crashes.ts'
import { mutate } from './mutations.ts'

/*
 * The large form of four tests: `npm run test:evidence -- STRIDE TRAILS KILLS REQUESTS`. Every STRIDEth
 * byte of a small trail is harmed (0: none), so many honest trails crash, the program is killed so often
 * with one process and with three workers, on a disk that is full at times and on one that is not, and so
 * many mixed requests leave the same numbers in report, metrics and bucket.
 */
const [stride = 1, trails = 1000, kills = 0, requests = 0] = process.argv.slice(2).map(Number)
const root = mkdtempSync(join(tmpdir(), 'sealgate-evidence-'))
let passed = 0
let failed = 0

const CASES = [
  { hasKey: true, hasAnchor: true },
  { hasKey: true, hasAnchor: false },
  { hasKey: false, hasAnchor: false },
] as const
for (const options of stride === 0 ? [] : CASES) {
  const { tried, wrong } = await mutate(join(root, 'mutants'), { stride, ...options })
  for (const what of wrong)
    process.stdout.write(`not caught (${JSON.stringify(options)}): ${what}\n`)
  passed += tried - wrong.length
  failed += wrong.length
}
for (let seed = 1; seed <= trails; seed++) {
  const alarm = await crash(join(root, 'crash'), seed)
  if (alarm === undefined) passed++
  else {
    failed++
    process.stdout.write(`false alarm: ${alarm}\n`)
  }
}
for (const workers of kills > 0 ? ([1, 3] as const) : []) {
  for (const fillsDisk of [false, true]) {
    const { wrong, answers, refused, cut } = await killRounds({
      rounds: kills,
      workers,
      seed: kills,
      fillsDisk,
    })
    for (const what of wrong) process.stdout.write(`not as the table says: ${what}\n`)
    process.stdout.write(
      `${workers} workers${fillsDisk ? ', full disks' : ''}: ${kills} kills, ${answers} answers, ${refused} refused, ${cut} streams cut\n`,
    )
    passed += kills
    failed += wrong.length
  }
}
if (requests > 0) {
  const {
    differences,
    total,
    objects,
    requests: lines,
  } = await numbersAgreeEmbedded(join(root, 'numbers'), requests, 20_261_128)
  for (const what of differences) process.stdout.write(`numbers differ: ${what}\n`)
  process.stdout.write(`# ${lines} requests, ${objects} objects: ${JSON.stringify(total)}\n`)
  if (differences.length === 0) passed++
  else failed++
}
rmSync(root, { recursive: true })
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
