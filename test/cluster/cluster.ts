import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Finding } from '../deploy/checks.ts'
import { type Completed, runCommand } from '../deploy/command.ts'
import { TestAuthority, writePair } from '../support/certificates.ts'
import { freePorts } from '../support/free-ports.ts'
import { Program } from '../support/program.ts'
import type { Binaries, ProgramName } from './binaries.ts'

/** All of it is local in the cluster's network namespace. */
const SERVICE_RANGE = '10.96.0.0/16'
const READY_ATTEMPTS = 600
const READY_PAUSE_MS = 200
const COMMAND_TIMEOUT_MS = 180_000
const SETTLE_ATTEMPTS = 120
const SETTLE_PAUSE_MS = 500

/** An object as the API server answers it: the fields depend on its kind. */
// biome-ignore lint/suspicious/noExplicitAny: the checks read fields of many kinds
export type Stored = any

const KWOK_STAGES = [
  'node/fast/node-initialize.yaml',
  'pod/fast/pod-ready.yaml',
  'pod/fast/pod-complete.yaml',
  'pod/fast/pod-delete.yaml',
]

/** etcd, API server, controller manager and scheduler, and KWOK, which answers as the kubelets would. */
export class Cluster {
  /** `https://127.0.0.1:port`, which issues the tokens of service accounts. */
  readonly url: string
  readonly authority: TestAuthority
  readonly folder: string
  readonly #binaries: Binaries
  readonly #programs: Program[] = []
  #files = 0

  private constructor(binaries: Binaries, folder: string, port: number) {
    this.#binaries = binaries
    this.folder = folder
    this.url = `https://127.0.0.1:${port}`
    this.authority = new TestAuthority('/CN=cluster')
  }

  static async start(binaries: Binaries, folder: string): Promise<Cluster> {
    mkdirSync(folder, { recursive: true })
    const [etcd = 0, peer = 0, port = 0] = await freePorts(3)
    const cluster = new Cluster(binaries, folder, port)
    await cluster.#startServers(etcd, peer, port)
    await cluster.#startControllers()
    return cluster
  }

  /** Ends the programs, the API server before its store. */
  async stop(): Promise<void> {
    for (const program of this.#programs.toReversed()) await program.stop(20_000)
  }

  /** The last lines of every program, for a failure that nothing else explains. */
  lastWords(): readonly string[] {
    return readdirSync(this.folder)
      .filter((name) => name.endsWith('.log'))
      .flatMap((name) => [
        `--- ${name}`,
        ...readFileSync(join(this.folder, name), 'utf8').trimEnd().split('\n').slice(-15),
      ])
  }

  /** The administrator's kubeconfig, for programs other than `kubectl`. */
  get kubeconfig(): string {
    return join(this.folder, 'admin.json')
  }

  kubectl(...args: readonly string[]): Promise<Completed> {
    return runCommand(
      join(this.#binaries.folder, 'kubectl'),
      [`--kubeconfig=${this.kubeconfig}`, ...args],
      { timeoutMs: COMMAND_TIMEOUT_MS, env: { HOME: this.folder } },
    )
  }

  /** Gives standard output; throws if the command fails. */
  async ask(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.kubectl(...args)
    if (status === 0) return stdout
    throw new Error(`kubectl ${args.join(' ')}: status ${status}\n${stdout}\n${stderr}`)
  }

  async get(...args: readonly string[]): Promise<Stored> {
    return JSON.parse(await this.ask('get', ...args, '-o', 'json'))
  }

  /** Objects as a file that `kubectl -f` reads. */
  write(...objects: readonly object[]): string {
    this.#files += 1
    const file = join(this.folder, `objects-${this.#files}.json`)
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
    return file
  }

  /** As operators should: the server validates, and owns conflicts. */
  apply(...objects: readonly object[]): Promise<string> {
    return this.ask('apply', ...STRICT, '-f', this.write(...objects))
  }

  /** Creates objects, and gives what `kubectl` writes to standard error: warnings. */
  create(object: object, ...args: readonly string[]): Promise<Completed> {
    return this.kubectl('create', '--validate=strict', ...args, '-f', this.write(object))
  }

  /** A request to the API server as nobody, or with a token. */
  send(path: string, token?: string): Promise<{ readonly status: number; readonly body: string }> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const options = { ca: this.authority.cert, headers, agent: false }
    return new Promise((resolve, reject) => {
      const outgoing = request(`${this.url}${path}`, options, async (response) => {
        const chunks: Buffer[] = []
        for await (const chunk of response) chunks.push(chunk)
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() })
      })
      outgoing.on('error', reject).end()
    })
  }

  async #startServers(etcd: number, peer: number, port: number): Promise<void> {
    const { authority, folder } = this
    const client = `http://127.0.0.1:${etcd}`
    this.#run('etcd', [
      `--data-dir=${join(folder, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-cluster=default=http://127.0.0.1:${peer}`,
      '--unsafe-no-fsync',
    ])
    const names = ['IP:127.0.0.1', 'DNS:localhost', 'DNS:kubernetes.default.svc']
    const server = writePair(folder, 'server', authority.issue({ names }))
    writeFileSync(join(folder, 'ca.crt'), authority.cert)
    const tokens = generateKeyPairSync('rsa', { modulusLength: 2048 })
    writeFileSync(
      join(folder, 'tokens.key'),
      tokens.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    )
    writeFileSync(
      join(folder, 'tokens.pub'),
      tokens.publicKey.export({ type: 'spki', format: 'pem' }),
    )
    this.#writeKubeconfig('admin', '/O=system:masters/CN=admin')
    this.#run('kube-apiserver', [
      `--etcd-servers=${client}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      '--endpoint-reconciler-type=none',
      // Never connected to: there is no network to find one on.
      '--advertise-address=192.0.2.1',
      `--tls-cert-file=${server.certFile}`,
      `--tls-private-key-file=${server.keyFile}`,
      `--client-ca-file=${join(folder, 'ca.crt')}`,
      '--authorization-mode=Node,RBAC',
      `--service-cluster-ip-range=${SERVICE_RANGE}`,
      `--service-account-issuer=${this.url}`,
      `--service-account-jwks-uri=${this.url}/openid/v1/jwks`,
      `--service-account-key-file=${join(folder, 'tokens.pub')}`,
      `--service-account-signing-key-file=${join(folder, 'tokens.key')}`,
    ])
    await this.#untilReady()
  }

  async #startControllers(): Promise<void> {
    const { folder } = this
    const config = `--kubeconfig=${this.kubeconfig}`
    this.#run('kube-controller-manager', [
      config,
      '--bind-address=127.0.0.1',
      '--secure-port=0',
      '--leader-elect=false',
      // A node that is late on a busy machine is not gone: its pods would never become ready again.
      '--node-monitor-grace-period=5m',
      `--root-ca-file=${join(folder, 'ca.crt')}`,
      `--service-account-private-key-file=${join(folder, 'tokens.key')}`,
    ])
    this.#run('kube-scheduler', [
      config,
      '--bind-address=127.0.0.1',
      '--secure-port=0',
      '--leader-elect=false',
    ])
    // Without stages KWOK does nothing: these are the ones of its own release.
    const stages = KWOK_STAGES.map(
      (file) => `--config=${join(this.#binaries.folder, 'definitions/kustomize/stage', file)}`,
    )
    this.#run('kwok', [
      config,
      ...stages,
      '--manage-all-nodes=true',
      // Otherwise its nodes have no heartbeat, and their controller takes them for gone.
      '--node-lease-duration-seconds=40',
      '--cidr=10.97.0.1/16',
    ])
    await this.apply(...NODES.map(buildNode))
    await this.ask('wait', '--for=condition=Ready', 'node', '--all', '--timeout=120s')
  }

  #run(name: ProgramName, args: readonly string[]): void {
    const outputFile = join(this.folder, `${name}.log`)
    this.#programs.push(
      new Program(join(this.#binaries.folder, name), args, { outputFile, isAlone: true }),
    )
  }

  #writeKubeconfig(name: string, subject: string): void {
    const pair = this.authority.issue({ subject, names: [] })
    const base64 = (text: string): string => Buffer.from(text).toString('base64')
    const cluster = {
      server: this.url,
      'certificate-authority-data': base64(this.authority.cert),
    }
    const user = {
      'client-certificate-data': base64(pair.cert),
      'client-key-data': base64(pair.key),
    }
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster }],
      users: [{ name, user }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      'current-context': name,
    }
    writeFileSync(join(this.folder, `${name}.json`), JSON.stringify(config))
  }

  async #untilReady(): Promise<void> {
    for (let attempt = 0; attempt < READY_ATTEMPTS; attempt++) {
      if (this.#programs.some((program) => !program.isRunning)) break
      const answer = await this.send('/readyz').catch(() => undefined)
      if (answer?.status === 200) return
      await wait(READY_PAUSE_MS)
    }
    throw new Error(`the API server is not ready:\n${this.lastWords().join('\n')}`)
  }
}

/** `--server-side --validate=strict`: an unknown or repeated field is an error. */
export const STRICT = ['--server-side', '--validate=strict'] as const

/** The names of the nodes. */
export const NODES = ['node-a', 'node-b', 'node-c'] as const

/** Each node is in a zone of its own. */
function buildNode(name: string): object {
  const labels = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'topology.kubernetes.io/zone': `zone-of-${name}`,
  }
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } }
}

/** Kinds that the cluster itself writes all the time. */
const BY_ITSELF = ['events', 'events.events.k8s.io', 'leases.coordination.k8s.io']

/** Looks again until nothing is wrong, for what controllers do in their own time; gives what is wrong at last. */
export async function eventually(look: () => Promise<Finding>): Promise<Finding> {
  for (let attempt = 1; ; attempt++) {
    const found = await look()
    if (found.length === 0 || attempt === SETTLE_ATTEMPTS) return found
    await wait(SETTLE_PAUSE_MS)
  }
}

/** What is there and was not there before, once the controllers have removed what they made. */
export function findLeft(cluster: Cluster, before: ReadonlySet<string>): Promise<Finding> {
  return eventually(async () =>
    [...(await listAll(cluster))]
      .filter((name) => !before.has(name))
      .map((name) => `left: ${name}`),
  )
}

/** All objects of all kinds, as `kind namespace/name`. */
export async function listAll(cluster: Cluster): Promise<ReadonlySet<string>> {
  const kinds = (await cluster.ask('api-resources', '--verbs=list', '-o', 'name'))
    .trim()
    .split('\n')
    .filter((kind) => !BY_ITSELF.includes(kind))
  const line = '{range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name}{"\\n"}{end}'
  const text = await cluster.ask('get', kinds.join(','), '-A', '-o', `jsonpath=${line}`)
  return new Set(text.trim().split('\n'))
}
