import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { writeRules } from './check-prometheus.ts'
import type { Checks, Finding } from './checks.ts'
import { type DashboardQuery, readDashboardQueries, resolveVariables } from './dashboard-queries.ts'
import { driveLoad } from './load.ts'
import { findFreePort, Program, startSandbox, startSealgate } from './program.ts'
import { buildSidecarConfig, SANDBOX_ACCOUNT } from './sandbox-config.ts'

const SCRAPES_TIMEOUT_MS = 60_000

/**
 * Runs every query of the dashboard in a Prometheus that scrapes two Sealgates under load, one of
 * which cannot reach its S3: each must give series with numbers in them. `onReady` gets Prometheus'
 * URL while everything still runs.
 */
export async function checkDashboard(
  checks: Checks,
  work: string,
  onReady: (prometheus: string) => Promise<void> = async () => {},
): Promise<void> {
  const folder = join(work, 'dashboard')
  mkdirSync(folder, { recursive: true })
  const programs: Program[] = []
  try {
    const sandbox = await startSandbox(join(folder, 'data'))
    programs.push(sandbox.program)
    const credentials = writeExpiringCredentials(folder)
    const start = async (name: string, upstream: string) => {
      const file = join(folder, `${name}.yaml`)
      writeFileSync(file, buildSidecarConfig(upstream, credentials))
      const sealgate = await startSealgate(file)
      programs.push(sealgate.program)
      return sealgate
    }
    const healthy = await start('healthy', sandbox.endpoint)
    const cutOff = await start('cut-off', `http://127.0.0.1:${await findFreePort()}`)
    const prometheus = await startPrometheus(folder, [healthy.admin, cutOff.admin])
    programs.push(prometheus.program)
    const load = await driveLoad([healthy.endpoint, cutOff.endpoint])
    checks.say(`# load: ${load}`)
    await waitForScrapes(prometheus.url)
    await checkQueries(checks, prometheus.url)
    await checks.check('no rule fails in Prometheus', () => findFailingRules(prometheus.url))
    await onReady(prometheus.url)
  } finally {
    for (const program of programs.reverse()) await program.stop(5_000)
  }
}

async function checkQueries(checks: Checks, prometheus: string): Promise<void> {
  for (const query of readDashboardQueries()) {
    await checks.check(`dashboard: ${query.panel} (${query.ref}) shows series`, () =>
      findEmptyQuery(prometheus, query),
    )
  }
  await checks.check('a query of a metric that is not there is found', async () => {
    const query = { panel: '', ref: '', expression: 'sealgate_nonsense_total' }
    return (await findEmptyQuery(prometheus, query)).length === 0 ? ['not found'] : []
  })
}

async function findEmptyQuery(prometheus: string, query: DashboardQuery): Promise<Finding> {
  const expression = resolveVariables(query.expression)
  const { result } = await ask(prometheus, `query?query=${encodeURIComponent(expression)}`)
  const numbers = result.filter(({ value }: { value: [number, string] }) =>
    Number.isFinite(Number(value[1])),
  )
  return numbers.length === 0 ? [`no series: ${expression}`] : []
}

async function findFailingRules(prometheus: string): Promise<Finding> {
  const { groups } = await ask(prometheus, 'rules')
  const rules = groups.flatMap((group: { rules: readonly unknown[] }) => group.rules)
  const findings: string[] = rules.length === 0 ? ['no rules loaded'] : []
  for (const { name, health, lastError } of rules) {
    if (health !== 'ok') findings.push(`${name}: ${health} ${lastError ?? ''}`)
  }
  return findings
}

async function ask(prometheus: string, path: string) {
  const response = await fetch(`${prometheus}/api/v1/${path}`)
  const body = Object(await response.json())
  if (body.status !== 'success') throw new Error(`${path}: ${body.error}`)
  return body.data
}

/** Waits until both targets have been scraped some times after the load began, so that rates exist. */
async function waitForScrapes(prometheus: string): Promise<void> {
  const deadline = AbortSignal.timeout(SCRAPES_TIMEOUT_MS)
  const query = encodeURIComponent('min(count_over_time(sealgate_requests_total[1m])) >= 5')
  while (!deadline.aborted) {
    const { result } = await ask(prometheus, `query?query=${query}`)
    if (result.length > 0) return
    await wait(500)
  }
  throw new Error('Prometheus has not scraped both')
}

async function startPrometheus(folder: string, admins: readonly string[]) {
  const rules = writeRules(join(folder, 'rules'))
  const targets = admins.map((admin, index) => ({
    targets: [new URL(admin).host],
    labels: { namespace: 'test', pod: `pod-${index}` },
  }))
  const config = join(folder, 'prometheus.yaml')
  const scrape = { job_name: 'sealgate', static_configs: targets }
  const global = { scrape_interval: '1s', evaluation_interval: '1s' }
  writeFileSync(config, JSON.stringify({ global, rule_files: [rules], scrape_configs: [scrape] }))
  const port = await findFreePort()
  const program = new Program('prometheus', [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'tsdb')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ])
  await program.waitForLine(/Server is ready to receive web requests/)
  return { program, url: `http://127.0.0.1:${port}` }
}

/**
 * Credentials that expire in an hour, as a program gives them (`credential_process`); the embedded S3
 * knows no session tokens, which the other sources of temporary credentials insist on.
 */
function writeExpiringCredentials(folder: string): object {
  const answer = join(folder, 'credentials.json')
  const expiration = new Date(Date.now() + 3_600_000).toISOString()
  const { accessKeyId, secretAccessKey } = SANDBOX_ACCOUNT
  const keys = { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey }
  writeFileSync(answer, JSON.stringify({ Version: 1, ...keys, Expiration: expiration }))
  const configFile = join(folder, 'aws-config')
  writeFileSync(configFile, `[default]\ncredential_process = cat ${answer}\n`)
  const credentialsFile = join(folder, 'aws-credentials')
  writeFileSync(credentialsFile, '')
  return { source: 'file', configFile, credentialsFile }
}
