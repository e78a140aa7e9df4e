import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Checks } from '../deploy/checks.ts'
import { runOrThrow } from '../deploy/command.ts'
import { copyDeploy } from '../deploy/render.ts'
import type { Binaries } from './binaries.ts'
import { checkChart } from './check-chart.ts'
import { checkGateway } from './check-gateway.ts'
import { checkIdentity } from './check-identity.ts'
import { checkInjector } from './check-injector.ts'
import { checkOverlays } from './check-overlays.ts'
import { checkUpgrade } from './check-upgrade.ts'
import { Cluster } from './cluster.ts'
import { installDefinitions } from './definitions.ts'
import { writePage } from './write-page.ts'

/** What `run.ts` has prepared where there is a network. */
interface Prepared {
  readonly binaries: Binaries
  /** Folder of test/deploy's npm packages. */
  readonly tools: string
  readonly work: string
}

/** What a group of checks gets. */
export interface Surroundings extends Prepared {
  readonly checks: Checks
  readonly cluster: Cluster
  /** A copy of deploy/ as a fresh clone has it. */
  readonly deploy: string
}

/** The option that writes docs/cluster.md. */
const WRITE = '--write'
/** How `Checks` begins the line of a check that passed. */
const OK = 'ok      '

const GROUPS: Readonly<Record<string, (surroundings: Surroundings) => Promise<void>>> = {
  overlays: checkOverlays,
  upgrade: checkUpgrade,
  chart: checkChart,
  gateway: checkGateway,
  injector: checkInjector,
  identity: checkIdentity,
}

/** The suite, in namespaces where loopback is the whole network. */
async function main(file: string, args: readonly string[]): Promise<void> {
  const wanted = args.filter((name) => name !== WRITE)
  const prepared: Prepared = JSON.parse(readFileSync(file, 'utf8'))
  const { binaries, work } = prepared
  const passed: string[] = []
  const checks = new Checks((line) => {
    process.stdout.write(`${line}\n`)
    if (line.startsWith(OK)) passed.push(line.slice(OK.length))
  })
  await openNetwork(work)
  const versions = `${binaries.versions}, ${await helmVersion(prepared.tools)}, node ${process.version}`
  checks.say(`# ${versions}`)
  let cluster: Cluster | undefined
  await checks.check('cluster: the API server is ready, and the nodes', async () => {
    cluster = await Cluster.start(binaries, join(work, 'cluster'))
    return []
  })
  if (cluster !== undefined) await runGroups(checks, cluster, prepared, wanted)
  const isWhole = wanted.length === 0 && checks.failed === 0
  if (args.includes(WRITE) && isWhole) writePage(versions, passed)
  process.stdout.write(`${checks.summary()}\n`)
  process.exitCode = checks.failed === 0 ? 0 : 1
}

async function runGroups(
  checks: Checks,
  cluster: Cluster,
  prepared: Prepared,
  wanted: readonly string[],
): Promise<void> {
  const deploy = await copyDeploy(join(prepared.work, 'clone'))
  try {
    await checks.check(
      'cluster: the definitions of cert-manager and the Prometheus operator are accepted',
      () => installDefinitions(cluster, prepared.binaries),
    )
    for (const name of wanted.length > 0 ? wanted : Object.keys(GROUPS)) {
      const group = GROUPS[name]
      if (group === undefined) throw new Error(`no group ${name}: ${Object.keys(GROUPS)}`)
      const begin = performance.now()
      await checks.guard(name, () => group({ ...prepared, checks, cluster, deploy }))
      checks.say(`# ${name}: ${((performance.now() - begin) / 1000).toFixed(0)} s`)
    }
  } finally {
    if (checks.failed > 0) for (const line of cluster.lastWords()) checks.say(`# ${line}`)
    await cluster.stop()
  }
}

async function helmVersion(tools: string): Promise<string> {
  const text = await runOrThrow(join(tools, 'helm/helm'), ['version', '--short'])
  return `helm ${text.trim().replace(/\+.*/, '')}`
}

/**
 * The addresses of Services are local, so that a test can listen on them in the place of kube-proxy; their
 * names are in /etc/hosts, in the place of the cluster's DNS.
 */
async function openNetwork(work: string): Promise<void> {
  await runOrThrow('ip', ['link', 'set', 'lo', 'up'])
  await runOrThrow('ip', ['route', 'add', 'local', '10.96.0.0/16', 'dev', 'lo'])
  // Secrets are mounted there, as in a pod.
  await runOrThrow('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
  const hosts = join(work, 'hosts')
  writeFileSync(hosts, '127.0.0.1 localhost\n')
  await runOrThrow('mount', ['--bind', hosts, '/etc/hosts'])
}

const [, , file = '', ...args] = process.argv
await main(file, args)
