import { equal, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import {
  EXAMPLE_ACCOUNT,
  exampleKeyArn,
  type Sandbox,
  startSandbox,
} from '../../src/sandbox/sandbox.ts'
import { ORIGIN, sealingKey, verifierKeyOf } from '../support/make-trail.ts'
import { installPackages } from '../support/packages.ts'
import { SEALGATE } from '../support/program.ts'
import { Report } from '../support/report.ts'
import { SealgateProcess } from '../support/sealgate-process.ts'
import { send } from '../support/signed-request.ts'
import { checkCollector } from './collector.ts'
import { checkSql } from './sql.ts'

/*
 * docs/audit-recipes.md as an operator follows it, and docs/applications.md as a developer does: its commands as they stand there, with Debian's
 * programs, against the embedded S3; its SQL in DuckDB. `npm run test:recipes`, with `-- collector`
 * also the OpenTelemetry Collector. The last line is `N passed, N failed`.
 */

const run = promisify(execFile)
const PAGE = 'docs/audit-recipes.md'
const APPLICATIONS = 'docs/applications.md'
const PACKAGES = ['awscli', 'rclone', 'jq', 'python3-venv'] as const
const CLIENT = { accessKeyId: 'SGRECIPE0000000001', secretAccessKey: 'recipe-secret-recipe-secret' }
const KEY = exampleKeyArn('us-east-1')

/** A folder in which the page's commands run. */
interface Place {
  readonly folder: string
  readonly sandbox: Sandbox
  /** The trail that Sealgate has written. */
  readonly trail: string
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Runs Sealgate with a trail: a sealed upload, an exempt one, deletions, a refusal; then stops it. */
async function writeTrail({ folder, sandbox, trail }: Place): Promise<void> {
  writeFileSync(`${trail}.pem`, sealingKey().export({ type: 'pkcs8', format: 'pem' }))
  const sealgate = await SealgateProcess.start(
    folder,
    `version: 1
listen: [{ address: '127.0.0.1:0' }]
admin: { address: '127.0.0.1:0' }
upstream:
  region: us-east-1
  endpoint: '${sandbox.url}'
  credentials: { source: static, accessKeyId: ${EXAMPLE_ACCOUNT.accessKeyId}, secretAccessKey: ${EXAMPLE_ACCOUNT.secretAccessKey} }
clients: [{ name: app, accessKeyId: ${CLIENT.accessKeyId}, secretAccessKey: ${CLIENT.secretAccessKey}, buckets: [data] }]
policy:
  rules:
    - { name: logs, match: { keys: ['logs/*'] }, exempt: written by a load balancer }
    - { name: all, encrypt: { keyId: '${KEY}' } }
audit: { evidence: { origin: '${ORIGIN}', directory: '${trail}', key: { file: '${trail}.pem' } } }
`,
  )
  try {
    const put = (path: string) =>
      send(sealgate.port, { method: 'PUT', path, body: 'x', credentials: CLIENT })
    equal((await put('/data/sealed')).status, 200)
    equal((await put('/data/logs/exempt')).status, 200)
    equal((await put('/other/refused')).status, 403)
    const body = '<Delete><Object><Key>sealed</Key></Object></Delete>'
    const deleted = await send(sealgate.port, {
      method: 'POST',
      path: '/data?delete',
      body,
      headers: { 'content-md5': createHash('md5').update(body).digest('base64') },
      credentials: CLIENT,
    })
    equal(deleted.status, 200, deleted.text)
  } finally {
    sealgate.signal('SIGTERM')
    await sealgate.end
  }
}

/** The fenced blocks of one section of a page. */
function blocks(section: string, language: string, file = PAGE): readonly string[] {
  const page = readFileSync(file, 'utf8')
  const [, text] = page.split(`\n## ${section}\n`)
  if (text === undefined) throw new Error(`no section ${section}`)
  const [own = ''] = text.split('\n## ')
  return [...own.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(
    ([, block = '']) => block,
  )
}

/** Programs of the folder come first: `aws` knows the endpoint, `sealgate` is this build. */
function putPrograms({ folder, sandbox }: Place): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const program = (name: string, command: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec ${command} "$@"\n`)
    chmodSync(join(bin, name), 0o755)
  }
  program('aws', `/usr/bin/aws --endpoint-url ${sandbox.url}`)
  program('sealgate', `${process.execPath} ${SEALGATE}`)
  return bin
}

/** Runs a block as it stands on the page, but for the names of the bucket and of the folder. */
async function runBlock(place: Place, bin: string, block: string): Promise<string> {
  const script = block
    .replaceAll('AUDIT-BUCKET', 'audit-bucket')
    .replaceAll('/var/lib/sealgate/audit', place.trail)
  const { stdout } = await run('/bin/sh', ['-euc', script], {
    cwd: place.folder,
    timeout: 120_000,
    env: {
      PATH: `${bin}:/usr/bin:/bin`,
      HOME: place.folder,
      AWS_ACCESS_KEY_ID: EXAMPLE_ACCOUNT.accessKeyId,
      AWS_SECRET_ACCESS_KEY: EXAMPLE_ACCOUNT.secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
      RCLONE_S3_PROVIDER: 'Other',
      RCLONE_S3_REGION: 'us-east-1',
      RCLONE_S3_ENDPOINT: place.sandbox.url,
      VKEY: verifierKeyOf(),
    },
  })
  return stdout
}

/** Makes the ended files look as old as they would be. */
function age(trail: string): readonly string[] {
  const names = readdirSync(join(trail, 'lines'))
  const tenMinutesAgo = Date.now() / 1000 - 600
  for (const name of names) utimesSync(join(trail, 'lines', name), tenMinutesAgo, tenMinutesAgo)
  return names
}

async function checkObjectLock(report: Report, place: Place, bin: string): Promise<void> {
  const [prepare = '', ship = '', verify = ''] = blocks('To S3 with Object Lock', 'sh')
  const aws = (command: string) => runBlock(place, bin, `aws ${command}`)
  const prefix = '--bucket audit-bucket --prefix sealgate/lines'
  await report.check('s3', 'the bucket is made, and its retention set', async () => {
    await runBlock(place, bin, prepare)
  })
  await report.check('s3', 'a file that may still be written is not sent', async () => {
    await runBlock(place, bin, ship)
    const listed = await aws(`s3api list-objects-v2 ${prefix} --query KeyCount`)
    ok(['0', 'null'].includes(listed.trim()), listed)
  })
  await report.check('s3', 'ended files are sent once, and stay', async () => {
    const names = age(place.trail)
    await runBlock(place, bin, ship)
    await runBlock(place, bin, ship)
    const query = "--query 'Versions[].[Key,VersionId]' --output text"
    const versions = (await aws(`s3api list-object-versions ${prefix} ${query}`)).trim().split('\n')
    equal(versions.length, names.length, 'one version a file')
    const [key = '', version = ''] = versions[0]?.split('\t') ?? []
    const locked = await aws(
      `s3api get-object-retention --bucket audit-bucket --key '${key}' --query Retention.Mode`,
    )
    equal(locked.trim(), '"COMPLIANCE"')
    const deletion = `s3api delete-object --bucket audit-bucket --key '${key}' --version-id '${version}'`
    const refused = await aws(deletion).then(
      () => '',
      ({ stderr }) => String(stderr),
    )
    ok(refused.includes('AccessDenied'), refused)
  })
  await report.check('s3', 'a file that was changed after it was sent is an error', async () => {
    const [name = ''] = readdirSync(join(place.trail, 'lines'))
    const file = join(place.trail, 'lines', name)
    const was = readFileSync(file)
    writeFileSync(file, Buffer.concat([was, Buffer.from('{}\n')]))
    age(place.trail)
    const failed = await runBlock(place, bin, ship).then(
      () => '',
      ({ stderr }) => String(stderr),
    )
    ok(failed.includes('immutable'), failed)
    writeFileSync(file, was)
    age(place.trail)
  })
  await report.check('s3', 'the copy is verified', async () => {
    await runBlock(place, bin, verify)
  })
}

/** A developer's first minutes, as docs/applications.md has them, with the demo's configuration. */
async function checkApplication(report: Report, folder: string): Promise<void> {
  const yaml = readFileSync('config/sandbox.yaml', 'utf8')
  const sealgate = await SealgateProcess.start(
    folder,
    yaml.replace('127.0.0.1:8080', '127.0.0.1:0').replace('127.0.0.1:9090', '127.0.0.1:0'),
  )
  try {
    await report.check('application', 'four variables, and an upload is encrypted', async () => {
      const variables = blocks('Four variables', 'sh', APPLICATIONS)
      const commands = blocks('Does it work?', 'sh', APPLICATIONS)
      const script = [...variables, ...commands]
        .join('')
        .replaceAll('http://127.0.0.1:8080', sealgate.url)
      const env = { PATH: '/usr/bin:/bin', HOME: folder }
      const { stdout } = await run('/bin/sh', ['-euc', script], { cwd: folder, env })
      equal(stdout.trim().split('\n').at(-1), '"aws:kms"')
    })
  } finally {
    await sealgate.close()
  }
}

async function checkRecipes(report: Report, place: Place): Promise<void> {
  const bin = putPrograms(place)
  await writeTrail(place)
  await checkObjectLock(report, place, bin)
  const lines = readdirSync(join(place.trail, 'lines')).sort()
  const text = lines.map((name) => readFileSync(join(place.trail, 'lines', name), 'utf8')).join('')
  writeFileSync(join(place.folder, 'audit.jsonl'), text)
  await report.check('jq', 'lines of requests that were not refused', async () => {
    const [command = ''] = blocks('Tell lines apart', 'sh')
    const found = (await runBlock(place, bin, command)).trim().split('\n')
    equal(found.length, 3)
  })
  await report.check('jq', "what is not under the policy's key: the exempt upload", async () => {
    const [command = ''] = blocks("Where nothing is under the policy's key", 'sh')
    const found = (await runBlock(place, bin, command)).trim().split('\n')
    equal(found.length, 1)
    ok(found[0]?.includes('logs/exempt'), found[0])
  })
  await report.check('ocsf', 'lines become events', async () => {
    const [command = ''] = blocks('OCSF', 'sh')
    await runBlock(place, bin, command)
    const count = await runBlock(place, bin, 'gzip -dc ocsf.jsonl.gz | jq -r .class_uid | sort -u')
    equal(count.trim(), '6005')
  })
  const [ddl = ''] = blocks('Athena', 'sql')
  await checkSql(report, place.folder, ddl)
}

const folder = mkdtempSync(join(tmpdir(), 'sealgate-recipes-'))
const report = new Report(print, process.argv.includes('-v'))
const sandbox = await startSandbox({ buckets: ['data'] })
try {
  await installPackages(PACKAGES, print)
  const place = { folder, sandbox, trail: join(folder, 'audit') }
  await checkRecipes(report, place)
  await checkApplication(report, folder)
  if (process.argv.includes('collector')) {
    await checkCollector(report, folder, resolve('deploy/audit/otel-collector.yaml'))
  }
} finally {
  await sandbox.close()
  rmSync(folder, { recursive: true, force: true })
}
print(report.summary())
process.exitCode = report.count('failed') === 0 ? 0 : 1
