import { equal, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { Issuer } from '../support/issuer.ts'
import { blocksUnder } from '../support/pages.ts'
import type { Report } from '../support/report.ts'
import { allUnderKey, KEY } from './embedded.ts'
import type { Group } from './group.ts'
import type { PageShell } from './page-shell.ts'
import { pythonWith } from './python-venv.ts'
import { type ProfileScene, withProfile } from './with-profile.ts'

const PAGE = 'docs/profile-ci-tokens.md'
const FILE = 'config/profiles/ci-tokens.yaml'
const SEAL = '/run/secrets/sealgate/session-1'
/** Debian's is older than `AWS_ENDPOINT_URL_STS`. */
const AWSCLI = 'awscli==1.45.11'
const OWNER = { repository_owner_id: '1234567' }
const MAIN = 'repo:acme/billing:ref:refs/heads/main'

/** docs/profile-ci-tokens.md with a stand-in for the issuer: a job of the main branch, and one of another. */
export const CI_TOKENS: Group = {
  name: 'ci-tokens',
  pages: [PAGE],
  packages: ['curl', 'jq', 'openssl', 'python3-venv'],
  check: async (report, shell) => {
    const issuer = await Issuer.open()
    const yaml = readFileSync(FILE, 'utf8').replace(/https:\/\/token\.actions\.\S+/, issuer.url)
    const files = () => ({ [SEAL]: readFileSync(shell.path('session-1'), 'utf8') })
    const profile = { page: PAGE, file: FILE, buckets: ['build-output', 'billing-invoices'] }
    try {
      await withProfile(report, shell, { ...profile, yaml, files }, (scene) =>
        checkJob(report, scene, issuer),
      )
    } finally {
      issuer.close()
    }
  },
}

async function checkJob(report: Report, scene: ProfileScene, issuer: Issuer): Promise<void> {
  const { shell, sandbox, sealgate } = scene
  await putNewAws(shell)
  const [ask, variables, upload, refused] = blocksUnder(PAGE, 'In the job', 'sh', 4)
  if (!(ask && variables && upload && refused)) return
  const [s3, sts] = sealgate.sealgate.lines('listening')[0]?.listen ?? []
  const job = {
    replace: {
      'https://s3.corp.example:8443': `https://localhost:${s3?.port}`,
      'https://s3.corp.example:8444': `https://localhost:${sts?.port}`,
      '/etc/internal-ca/ca.crt': sealgate.caFile,
    },
  }
  await report.check('ci-tokens', 'a job of the main branch writes with its token', async () => {
    const token = await issuer.token({ sub: MAIN, ...OWNER })
    const runner = await openRunner(token)
    try {
      await shell.run(ask, { env: runner.env })
    } finally {
      runner.close()
    }
    equal(readFileSync(shell.path('token'), 'utf8'), token)
    const stdout = await shell.runTogether([variables, upload], job)
    equal(stdout.trim().split('\n').at(-1), KEY)
    equal(allUnderKey(sandbox, 'build-output'), 1)
    const line = await sealgate.audited('the upload', ({ operation }) => operation === 'PutObject')
    equal(line['subject'], MAIN)
    equal(line['sessionName'], 'run-4711')
  })
  const ends = await shell.attemptLines(refused, job, variables)
  equal(ends.length, 3)
  for (const { line, code, output } of ends) {
    await report.check('ci-tokens', `refused: ${line}`, async () => {
      ok(code !== 0 && output.includes(line.split(': ').at(-1) ?? ''), output)
    })
  }
  const others = {
    'a job of another branch': { sub: 'repo:acme/billing:ref:refs/heads/mine', ...OWNER },
    'a repository of that name under another owner': { sub: MAIN, repository_owner_id: '7' },
    'a token for another service': { sub: MAIN, ...OWNER, aud: 'sts.amazonaws.com' },
  }
  for (const [name, claims] of Object.entries(others)) {
    await report.check('ci-tokens', `${name} gets no keys`, async () => {
      writeFileSync(shell.path('token'), await issuer.token(claims))
      // A runner of its own: awscli keeps keys in its home.
      const env = { HOME: shell.path(name) }
      const [, copied] = await shell.attemptLines(upload, { ...job, env }, variables)
      ok(/AccessDenied|InvalidIdentityToken/.test(copied?.output ?? ''), copied?.output)
    })
  }
}

/** What a runner of GitHub offers to a job: an address that answers with the job's token for an audience. */
async function openRunner(token: string) {
  const server = createServer(({ url, headers }, response) => {
    const isRight =
      url === '/token?api-version=2.0&audience=sealgate' &&
      headers.authorization === 'bearer of-the-job'
    response.statusCode = isRight ? 200 : 401
    response.end(JSON.stringify(isRight ? { count: 1, value: token } : {}))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const env = {
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of-the-job',
  }
  return { env, close: () => server.close() }
}

async function putNewAws(shell: PageShell): Promise<void> {
  const bin = dirname(await pythonWith(AWSCLI))
  shell.program('aws', `exec '${join(bin, 'aws')}' "$@"`)
}
