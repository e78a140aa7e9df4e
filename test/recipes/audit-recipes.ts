import { equal, ok } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  EXAMPLE_ACCOUNT,
  exampleKeyArn,
  type Sandbox,
  startSandbox,
} from '../../src/sandbox/sandbox.ts'
import { ORIGIN, sealingKey, verifierKeyOf } from '../support/make-trail.ts'
import { type Block, blocksUnder } from '../support/pages.ts'
import type { Report } from '../support/report.ts'
import { SealgateProcess } from '../support/sealgate-process.ts'
import { send } from '../support/signed-request.ts'
import { checkCollector } from './collector.ts'
import { administrator, putAws } from './embedded.ts'
import type { Group } from './group.ts'
import type { BlockEnd, PageShell } from './page-shell.ts'
import { checkSql } from './sql.ts'

const PAGE = 'docs/audit-recipes.md'
const CLIENT = { accessKeyId: 'SGRECIPE0000000001', secretAccessKey: 'recipe-secret-recipe-secret' }
const REGION = 'us-east-1'

/** docs/audit-recipes.md as an operator follows it; its SQL in DuckDB. */
export const AUDIT_RECIPES: Group = {
  name: 'audit-recipes',
  pages: [PAGE],
  packages: ['awscli', 'rclone', 'jq', 'python3-venv'],
  check: async (report, shell) => {
    const sandbox = await startSandbox({ buckets: ['data'] })
    try {
      putAws(shell)
      await checkRecipes(report, { shell, sandbox, trail: shell.path('audit') })
    } finally {
      await sandbox.close()
    }
  },
}

/** The page's OpenTelemetry Collector. */
export const COLLECTOR: Group = {
  name: 'collector',
  pages: [],
  packages: [],
  isNamed: true,
  check: (report, { folder }) =>
    checkCollector(report, folder, resolve('deploy/audit/otel-collector.yaml')),
}

/** Where the page's commands run. */
interface Place {
  readonly shell: PageShell
  readonly sandbox: Sandbox
  /** The trail that Sealgate has written. */
  readonly trail: string
}

async function checkRecipes(report: Report, place: Place): Promise<void> {
  const { shell, trail } = place
  await writeTrail(place)
  await checkObjectLock(report, place)
  const names = readdirSync(join(trail, 'lines')).sort()
  const text = names.map((name) => readFileSync(join(trail, 'lines', name), 'utf8')).join('')
  writeFileSync(shell.path('audit.jsonl'), text)
  const only = (heading: string): Block => {
    const [block] = blocksUnder(PAGE, heading, 'sh', 1)
    if (block === undefined) throw new Error(heading)
    return block
  }
  await report.check('jq', 'lines of requests that were not refused', async () => {
    const found = (await shell.run(only('Tell lines apart'))).trim().split('\n')
    equal(found.length, 3)
  })
  await report.check('jq', "what is not under the policy's key: the exempt upload", async () => {
    const heading = "Where nothing is under the policy's key"
    const found = (await shell.run(only(heading))).trim().split('\n')
    equal(found.length, 1)
    ok(found[0]?.includes('logs/exempt'), found[0])
  })
  await report.check('ocsf', 'lines become events', async () => {
    await shell.run(only('OCSF'))
    const { stdout } = await shell.execute('gzip -dc ocsf.jsonl.gz | jq -r .class_uid | sort -u')
    equal(stdout.trim(), '6005')
  })
  const [ddl] = blocksUnder(PAGE, 'Athena', 'sql', 1)
  await checkSql(report, shell.folder, ddl?.text ?? '')
}

/** Runs Sealgate with a trail: a sealed upload, an exempt one, deletions, a refusal; then stops it. */
async function writeTrail({ shell, sandbox, trail }: Place): Promise<void> {
  writeFileSync(`${trail}.pem`, sealingKey().export({ type: 'pkcs8', format: 'pem' }))
  const sealgate = await SealgateProcess.start(
    shell.folder,
    `version: 1
listen: [{ address: '127.0.0.1:0' }]
admin: { address: '127.0.0.1:0' }
upstream:
  region: ${REGION}
  endpoint: '${sandbox.url}'
  credentials: { source: static, accessKeyId: ${EXAMPLE_ACCOUNT.accessKeyId}, secretAccessKey: ${EXAMPLE_ACCOUNT.secretAccessKey} }
clients: [{ name: app, accessKeyId: ${CLIENT.accessKeyId}, secretAccessKey: ${CLIENT.secretAccessKey}, buckets: [data] }]
policy:
  rules:
    - { name: logs, match: { keys: ['logs/*'] }, exempt: written by a load balancer }
    - { name: all, encrypt: { keyId: '${exampleKeyArn(REGION)}' } }
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

/** Makes the ended files look as old as they would be. */
function age(trail: string): readonly string[] {
  const names = readdirSync(join(trail, 'lines'))
  const tenMinutesAgo = Date.now() / 1000 - 600
  for (const name of names) utimesSync(join(trail, 'lines', name), tenMinutesAgo, tenMinutesAgo)
  return names
}

async function checkObjectLock(report: Report, { shell, sandbox, trail }: Place): Promise<void> {
  const [prepare, ship, verify] = blocksUnder(PAGE, 'To S3 with Object Lock', 'sh', 3)
  if (prepare === undefined || ship === undefined || verify === undefined) return
  const differences = {
    replace: { 'AUDIT-BUCKET': 'audit-bucket', '/var/lib/sealgate/audit': trail },
    env: {
      ...administrator(sandbox),
      AWS_DEFAULT_REGION: REGION,
      RCLONE_S3_PROVIDER: 'Other',
      RCLONE_S3_REGION: REGION,
      RCLONE_S3_ENDPOINT: sandbox.url,
      VKEY: verifierKeyOf(),
    },
  }
  const run = (block: Block): Promise<string> => shell.run(block, differences)
  const aws = (command: string): Promise<BlockEnd> =>
    shell.execute(`aws s3api ${command}`, differences)
  const prefix = '--bucket audit-bucket --prefix sealgate/lines'
  await report.check('s3', 'the bucket is made, and its retention set', async () => {
    await run(prepare)
  })
  await report.check('s3', 'a file that may still be written is not sent', async () => {
    await run(ship)
    const listed = (await aws(`list-objects-v2 ${prefix} --query KeyCount`)).stdout
    ok(['0', 'null'].includes(listed.trim()), listed)
  })
  await report.check('s3', 'ended files are sent once, and stay', async () => {
    const names = age(trail)
    await run(ship)
    await run(ship)
    const query = "--query 'Versions[].[Key,VersionId]' --output text"
    const listed = await aws(`list-object-versions ${prefix} ${query}`)
    const versions = listed.stdout.trim().split('\n')
    equal(versions.length, names.length, 'one version a file')
    const [key = '', version = ''] = versions[0]?.split('\t') ?? []
    const object = `--bucket audit-bucket --key '${key}'`
    const locked = await aws(`get-object-retention ${object} --query Retention.Mode`)
    equal(locked.stdout.trim(), '"COMPLIANCE"')
    const refused = await aws(`delete-object ${object} --version-id '${version}'`)
    ok(refused.code !== 0 && refused.output.includes('AccessDenied'), refused.output)
  })
  await report.check('s3', 'a file that was changed after it was sent is an error', async () => {
    const [name = ''] = readdirSync(join(trail, 'lines'))
    const file = join(trail, 'lines', name)
    const was = readFileSync(file)
    writeFileSync(file, Buffer.concat([was, Buffer.from('{}\n')]))
    age(trail)
    const failed = await shell.attempt(ship, differences)
    ok(failed.code !== 0 && failed.output.includes('immutable'), failed.output)
    writeFileSync(file, was)
    age(trail)
  })
  await report.check('s3', 'the copy is verified', async () => {
    await run(verify)
  })
}
