import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Checks, Finding } from '../deploy/checks.ts'
import { type Cluster, STRICT, type Stored } from './cluster.ts'
import type { Surroundings } from './inside.ts'
import { buildPod, checkRefusal } from './pods.ts'

const NAMESPACE = ['-n', 'sealgate'] as const
const DEPLOYMENT = [...NAMESPACE, 'deployment/sealgate'] as const

/** The gateway in the hands of Kubernetes' controllers, and what its accounts may do. */
export async function checkGateway({ checks, cluster, deploy }: Surroundings): Promise<void> {
  const overlays = join(deploy, 'kustomize/overlays')
  const gateway = join(overlays, 'gateway')
  try {
    await checks.check(
      'gateway: the autoscaler finds the Deployment, and makes it three',
      async () => {
        await cluster.ask('apply', ...STRICT, '-k', gateway)
        return untilReady(cluster, 'deployment/sealgate')
      },
    )
    await checkScaling(checks, cluster, gateway)
    await checkAccess(checks, cluster)
    await checkChange(checks, cluster, gateway)
    await checkEvidence(checks, cluster, join(overlays, 'gateway-evidence'))
  } finally {
    await cluster.kubectl('delete', '-k', gateway, '--ignore-not-found')
    await cluster.kubectl('delete', 'persistentvolume', '--all')
  }
}

async function untilReady(cluster: Cluster, name: string): Promise<Finding> {
  const three = '--for=jsonpath={.status.readyReplicas}=3'
  await cluster.ask('wait', ...NAMESPACE, three, name, '--timeout=120s')
  return []
}

async function checkScaling(checks: Checks, cluster: Cluster, gateway: string): Promise<void> {
  await checks.check('gateway: another apply leaves the number of replicas alone', async () => {
    await cluster.ask('apply', ...STRICT, '-k', gateway)
    const { spec } = await cluster.get(...DEPLOYMENT)
    return spec.replicas === 3 ? [] : [`replicas: ${spec.replicas}`]
  })
  await checks.check('gateway: its pods are spread over the zones', async () => {
    const pods = (await cluster.get('pods', ...NAMESPACE)).items
    const nodes = new Set(pods.map(({ spec }: Stored) => spec.nodeName))
    return nodes.size === 3 ? [] : [[...nodes].join()]
  })
  await checks.check('gateway: the disruption budget lets one pod go at a time', async () => {
    const allowed = '--for=jsonpath={.status.disruptionsAllowed}=1'
    await cluster.ask(
      'wait',
      ...NAMESPACE,
      allowed,
      'poddisruptionbudget/sealgate',
      '--timeout=60s',
    )
    const { status } = await cluster.get(...NAMESPACE, 'poddisruptionbudget/sealgate')
    return status.expectedPods === 3 ? [] : [JSON.stringify(status)]
  })
  await checks.check('gateway: a node drains, and its pod comes back elsewhere', async () => {
    const drain = ['--ignore-daemonsets', '--delete-emptydir-data', '--timeout=120s']
    await cluster.ask('drain', 'node-a', ...drain)
    await untilReady(cluster, 'deployment/sealgate')
    await cluster.ask('uncordon', 'node-a')
    return []
  })
}

/** What an account could do with the API, had it a token. */
async function listRights(cluster: Cluster, namespace: string, account: string): Promise<string> {
  const rights = await cluster.ask(
    ...['auth', 'can-i', '--list', '-n', namespace],
    `--as=system:serviceaccount:${namespace}:${account}`,
    ...[`--as-group=system:serviceaccounts:${namespace}`, '--as-group=system:serviceaccounts'],
    '--as-group=system:authenticated',
  )
  return rights.trim().split('\n').sort().join('\n')
}

async function checkAccess(checks: Checks, cluster: Cluster): Promise<void> {
  await checks.check(
    'gateway: its account may do what every account may, and no more',
    async () => {
      const own = await listRights(cluster, 'sealgate', 'sealgate')
      const others = await listRights(cluster, 'default', 'default')
      return own === others && own.includes('selfsubjectreviews') ? [] : [own, others]
    },
  )
  await checks.check('gateway: no role names its account', async () => {
    const bindings = (await cluster.get('rolebindings,clusterrolebindings', '-A')).items
    return bindings
      .filter((binding: Stored) => JSON.stringify(binding.subjects ?? []).includes('sealgate'))
      .map(({ metadata }: Stored) => metadata.name)
  })
  await checks.check('gateway: its pods hold no token for the API', async () => {
    const pods = (await cluster.get('pods', ...NAMESPACE)).items
    return pods
      .filter(({ spec }: Stored) => JSON.stringify(spec.volumes).includes('serviceAccountToken'))
      .map(({ metadata }: Stored) => metadata.name)
  })
  await checks.check('gateway: its namespace refuses a pod that is not restricted', async () => {
    const pod = buildPod('loose', 'sealgate', { annotations: {}, spec: { securityContext: {} } })
    return checkRefusal(await cluster.create(pod), 'violates PodSecurity "restricted')
  })
}

async function checkChange(checks: Checks, cluster: Cluster, gateway: string): Promise<void> {
  await checks.check('gateway: a changed configuration rolls the Deployment', async () => {
    const changed = `${gateway}-changed`
    cpSync(gateway, changed, { recursive: true })
    const file = join(changed, 'config.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace('mode: observe', 'mode: enforce'))
    const before = await currentConfiguration(cluster)
    await cluster.ask('apply', ...STRICT, '-k', changed)
    await cluster.ask('rollout', 'status', ...DEPLOYMENT, '--timeout=120s')
    const after = await currentConfiguration(cluster)
    await cluster.ask('rollout', 'undo', ...DEPLOYMENT)
    await cluster.ask('rollout', 'status', ...DEPLOYMENT, '--timeout=120s')
    const restored = await currentConfiguration(cluster)
    return before !== after && restored === before ? [] : [before, after, restored]
  })
}

/** The ConfigMap that the Deployment's pods read. */
async function currentConfiguration(cluster: Cluster): Promise<string> {
  const { spec } = await cluster.get(...DEPLOYMENT)
  const { volumes } = spec.template.spec
  return volumes.find(({ name }: Stored) => name === 'config').configMap.name
}

/** The way from a gateway that runs to one that keeps its trail: docs/deploy-gateway.md, section 9. */
async function checkEvidence(checks: Checks, cluster: Cluster, evidence: string): Promise<void> {
  await checks.check('gateway-evidence: takes the place of a running gateway', async () => {
    await cluster.apply(...[0, 1, 2].map(buildVolume))
    await cluster.ask('apply', ...STRICT, '-k', evidence)
    await untilReady(cluster, 'statefulset/sealgate')
    await cluster.ask('delete', ...DEPLOYMENT)
    const pods = (await cluster.get('pods', ...NAMESPACE)).items
    const names = pods.filter(({ metadata }: Stored) => !metadata.deletionTimestamp)
    const kinds = names.map(({ metadata }: Stored) => metadata.ownerReferences[0].kind).join()
    return kinds === 'StatefulSet,StatefulSet,StatefulSet' ? [] : [kinds]
  })
  await checks.check('gateway-evidence: its claims outlive the StatefulSet', async () => {
    await cluster.ask('delete', ...NAMESPACE, 'statefulset/sealgate')
    const claims = (await cluster.get('persistentvolumeclaims', ...NAMESPACE)).items
    const states = claims.map(({ status }: Stored) => status.phase).join()
    return states === 'Bound,Bound,Bound' ? [] : [states]
  })
  await checks.check('gateway-evidence: its claims do not outlive the namespace', async () => {
    await cluster.ask('delete', '-k', evidence, '--ignore-not-found', '--timeout=120s')
    const volumes = (await cluster.get('persistentvolumes')).items
    const phases = volumes.map(({ status }: Stored) => status.phase).join()
    return phases === 'Released,Released,Released' ? [] : [phases]
  })
}

/** A disk for a claim, of a driver that nobody asks here. */
function buildVolume(index: number): object {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `disk-${index}` },
    spec: {
      capacity: { storage: '50Gi' },
      accessModes: ['ReadWriteOncePod'],
      persistentVolumeReclaimPolicy: 'Retain',
      csi: { driver: 'disks.example.com', volumeHandle: `disk-${index}` },
    },
  }
}
