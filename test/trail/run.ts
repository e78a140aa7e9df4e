import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killRounds } from '../support/kill-rounds.ts'
import { crash } from './crashes.ts'
import { mutate } from './mutations.ts'

/*
 * The large form of three tests: `npm run test:evidence -- STRIDE TRAILS KILLS`. Every STRIDEth byte of a
 * small trail is harmed, so many honest trails crash, and the program is killed so often with one process
 * and with three workers, on a disk that is full at times and on one that is not.
 */
const [stride = 1, trails = 1000, kills = 0] = process.argv.slice(2).map(Number)
const root = mkdtempSync(join(tmpdir(), 'sealgate-evidence-'))
let passed = 0
let failed = 0

const CASES = [
  { hasKey: true, hasAnchor: true },
  { hasKey: true, hasAnchor: false },
  { hasKey: false, hasAnchor: false },
] as const
for (const options of CASES) {
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
rmSync(root, { recursive: true })
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
