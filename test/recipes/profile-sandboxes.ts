import { equal, ok } from 'node:assert/strict'
import { symlinkSync, writeFileSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { makeCertificate } from '../support/certificates.ts'
import { blocksUnder } from '../support/pages.ts'
import type { Report } from '../support/report.ts'
import { allUnderKey, KEY, putAws, type Shipped, serveShipped, startEmbedded } from './embedded.ts'
import type { Group } from './group.ts'
import type { Differences, PageShell } from './page-shell.ts'

const PAGE = 'docs/profile-sandboxes.md'
const PROFILE = 'config/profiles/sandboxes.yaml'
const CLIENTS = '/run/sealgate/sandboxes'
const CA = '/etc/sealgate/ca/tls'
const WAIT_MS = 30_000

/** docs/profile-sandboxes.md: a sandbox comes, writes, is refused what is not its own, and goes. */
export const SANDBOXES: Group = {
  name: 'sandboxes',
  pages: [PAGE],
  packages: ['awscli', 'curl', 'jq', 'openssl'],
  check: async (report, shell) => {
    putAws(shell)
    symlinkSync(resolve('config'), shell.path('config'))
    const sandbox = await startEmbedded(['sandbox-output', 'billing-invoices'])
    try {
      const [check] = blocksUnder(PAGE, 'The configuration', 'sh', 1)
      const [prepare, start] = blocksUnder(PAGE, 'Start a sandbox', 'sh', 2)
      if (check === undefined || prepare === undefined || start === undefined) return
      const folder = shell.path(`root${CLIENTS}`)
      await mkdir(folder, { recursive: true })
      await shell.run(check)
      await shell.run(prepare, { replace: { [CLIENTS]: folder } })
      const ca = makeCertificate({ isAuthority: true })
      const files = { [`${CA}.crt`]: ca.cert, [`${CA}.key`]: ca.key }
      const proxy = await serveShipped(shell, PROFILE, { sandbox, files })
      try {
        await shell.run(start, { replace: { [CLIENTS]: folder } })
        await proxy.sealgate.logged('reloaded')
        await checkSandbox(report, shell, sandbox, proxy)
      } finally {
        await proxy.sealgate.close()
      }
    } finally {
      await sandbox.close()
    }
  },
}

async function checkSandbox(
  report: Report,
  shell: PageShell,
  sandbox: Sandbox,
  proxy: Shipped,
): Promise<void> {
  const folder = proxy.here(CLIENTS)
  const [variables, upload, refused] = blocksUnder(PAGE, 'In the sandbox', 'sh', 3)
  const [end] = blocksUnder(PAGE, 'End it', 'sh', 1)
  const [list] = blocksUnder(PAGE, 'Who did what', 'sh', 1)
  if (!(variables && upload && refused && end && list)) return
  const inSandbox: Differences = {
    replace: {
      'egress.corp.example:3128': `127.0.0.1:${proxy.sealgate.port}`,
      '/etc/ssl/egress-ca.pem': proxy.here(`${CA}.crt`),
    },
    env: { SECRET: (await readFile(`${folder}/run-4711.secret`, 'utf8')).trim() },
  }
  await report.check('sandboxes', 'the application writes with placeholders', async () => {
    const stdout = await shell.runTogether([variables, upload], inSandbox)
    equal(stdout.trim().split('\n').at(-1), KEY)
    equal(allUnderKey(sandbox, 'sandbox-output'), 1)
  })
  const ends = await shell.attemptLines(refused, inSandbox, variables)
  equal(ends.length, 6)
  for (const { line, code, output } of ends) {
    await report.check('sandboxes', `refused: ${line}`, async () => {
      ok(code !== 0, output)
      // What the page says of it behind the line: the code, the reason.
      const said = line.match(/AccessDenied|[a-z]+(?:-[a-z]+)*-(?:not-)?allowed|\b403\b/g) ?? []
      ok(said.length > 0, line)
      for (const word of said) ok(output.includes(word), `${word}\n${output}`)
    })
  }
  await report.check('sandboxes', 'the audit names it, with reasons', async () => {
    writeFileSync(shell.path('audit.jsonl'), proxy.sealgate.stdout)
    const listed = await shell.run(list)
    for (const reason of ['key-not-allowed', 'bucket-not-allowed', 'access-not-allowed']) {
      ok(listed.includes(reason), listed)
    }
  })
  await report.check(
    'sandboxes',
    'once its file is gone, its secret is worth nothing',
    async () => {
      await shell.run(end, { replace: { [CLIENTS]: folder } })
      const until = Date.now() + WAIT_MS
      // awscli does not show the proxy's answer, curl does.
      const [connect = ''] = /^curl .*HTTPS_PROXY.*$/m.exec(refused.text) ?? []
      for (;;) {
        const [tried] = await shell.attemptLines(
          { ...refused, text: connect },
          inSandbox,
          variables,
        )
        if (tried?.output.includes('407')) return
        if (Date.now() > until) throw new Error(tried?.output)
      }
    },
  )
}
