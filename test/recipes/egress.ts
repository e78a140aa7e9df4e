import { equal, ok } from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { freePorts } from '../support/free-ports.ts'
import { blocksUnder } from '../support/pages.ts'
import type { Report } from '../support/report.ts'
import { administrator, putAws, REGION, startEmbedded } from './embedded.ts'
import type { Group } from './group.ts'
import type { Differences, PageShell } from './page-shell.ts'

const PAGE = 'docs/deploy-egress.md'
const BUCKET = 'legacy-archive'

/** docs/deploy-egress.md from the authority to the requests that must fail. */
export const EGRESS: Group = {
  name: 'egress',
  pages: [PAGE],
  packages: ['awscli', 'curl', 'openssl'],
  check: async (report, shell) => {
    putAws(shell)
    const sandbox = await startEmbedded([BUCKET])
    try {
      await checkEgress(report, shell, sandbox)
    } finally {
      await sandbox.close()
    }
  },
}

async function checkEgress(report: Report, shell: PageShell, sandbox: Sandbox): Promise<void> {
  const [port = 0, adminPort = 0] = await freePorts(2)
  const replace = {
    '/etc/sealgate': shell.path('etc'),
    '/run/secrets/sealgate': shell.path('secrets'),
    'egress.corp.example:3128': `127.0.0.1:${port}`,
    '/etc/ssl/egress-ca.pem': shell.path('tls.crt'),
  }
  const here = (text: string): string =>
    Object.entries(replace).reduce((all, [from, to]) => all.replaceAll(from, to), text)
  mkdirSync(shell.path('secrets'))
  await report.check('egress', 'the authority is made and put where it belongs', async () => {
    for (const block of blocksUnder(PAGE, '1. A CA for this purpose only', 'sh', 2)) {
      await shell.run(block, { replace })
    }
  })
  const [page] = blocksUnder(PAGE, '2. Configuration', 'yaml', 1)
  const yaml = here(page?.text ?? '')
    .replace(':3128', `0.0.0.0:${port}`)
    .replace(':9090', `127.0.0.1:${adminPort}`)
    .replace(
      `region: ${REGION}`,
      `region: ${REGION}\n  endpoint: ${sandbox.url}\n  addressing: path`,
    )
  writeFileSync(shell.path('egress.yaml'), yaml)
  const [check, serve] = blocksUnder(PAGE, '2. Configuration', 'sh', 2)
  if (check === undefined || serve === undefined) return
  await report.check('egress', 'the configuration is valid', async () => {
    await shell.run(check)
  })
  const sealgate = shell.start(serve, { env: administrator(sandbox) })
  try {
    await sealgate.waitFor(/"msg":"listening"/)
    const secret = readFileSync(shell.path('secrets/legacy'), 'utf8').trim()
    const application: Differences = { replace, env: applicationOf(here, secret) }
    await report.check('egress', 'the first upload is observed, and then encrypted', async () => {
      const [upload] = blocksUnder(PAGE, '4. First upload', 'sh', 2)
      const [printed] = blocksUnder(PAGE, '4. First upload', 'text', 1)
      if (upload === undefined || printed === undefined) return
      ok((await shell.run(upload, application)).includes('None'))
      writeFileSync(shell.path('egress.yaml'), yaml.replace('mode: observe', 'mode: enforce'))
      sealgate.signal('SIGHUP')
      await sealgate.waitFor(/"msg":"reloaded"/)
      equal(words(await shell.run(upload, application)), words(printed.text))
    })
    await checkRefusals(report, shell, application)
  } finally {
    equal(await sealgate.stop(), 0)
  }
}

/** The variables of the page's table. */
function applicationOf(here: (text: string) => string, secret: string) {
  const page = here(readFileSync(PAGE, 'utf8')).replace(':SECRET@', `:${secret}@`)
  const of = (name: string): string =>
    new RegExp(`\`${name}=([^\`]+)\``).exec(page)?.[1] ?? `no ${name} on the page`
  const keys = { AWS_ACCESS_KEY_ID: 'AKIAUNKNOWN', AWS_SECRET_ACCESS_KEY: 'unknown' }
  const proxy = of('HTTPS_PROXY')
  return {
    ...keys,
    AWS_DEFAULT_REGION: REGION,
    HTTPS_PROXY: proxy,
    HTTP_PROXY: proxy,
    AWS_CA_BUNDLE: of('AWS_CA_BUNDLE'),
  }
}

async function checkRefusals(report: Report, shell: PageShell, application: Differences) {
  const [, refused] = blocksUnder(PAGE, '4. First upload', 'sh', 2)
  if (refused === undefined) return
  const expected = [/SSL validation failed|certificate verify failed/i, /403/, /AccessDenied/]
  const ends = await shell.attemptLines(refused, application)
  for (const [i, { line, output }] of ends.entries()) {
    // curl does not call an answer a failure.
    await report.check('egress', `refused: ${line}`, async () => {
      ok(expected[i]?.test(output), output)
    })
  }
}

function words(text: string): string {
  return text.trim().split(/\s+/).join(' ')
}
