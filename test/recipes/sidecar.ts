import { symlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import { blocksUnder } from '../support/pages.ts'
import type { Group } from './group.ts'

const PAGE = 'docs/deploy-sidecar.md'

/** docs/deploy-sidecar.md, as far as it needs no cluster. */
export const SIDECAR: Group = {
  name: 'sidecar',
  pages: [PAGE],
  packages: [],
  check: async (report, shell) => {
    symlinkSync(resolve('deploy'), shell.path('deploy'))
    const [check] = blocksUnder(PAGE, '2. Try the example', 'sh', 2)
    if (check === undefined) return
    await report.check('sidecar', "the overlay's configuration is valid", async () => {
      await shell.run(check)
    })
  },
}
