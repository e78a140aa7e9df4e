import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkDashboard } from './check-dashboard.ts'
import { checkManifests } from './check-manifests.ts'
import { checkPrometheusRules } from './check-prometheus.ts'
import { Checks } from './checks.ts'
import { copyDeploy } from './render.ts'
import { installDebianPrograms, installNpmTools } from './tools.ts'

/**
 * Checks everything under deploy/: manifests, alerts, dashboard, image, the sidecar's life. Run from
 * the project's root after a build: `node build/test/deploy/run.js`. Names as arguments choose
 * groups. It needs npm and, for some checks, Debian packages that it installs where it is root.
 */
async function main(): Promise<void> {
  const checks = new Checks((line) => process.stdout.write(`${line}\n`))
  const wanted = process.argv.slice(2)
  const isWanted = (group: string) => wanted.length === 0 || wanted.includes(group)
  const missing = await installDebianPrograms()
  if (missing.length > 0) checks.say(`# not installed: ${missing.join(', ')}`)
  const tools = await installNpmTools()
  const work = mkdtempSync(join(tmpdir(), 'sealgate-deploy-'))
  try {
    const deploy = copyDeploy(work)
    if (isWanted('manifests')) await checkManifests(checks, tools, deploy)
    if (isWanted('prometheus')) {
      if (missing.includes('promtool')) checks.skip('prometheus', 'promtool is not installed')
      else await checkPrometheusRules(checks, work)
    }
    if (isWanted('dashboard')) {
      if (missing.includes('promtool')) checks.skip('dashboard', 'prometheus is not installed')
      else await checkDashboard(checks, work)
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  process.stdout.write(`${checks.summary()}\n`)
  process.exitCode = checks.failed === 0 ? 0 : 1
}

await main()
