import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Checks, Finding } from '../deploy/checks.ts'
import { type Cluster, eventually, STRICT, type Stored } from './cluster.ts'
import { withDisks } from './disks.ts'
import type { Surroundings } from './inside.ts'
import { buildPod, checkRefusal } from './pods.ts'
import { findRights } from './rights.ts'

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
    await withDisks(cluster, () =>
      checkEvidence(checks, cluster, join(overlays, 'gateway-evidence')),
    )
  } finally {
    await cluster.kubectl('delete', '-k', gateway, '--ignore-not-found')
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

async function checkAccess(checks: Checks, cluster: Cluster): Promise<void> {
  await checks.check('gateway: its account has no rights of its own, its pods hold no token', () =>
    findRights(cluster, 'sealgate', 'sealgate'),
  )
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
    await cluster.ask('apply', ...STRICT, '-k', evidence)
    await untilReady(cluster, 'statefulset/sealgate')
    await cluster.ask('delete', ...DEPLOYMENT)
    return eventually(async () => {
      const pods = (await cluster.get('pods', ...NAMESPACE)).items
      const kinds = pods.map(({ metadata }: Stored) => metadata.ownerReferences[0].kind).join()
      return kinds === 'StatefulSet,StatefulSet,StatefulSet' ? [] : [kinds]
    })
  })
  await checks.check('gateway-evidence: its claims outlive the StatefulSet', async () => {
    await cluster.ask('delete', ...NAMESPACE, 'statefulset/sealgate')
    const claims = (await cluster.get('persistentvolumeclaims', ...NAMESPACE)).items
    const states = claims.map(({ status }: Stored) => status.phase).join()
    return states === 'Bound,Bound,Bound' ? [] : [states]
  })
  await checks.check('gateway-evidence: its claims do not outlive the namespace', async () => {
    await cluster.ask('delete', '-k', evidence, '--ignore-not-found', '--timeout=120s')
    return eventually(async () => {
      const volumes = (await cluster.get('persistentvolumes')).items
      const phases = volumes.map(({ status }: Stored) => status.phase).join()
      return phases === 'Released,Released,Released' ? [] : [phases]
    })
  })
}
