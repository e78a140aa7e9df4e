import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type KeyPair, mountCertificate, TestAuthority } from '../support/certificates.ts'
import { Program } from '../support/program.ts'
import { type Cluster, STRICT, type Stored } from './cluster.ts'

const OVERLAY = 'kustomize/overlays/inject'
const NAMESPACE = 'sealgate-inject'
const NAME = 'sealgate-inject'
const CONFIGURATION = 'mutatingwebhookconfiguration/inject-sealgate'
/** `--drain-delay` of the Deployment, and time to end. */
const STOP_MS = 40_000
/** The API server learns of a changed configuration by its watch, in a fraction of this. */
const WATCH_MS = 2_000

/** `sealgate inject`, run as the kubelet would run the first pod of its Deployment, behind its Service. */
export class Injector {
  readonly #cluster: Cluster
  readonly #folder: string
  #authority = new TestAuthority('/CN=sealgate-inject-ca')
  #program: Program | undefined
  #proxy: Server | undefined
  readonly #connections = new Set<Socket>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    // The Secret's mount; /run is of this suite alone.
    this.#folder = '/run/secrets/tls'
  }

  get output(): string {
    return `${this.#program?.stdout}${this.#program?.stderr}`
  }

  /** Applies the overlay. */
  async install(deploy: string): Promise<void> {
    await this.#cluster.ask('apply', ...STRICT, '-k', join(deploy, OVERLAY))
    await this.#cluster.ask('rollout', 'status', '-n', NAMESPACE, `deployment/${NAME}`)
  }

  async uninstall(deploy: string): Promise<void> {
    await this.#cluster.ask('delete', '-k', join(deploy, OVERLAY), '--ignore-not-found')
  }

  /** Starts it with the arguments that are stored in the cluster, and more. */
  async start(...more: readonly string[]): Promise<void> {
    this.mountCertificate()
    await this.trust(this.#authority)
    const [pod] = (
      await this.#cluster.get('pods', '-n', NAMESPACE, '-l', 'app.kubernetes.io/component=inject')
    ).items
    const [container] = pod.spec.containers
    const args = container.args.map((argument: string) => expand(argument, container.env, pod))
    this.#program = Program.sealgate([...args, ...more], { isAlone: true })
    await this.#program.waitFor(/"listening"/)
    this.#proxy ??= await this.#openService()
  }

  /** As at the end of a pod: SIGTERM. */
  async stop(): Promise<number | null | undefined> {
    const status = await this.#program?.stop(STOP_MS)
    this.#program = undefined
    return status
  }

  /** It takes connections and answers nothing, as on a node without CPU. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#program?.signal(name)
  }

  async close(): Promise<void> {
    await this.#program?.close()
    this.#proxy?.close()
    this.cutConnections()
  }

  /** The API server has to make a new connection, for which it looks at the certificate. */
  cutConnections(): void {
    for (const connection of this.#connections) connection.destroy()
  }

  /** A certificate of the authority, in place of the one before, as kubelet renews it. */
  mountCertificate(): void {
    const pair: KeyPair = this.#authority.issue({
      names: [`DNS:${NAME}.${NAMESPACE}.svc`, `DNS:${NAME}.${NAMESPACE}.svc.cluster.local`],
    })
    mountCertificate(this.#folder, pair)
  }

  /** A new authority, for certificates from now on; gives it and the one before. */
  replaceAuthority(): readonly [TestAuthority, TestAuthority] {
    const before = this.#authority
    this.#authority = new TestAuthority('/CN=sealgate-inject-ca')
    return [this.#authority, before]
  }

  /** Writes caBundle, as cert-manager's cainjector does. */
  async trust(...authorities: readonly TestAuthority[]): Promise<void> {
    const bundle = Buffer.from(authorities.map(({ cert }) => cert).join('')).toString('base64')
    const patch = [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: bundle }]
    await this.patch(patch, '--field-manager=cert-manager-cainjector')
  }

  /** A JSON patch of the webhook's configuration. */
  async patch(operations: readonly object[], ...args: readonly string[]): Promise<void> {
    const file = join(this.#cluster.folder, 'patch.json')
    writeFileSync(file, JSON.stringify(operations))
    await this.#cluster.ask('patch', CONFIGURATION, '--type=json', `--patch-file=${file}`, ...args)
    await wait(WATCH_MS)
  }

  /** In the place of kube-proxy: the Service's address leads to the process. */
  async #openService(): Promise<Server> {
    const service = await this.#cluster.get('service', NAME, '-n', NAMESPACE)
    const [port] = service.spec.ports
    const server = createServer((near) => {
      const far = connect(8443, '127.0.0.1')
      near.pipe(far).pipe(near)
      this.#connections.add(near)
      near.on('close', () => this.#connections.delete(near))
      near.on('error', () => far.destroy())
      far.on('error', () => near.destroy())
    })
    server.listen(port.port, service.spec.clusterIP)
    await once(server, 'listening')
    return server
  }
}

/** `$(NAME)`, as the kubelet expands it. */
function expand(argument: string, variables: readonly Stored[], pod: Stored): string {
  return argument.replace(/\$\((\w+)\)/g, (_, name: string) => {
    const variable = variables.find((candidate) => candidate.name === name)
    const path: string | undefined = variable?.valueFrom?.fieldRef?.fieldPath
    if (path === undefined) return variable?.value
    return path.split('.').reduce((value, key) => value[key], pod)
  })
}
