import { parseArgs } from 'node:util'
import { runAgreement } from './agreement.ts'
import { MODES } from './cases.ts'
import { startSites } from './sites.ts'

/* `npm run test:agreement -- [--count N] [--seed N]`: explain against the proxy, in every mode. */

const DISAGREEMENTS_PRINTED = 20

const { values } = parseArgs({ options: { count: { type: 'string' }, seed: { type: 'string' } } })
const count = Number(values.count ?? 1000)
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
process.stdout.write(`${count} requests a mode, seed ${seed}\n`)
const sites = await startSites()
for (const mode of MODES) {
  const { allowed, refused, disagreements } = await runAgreement(sites, mode, count, seed)
  const total = [...refused.values()].reduce((sum, n) => sum + n, 0)
  process.stdout.write(
    `${mode}: ${allowed} allowed, ${total} refused in ${refused.size} ways, ${disagreements.length} disagreements\n`,
  )
  for (const text of disagreements.slice(0, DISAGREEMENTS_PRINTED)) {
    process.stdout.write(`${text}\n`)
    process.exitCode = 1
  }
}
await sites.close()
