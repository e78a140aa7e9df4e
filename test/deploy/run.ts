import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkAlerts } from './check-alerts.ts'
import { checkConfigurations } from './check-configuration.ts'
import { checkDashboard } from './check-dashboard.ts'
import { checkHelm } from './check-helm.ts'
import { checkImage } from './check-image.ts'
import { checkInject } from './check-inject.ts'
import { checkJob } from './check-job.ts'
import { checkManifests } from './check-manifests.ts'
import { checkPrometheusRules } from './check-prometheus.ts'
import { checkYaml } from './check-yaml.ts'
import { Checks } from './checks.ts'
import { copyDeploy } from './render.ts'
import { installDebianPrograms, installNpmTools } from './tools.ts'

/** What a group of checks gets. */
interface Surroundings {
  readonly checks: Checks
  /** Folder of the npm packages. */
  readonly tools: string
  /** A temporary folder, removed at the end. */
  readonly work: string
}

/** A group of checks and the Debian programs without which it fails. */
interface Group {
  readonly needs: readonly string[]
  readonly run: (surroundings: Surroundings) => Promise<void>
}

const GROUPS: Readonly<Record<string, Group>> = {
  lint: { needs: ['yamllint'], run: ({ checks }) => checkYaml(checks) },
  manifests: {
    needs: ['unzip'],
    run: async ({ checks, tools, work }) =>
      checkManifests(checks, tools, await copyDeploy(join(work, 'clone'))),
  },
  helm: {
    needs: ['unzip'],
    run: async ({ checks, tools, work }) =>
      checkHelm(checks, tools, await copyDeploy(join(work, 'clone-for-helm')), work),
  },
  configurations: { needs: [], run: ({ checks, work }) => checkConfigurations(checks, work) },
  inject: { needs: [], run: ({ checks, work }) => checkInject(checks, work) },
  job: { needs: [], run: ({ checks, work }) => checkJob(checks, work) },
  prometheus: {
    needs: ['promtool'],
    run: ({ checks, work }) => checkPrometheusRules(checks, work),
  },
  dashboard: {
    needs: ['promtool'],
    run: ({ checks, work }) => checkDashboard(checks, work),
  },
  alerts: {
    needs: ['promtool'],
    run: ({ checks, work }) => checkAlerts(checks, work),
  },
  image: {
    needs: ['buildah', 'podman', 'runc', 'mmdebstrap'],
    run: ({ checks, tools, work }) => checkImage(checks, tools, work),
  },
}

/**
 * Checks everything under deploy/: manifests, alerts, dashboard, image, the sidecar's life. Run from
 * the project's root after a build: `node build/test/deploy/run.js`. Names as arguments choose
 * groups. It needs npm and, for some checks, Debian packages that it installs where it is root.
 */
async function main(): Promise<void> {
  const checks = new Checks((line) => process.stdout.write(`${line}\n`))
  const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(GROUPS)
  const missing = await installDebianPrograms()
  let tools = ''
  await checks.check('the npm tools install', async () => {
    tools = await installNpmTools()
    return []
  })
  const work = mkdtempSync(join(tmpdir(), 'sealgate-deploy-'))
  try {
    for (const name of wanted) {
      const group = GROUPS[name]
      if (group === undefined) throw new Error(`no group ${name}: ${Object.keys(GROUPS)}`)
      const begin = performance.now()
      const lacking = group.needs.filter((program) => missing.includes(program))
      await checks.check(`${name} has its programs`, async () =>
        lacking.map((program) => `not installed: ${program}; as root it is installed here`),
      )
      if (lacking.length === 0) await checks.guard(name, () => group.run({ checks, tools, work }))
      checks.say(`# ${name}: ${((performance.now() - begin) / 1000).toFixed(0)} s`)
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  process.stdout.write(`${checks.summary()}\n`)
  process.exitCode = checks.failed === 0 ? 0 : 1
}

await main()
