import { equal, ok } from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { EXAMPLE_ACCOUNT } from '../../src/sandbox/sandbox.ts'
import { blocksUnder } from '../support/pages.ts'
import { administrator, allUnderKey, KEY, putAws, REGION, startEmbedded } from './embedded.ts'
import type { Group } from './group.ts'

const PAGE = 'docs/sweep.md'

/** docs/sweep.md: a bucket that was there before is planned, done, and verified. */
export const SWEEP: Group = {
  name: 'sweep',
  pages: [PAGE],
  packages: ['awscli'],
  check: async (report, shell) => {
    putAws(shell)
    const sandbox = await startEmbedded(['data'])
    try {
      const { accessKeyId, secretAccessKey } = EXAMPLE_ACCOUNT
      writeFileSync(
        shell.path('sealgate.yaml'),
        `version: 1
listen: [{ address: '127.0.0.1:8080' }]
upstream:
  region: ${REGION}
  endpoint: '${sandbox.url}'
  credentials: { source: static, accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} }
clients: [{ name: app, anonymous: true, buckets: [data] }]
policy: { rules: [{ name: all, encrypt: { keyId: '${KEY}' } }] }
`,
      )
      for (const name of ['one', 'two', 'three']) writeFileSync(shell.path(name), name)
      const script = 'for key in one two three; do aws s3 cp --quiet $key s3://data/$key; done'
      const { code, output } = await shell.execute(script, { env: administrator(sandbox) })
      equal(code, 0, output)
      const [plan] = blocksUnder(PAGE, 'Objects that were there before', 'sh', 1)
      const [run] = blocksUnder(PAGE, 'Doing it: run', 'sh', 1)
      const [status] = blocksUnder(PAGE, 'Done? status, report, verify', 'sh', 1)
      if (plan === undefined || run === undefined || status === undefined) return
      await report.check('sweep', 'plan finds what is not under the key', async () => {
        const planned = await shell.attempt(plan)
        // 3: objects are left.
        equal(planned.code, 3, planned.output)
        ok(/\b3\b/.test(planned.output), planned.output)
        equal(sandbox.inspect('data', 'one')?.encryption, 'AES256')
      })
      await report.check('sweep', 'run seals it, with and without losses by name', async () => {
        await shell.run(run)
        equal(allUnderKey(sandbox, 'data'), 3)
      })
      await report.check('sweep', 'status, report and verify say so', async () => {
        const stdout = await shell.run(status)
        ok(/\b3\b/.test(stdout), stdout)
        equal(readFileSync(shell.path('sweep.csv'), 'utf8').trim().split('\n').length, 4)
      })
    } finally {
      await sandbox.close()
    }
  },
}
