import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { makeCertificate, writePair } from '../support/certificates.ts'
import { freePort } from '../support/free-ports.ts'
import type { Program } from '../support/program.ts'
import { SealgateProcess } from '../support/sealgate-process.ts'
import { writeRules } from './check-prometheus.ts'
import type { Checks, Finding } from './checks.ts'
import { type DashboardQuery, readDashboardQueries, resolveVariables } from './dashboard-queries.ts'
import { driveLoad } from './load.ts'
import { ask, query as queryNow, startPrometheus } from './prometheus.ts'
import { buildSidecarConfig, SANDBOX_ACCOUNT } from './sandbox-config.ts'
import { startSandbox } from './start-sandbox.ts'

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
      const sidecar = JSON.parse(buildSidecarConfig(upstream, credentials))
      // For the panel of certificates.
      sidecar.listen.push({
        address: '127.0.0.1:0',
        tls: writePair(folder, 'tls', makeCertificate()),
      })
      writeFileSync(file, JSON.stringify(sidecar))
      const sealgate = await SealgateProcess.serve(file, { isAlone: true })
      programs.push(sealgate)
      return sealgate
    }
    const healthy = await start('healthy', sandbox.endpoint)
    const cutOff = await start('cut-off', `http://127.0.0.1:${await freePort()}`)
    const targets = [healthy.adminUrl, cutOff.adminUrl].map((admin, index) => ({
      address: new URL(admin).host,
      labels: { namespace: 'test', pod: `pod-${index}` },
    }))
    const prometheus = await startPrometheus(folder, writeRules(join(folder, 'rules')), targets)
    programs.push(prometheus.program)
    const load = await driveLoad(healthy.url, cutOff.url)
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
  const result = await queryNow(prometheus, expression)
  const numbers = result.filter(({ value }) => Number.isFinite(Number(value[1])))
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

/** Waits until both targets have been scraped some times after the load began, so that rates exist. */
async function waitForScrapes(prometheus: string): Promise<void> {
  const deadline = AbortSignal.timeout(SCRAPES_TIMEOUT_MS)
  const hasEnough = 'min(count_over_time(sealgate_requests_total[1m])) >= 5'
  while (!deadline.aborted) {
    if ((await queryNow(prometheus, hasEnough)).length > 0) return
    await wait(500)
  }
  throw new Error('Prometheus has not scraped both')
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
