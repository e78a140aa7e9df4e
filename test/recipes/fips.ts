import { equal } from 'node:assert/strict'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fipsEnvironment } from '../fips/provider.ts'
import { freePorts } from '../support/free-ports.ts'
import { blocksUnder } from '../support/pages.ts'
import { administrator, REGION, startEmbedded } from './embedded.ts'
import type { Group } from './group.ts'

const PAGE = 'docs/fips.md'
const FOLDER = '/etc/sealgate/fips'

/** docs/fips.md: the page's own configuration of OpenSSL, with the provider of Debian's next release. */
export const FIPS: Group = {
  name: 'fips',
  pages: [PAGE],
  packages: ['openssl'],
  isNamed: true,
  check: async (report, shell) => {
    const [conf] = blocksUnder(PAGE, 'What to set', 'ini', 1)
    const [serve] = blocksUnder(PAGE, 'What to set', 'sh', 1)
    if (conf === undefined || serve === undefined) return
    const { OPENSSL_MODULES } = await fipsEnvironment(shell.path('unpacked'), undefined)
    const here = shell.path('fips')
    mkdirSync(here)
    cpSync(join(OPENSSL_MODULES, 'fips.so'), join(here, 'fips.so'))
    cpSync(shell.path('unpacked/fipsmodule.cnf'), join(here, 'fipsmodule.cnf'))
    writeFileSync(join(here, 'openssl.cnf'), conf.text.replaceAll(FOLDER, here))
    const sandbox = await startEmbedded(['demo'])
    const [port, adminPort] = await freePorts(2)
    const yaml = readFileSync('config/sandbox.yaml', 'utf8')
      .replace('127.0.0.1:8080', `127.0.0.1:${port}`)
      .replace('127.0.0.1:9090', `127.0.0.1:${adminPort}`)
      // The embedded S3 does not run in this mode: it is another process.
      .replace("'sandbox:'", `${sandbox.url}\n  credentials: { source: default }`)
      .replace('us-east-1\n', `${REGION}\n`)
    writeFileSync(shell.path('sealgate.yaml'), yaml)
    await report.check('fips', 'the log says that the mode is on', async () => {
      const env = administrator(sandbox)
      const program = shell.start(serve, { replace: { [FOLDER]: here }, env })
      try {
        const [line] = await program.waitFor(/^\{.*"msg":"listening".*\}$/m)
        equal(JSON.parse(line).fips, true)
      } finally {
        equal(await program.stop(), 0, program.stderr)
      }
    })
    await sandbox.close()
  },
}
