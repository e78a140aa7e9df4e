import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crash } from './crashes.ts'
import { mutate } from './mutations.ts'

/*
 * The large form of two tests: `npm run test:evidence -- STRIDE TRAILS`. Every STRIDEth byte of a small
 * trail is harmed, and so many honest trails crash.
 */
const [stride = 1, trails = 1000] = process.argv.slice(2).map(Number)
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
rmSync(root, { recursive: true })
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
