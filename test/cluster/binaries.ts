import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { isInstalled, runOrThrow } from '../deploy/command.ts'

const MODULE = 'test/cluster/tools'
const BUILD_TIMEOUT_MS = 2 * 60 * 60 * 1000

/** Program and the Go package that it is built from. */
const PROGRAMS = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  kwok: 'sigs.k8s.io/kwok/cmd/kwok',
} as const

/** Definitions of resources, and what KWOK does with nodes and pods: modules, and where these are. */
const DEFINITIONS = {
  'github.com/cert-manager/cert-manager@v1.21.2': 'deploy/crds',
  'github.com/prometheus-operator/prometheus-operator@v0.85.0': 'example/prometheus-operator-crd',
  'sigs.k8s.io/kwok@v0.8.0': 'kustomize/stage',
} as const

export type ProgramName = keyof typeof PROGRAMS

/** What a cluster is made of. */
export interface Binaries {
  readonly folder: string
  /** `kubernetes v1.37.2, etcd v3.7.3, …`, for reports. */
  readonly versions: string
}

/**
 * Builds the programs with Go from the module proxy, once for each state of go.sum. The first build takes
 * a quarter of an hour on two idle cores. `SEALGATE_CLUSTER_CACHE` replaces the folder ~/.cache/sealgate-cluster.
 */
export async function buildBinaries(
  cache: string | undefined,
  say: (line: string) => void,
): Promise<Binaries> {
  const module = readFileSync(join(MODULE, 'go.mod'), 'utf8')
  const digest = createHash('sha256')
    .update(module)
    .update(JSON.stringify([PROGRAMS, DEFINITIONS]))
  const names = ['k8s.io/kubernetes', 'go.etcd.io/etcd/server/v3', 'sigs.k8s.io/kwok']
  const [kubernetes = '', etcd = '', kwok = ''] = names.map((name) => versionOf(module, name))
  const definitions = Object.keys(DEFINITIONS).map((one) => basename(one).replace('@', ' '))
  const versions = [
    ...[`kubernetes ${kubernetes}`, `etcd ${etcd}`],
    ...new Set([`kwok ${kwok}`, ...definitions]),
  ].join(', ')
  const root = cache ?? join(homedir(), '.cache/sealgate-cluster')
  const name = `kubernetes-${kubernetes}-etcd-${etcd}-${digest.digest('hex').slice(0, 12)}`
  const folder = join(root, name)
  if (existsSync(folder)) return { folder, versions }
  if (!(await isInstalled('go'))) throw new Error('go is not installed: Go 1.26 builds the cluster')
  mkdirSync(root, { recursive: true })
  const unfinished = mkdtempSync(join(root, 'building-'))
  for (const [program, path] of Object.entries(PROGRAMS)) {
    const begin = performance.now()
    await build(path, join(unfinished, program), kubernetes)
    say(`# built ${program} in ${((performance.now() - begin) / 1000).toFixed(0)} s`)
  }
  for (const [module, path] of Object.entries(DEFINITIONS)) await copyOut(module, path, unfinished)
  renameSync(unfinished, folder)
  return { folder, versions }
}

function versionOf(module: string, name: string): string {
  const version = module
    .split('\n')
    .find((line) => line.replace('require ', '').trim().startsWith(`${name} v`))
  if (version === undefined) throw new Error(`${MODULE}/go.mod: no version of ${name}`)
  return /v\d+\.\d+\.\d+/.exec(version.slice(version.indexOf(' v')))?.[0] ?? ''
}

/** The API server answers with the version that the linker writes into it. */
async function build(path: string, output: string, version: string): Promise<void> {
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(version) ?? []
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' }
  const flags = Object.entries(values).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  )
  const args = [
    'build',
    '-C',
    MODULE,
    '-p',
    '2',
    '-trimpath',
    '-ldflags',
    `-s -w ${flags.join(' ')}`,
  ]
  await runOrThrow('nice', ['-n', '10', 'go', ...args, '-o', output, path], {
    timeoutMs: BUILD_TIMEOUT_MS,
    env: { CGO_ENABLED: '0' },
  })
}

async function copyOut(module: string, path: string, folder: string): Promise<void> {
  const answer = await runOrThrow('go', ['mod', 'download', '-json', module], {
    cwd: MODULE,
    timeoutMs: BUILD_TIMEOUT_MS,
  })
  cpSync(join(JSON.parse(answer).Dir, path), join(folder, 'definitions', path), { recursive: true })
}
