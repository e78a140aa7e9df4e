import { equal, ok } from 'node:assert/strict'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { EXAMPLE_ACCOUNT, startSandbox } from '../../src/sandbox/sandbox.ts'
import { blocksUnder, readBlocks } from '../support/pages.ts'
import type { Report } from '../support/report.ts'
import { SealgateProcess } from '../support/sealgate-process.ts'
import { putAws } from './embedded.ts'
import type { Group } from './group.ts'
import type { PageShell } from './page-shell.ts'

const README = 'README.md'
const PAGE = 'docs/applications.md'
const SANDBOX_PAGE = 'docs/sandbox.md'

/** A newcomer's and a developer's first minutes, with the demo's configuration: README, docs/applications.md, docs/sandbox.md. */
export const APPLICATIONS: Group = {
  name: 'applications',
  pages: [README, PAGE, SANDBOX_PAGE],
  packages: ['awscli', 'curl'],
  check: async (report, shell) => {
    putAws(shell)
    const yaml = readFileSync('config/sandbox.yaml', 'utf8')
    const sealgate = await SealgateProcess.start(
      shell.folder,
      yaml.replace('127.0.0.1:8080', '127.0.0.1:0').replace('127.0.0.1:9090', '127.0.0.1:0'),
    )
    try {
      await checkTour(report, shell, sealgate)
      await report.check('application', 'four variables, and an upload is encrypted', async () => {
        const blocks = [
          ...blocksUnder(PAGE, 'Four variables', 'sh', 1),
          ...blocksUnder(PAGE, 'Does it work?', 'sh', 1),
        ]
        const env = { AWS_ENDPOINT_URL_S3: undefined }
        // The page itself says --endpoint-url.
        shell.program('aws', 'exec /usr/bin/aws "$@"')
        const replace = { 'http://127.0.0.1:8080': sealgate.url }
        const stdout = await shell.runTogether(blocks, { replace, env })
        equal(stdout.trim().split('\n').at(-1), '"aws:kms"')
      })
    } finally {
      await sealgate.close()
    }
    await checkSandbox(report, shell)
  },
}

async function checkTour(report: Report, shell: PageShell, sealgate: SealgateProcess) {
  for (const name of ['build', 'config']) symlinkSync(resolve(name), shell.path(name))
  await report.check('tour', "README's commands answer as it says", async () => {
    const stdout = await shell.runTogether(blocksUnder(README, 'A tour', 'sh', 5), {
      replace: {
        'http://127.0.0.1:8080': sealgate.url,
        'http://127.0.0.1:9090': sealgate.adminUrl,
        '/tmp/hello.txt': shell.path('hello.txt'),
      },
    })
    const printed = readBlocks(README).filter(
      ({ heading, language }) => heading === 'A tour' && ['text', 'xml'].includes(language),
    )
    equal(printed.length, 3)
    for (const { text } of printed) {
      for (const line of text.split('\n').map((one) => one.replace('…', ''))) {
        ok(stdout.includes(line), `no ${line} in\n${stdout.slice(0, 3000)}`)
      }
    }
    ok(stdout.includes('sealgate_requests_total'), stdout)
  })
}

async function checkSandbox(report: Report, shell: PageShell): Promise<void> {
  await report.check('sandbox', 'the embedded S3 alone runs until it is ended', async () => {
    const blocks = [
      ...blocksUnder(PAGE, 'On your own machine', 'sh', 2).slice(1),
      ...blocksUnder(SANDBOX_PAGE, 'In your own tests', 'sh', 1),
    ]
    equal(blocks.length, 2)
    for (const block of blocks) {
      // Any free port, where the page leaves it at 9000.
      const replace = block.text.includes('--address')
        ? {}
        : { 'sealgate sandbox': 'sealgate sandbox --address 127.0.0.1:0' }
      const program = shell.start(block, { replace })
      try {
        const [url] = await program.waitFor(/http:\/\/127\.0\.0\.1:\d+/)
        const answer = await fetch(`${url}/mine`)
        ok([403, 503].includes(answer.status), String(answer.status))
      } finally {
        equal(await program.stop(), 0)
      }
    }
  })
  await report.check('sandbox', 'it is a module', async () => {
    const [block] = blocksUnder(SANDBOX_PAGE, 'In your own tests', 'ts', 1)
    await mkdir(shell.path('node_modules'))
    symlinkSync(resolve('.'), shell.path('node_modules/sealgate'))
    writeFileSync(shell.path('page.mjs'), block?.text ?? '')
    const { code, output } = await shell.execute('node page.mjs')
    equal(code, 0, output)
  })
  await report.check(
    'sandbox',
    "curl of before 8 uploads with the header that it doesn't send",
    async () => {
      const sandbox = await startSandbox({ buckets: ['demo'] })
      try {
        writeFileSync(shell.path('file'), 'x')
        const [block] = blocksUnder(SANDBOX_PAGE, 'For tests', 'sh', 1)
        if (block === undefined) return
        const { accessKeyId, secretAccessKey } = EXAMPLE_ACCOUNT
        await shell.run(block, {
          replace: { 'http://127.0.0.1:9000': sandbox.url },
          env: { KEY: accessKeyId, SECRET: secretAccessKey },
        })
        equal(sandbox.inspect('demo', 'file')?.size, 1)
      } finally {
        await sandbox.close()
      }
    },
  )
}
