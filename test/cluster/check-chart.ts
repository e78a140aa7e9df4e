import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from '../deploy/checks.ts'
import { type Completed, runCommand } from '../deploy/command.ts'
import { type Cluster, findLeft, listAll, type Stored } from './cluster.ts'
import { extractDeploy } from './extract-deploy.ts'
import type { Surroundings } from './inside.ts'
import { createNamespace } from './pods.ts'

const NAMESPACE = 'sealgate'

/** What the chart of 0.2.0 can install, in the namespace that docs/deploy-gateway.md makes. */
const VALUES = {
  gateway: {
    certificate: { create: true, issuerRef: { kind: 'ClusterIssuer', name: 'internal-ca' } },
    networkPolicy: { defaultDeny: true },
  },
  injector: { enabled: true },
  monitoring: { enabled: true, labels: { release: 'kube-prometheus-stack' } },
}

/** All that the chart can install. */
const ALL_VALUES = {
  ...VALUES,
  gateway: { ...VALUES.gateway, sts: { enabled: true } },
  injector: {
    enabled: true,
    identity: { gatewayEndpoint: 'https://s3.corp', stsEndpoint: 'https://sts.corp' },
  },
}

/** Installs the chart, upgrades it, goes back, and removes it. */
export async function checkChart(surroundings: Surroundings): Promise<void> {
  const { checks, cluster, tools, deploy, work } = surroundings
  const helm = new Helm(cluster, join(tools, 'helm/helm'), join(deploy, 'helm/sealgate'))
  await createNamespace(cluster, NAMESPACE)
  const before = await listAll(cluster)
  await checks.check('chart: installs, and its pods become ready', async () =>
    helm.expect(await helm.install(ALL_VALUES), cluster),
  )
  await checks.check('chart: all that it renders is valid, strictly', async () => {
    const file = join(work, 'rendered.yaml')
    writeFileSync(file, await helm.template(ALL_VALUES))
    const args = ['--server-side', '--validate=strict', '--dry-run=server', '--force-conflicts']
    const { status, stderr } = await cluster.kubectl('apply', ...args, '-n', NAMESPACE, '-f', file)
    return status === 0 && stderr === '' ? [] : [stderr]
  })
  await checks.check('chart: an upgrade keeps what controllers wrote', () =>
    checkUpgrade(cluster, helm),
  )
  await checks.check('chart: the webhook with Fail is one value', async () => {
    const injector = { ...ALL_VALUES.injector, failurePolicy: 'Fail' }
    const found = helm.expect(await helm.install({ ...ALL_VALUES, injector }), cluster)
    const [webhook] = await webhooksOf(cluster)
    return [...(await found), ...(webhook.failurePolicy === 'Fail' ? [] : [webhook.failurePolicy])]
  })
  await checks.check('chart: a rollback brings the first revision back', async () => {
    const found = helm.expect(await helm.run('rollback', 'sealgate', '1', ...WAIT), cluster)
    const [webhook] = await webhooksOf(cluster)
    return [
      ...(await found),
      ...(webhook.failurePolicy === 'Ignore' ? [] : [webhook.failurePolicy]),
    ]
  })
  await checks.check('chart: uninstalled, nothing is left', () =>
    checkUninstall(cluster, helm, before),
  )
  await checks.check('chart: that of 0.2.0 is upgraded to this one', async () => {
    const first = await extractDeploy('0.2.0', join(work, 'chart-before'))
    const old = new Helm(cluster, helm.program, join(first, 'helm/sealgate'))
    const found = [
      ...(await old.expect(await old.install(VALUES), cluster)),
      ...(await helm.expect(await helm.install(ALL_VALUES), cluster)),
    ]
    return [...found, ...(await checkUninstall(cluster, helm, before))]
  })
  await cluster.ask('delete', 'namespace', NAMESPACE)
}

const WAIT = ['--wait', '--timeout', '3m'] as const

/** Helm with the cluster's administrator. */
class Helm {
  readonly program: string
  readonly #cluster: Cluster
  readonly #chart: string

  constructor(cluster: Cluster, program: string, chart: string) {
    if (!existsSync(program)) throw new Error(`no ${program}`)
    this.program = program
    this.#cluster = cluster
    this.#chart = chart
  }

  run(...args: readonly string[]): Promise<Completed> {
    const { kubeconfig, folder } = this.#cluster
    const where = [`--kubeconfig=${kubeconfig}`, `--namespace=${NAMESPACE}`]
    return runCommand(this.program, [...args, ...where], {
      timeoutMs: 240_000,
      env: { HOME: folder },
    })
  }

  install(values: object): Promise<Completed> {
    const files = ['--values', this.#write(values)]
    return this.run('upgrade', '--install', 'sealgate', this.#chart, ...files, ...WAIT)
  }

  async template(values: object): Promise<string> {
    const args = ['template', 'sealgate', this.#chart, '--values', this.#write(values)]
    return (await this.run(...args)).stdout
  }

  /** What is wrong with a command that should have succeeded without a warning. */
  async expect({ status, stderr }: Completed, cluster: Cluster): Promise<Finding> {
    const words = stderr.split('\n').filter((line) => !/^(level=INFO|$)/.test(line))
    if (status === 0 && words.length === 0) return []
    const pods = await cluster.kubectl('get', 'pods', '-n', NAMESPACE, '-o', 'wide')
    return [`status ${status}`, stderr, pods.stdout]
  }

  #write(values: object): string {
    const file = join(this.#cluster.folder, 'values.json')
    writeFileSync(file, JSON.stringify(values))
    return file
  }
}

/** The caBundle that cert-manager has written, and the number that the autoscaler has set. */
async function checkUpgrade(cluster: Cluster, helm: Helm): Promise<Finding> {
  const three = '--for=jsonpath={.status.readyReplicas}=3'
  const deployment = ['-n', NAMESPACE, 'deployment/sealgate'] as const
  await cluster.ask('wait', three, ...deployment, '--timeout=120s')
  const caBundle = Buffer.from(cluster.authority.cert).toString('base64')
  const patch = [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: caBundle }]
  await cluster.ask(
    ...['patch', 'mutatingwebhookconfiguration', 'inject-sealgate', '--type=json'],
    ...[`--patch=${JSON.stringify(patch)}`, '--field-manager=cert-manager-cainjector'],
  )
  const config = { policy: { mode: 'enforce' } }
  const changed = { ...ALL_VALUES, gateway: { ...ALL_VALUES.gateway, config } }
  const found = await helm.expect(await helm.install(changed), cluster)
  const [webhook] = await webhooksOf(cluster)
  const { spec } = await cluster.get(...deployment)
  const stored = await cluster.get('-n', NAMESPACE, 'configmap/sealgate-config')
  return [
    ...found,
    ...(webhook.clientConfig.caBundle === caBundle ? [] : ['caBundle is gone']),
    ...(spec.replicas === 3 ? [] : [`replicas: ${spec.replicas}`]),
    ...(stored.data['config.yaml'].includes('mode: enforce') ? [] : ['not changed']),
  ]
}

async function webhooksOf(cluster: Cluster): Promise<readonly Stored[]> {
  return (await cluster.get('mutatingwebhookconfiguration', 'inject-sealgate')).webhooks
}

async function checkUninstall(
  cluster: Cluster,
  helm: Helm,
  before: ReadonlySet<string>,
): Promise<Finding> {
  const found = await helm.expect(await helm.run('uninstall', 'sealgate', ...WAIT), cluster)
  return [...found, ...(await findLeft(cluster, before))]
}
