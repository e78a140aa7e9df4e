import t from 'tap'
import { runAgreement } from './agreement.ts'
import { MODES } from './cases.ts'
import { startSites } from './sites.ts'

/** One seed, so that a run says the same about the same code; `npm run test:agreement` draws others. */
const SEED = 20_261_128
const COUNT = 150

for (const mode of MODES) {
  t.test(`explain and the proxy agree on ${mode} requests`, async (t) => {
    const sites = await startSites()
    t.teardown(() => sites.close())
    t.comment(`seed ${SEED}`)
    const { allowed, refused, disagreements } = await runAgreement(sites, mode, COUNT, SEED)
    t.strictSame(disagreements, [])
    t.ok(allowed > 10, `some are allowed: ${allowed}`)
    t.ok(refused.size > 10, `some are refused, for many reasons: ${refused.size}`)
  })
}
