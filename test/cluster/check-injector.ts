import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { connect } from 'node:tls'
import type { Checks, Finding } from '../deploy/checks.ts'
import { type Cluster, eventually, type Stored } from './cluster.ts'
import { Injector } from './injector.ts'
import type { Surroundings } from './inside.ts'
import {
  ASKS,
  buildContainer,
  buildPod,
  buildPodTemplate,
  checkRefusal,
  checkSidecar,
  checkUntouched,
  createNamespace,
  createPod,
  namesOf,
  type PodOptions,
  variablesOf,
} from './pods.ts'
import { findRights } from './rights.ts'
import { addAnnotation, addContainer, type Change, SecondWebhook } from './second-webhook.ts'

/** The namespace of an application. */
const SHOP = 'shop'
const ATTEMPTS = 100
const PAUSE_MS = 100

/** Lets the API server call the injector, and looks at the pods that it stores. */
export async function checkInjector({ checks, cluster, deploy }: Surroundings): Promise<void> {
  const injector = new Injector(cluster)
  try {
    await checks.check('injector: runs as its stored pod says, behind its Service', async () => {
      await injector.install(deploy)
      await createNamespace(cluster, SHOP, { 'sealgate/injection': 'enabled' })
      await injector.start()
      return eventually(async () => checkSidecar((await create(cluster)).stored))
    })
    await checks.check('injector: its account has no rights of its own, its pods no token', () =>
      findRights(cluster, 'sealgate-inject', 'default'),
    )
    await checkPods(checks, cluster)
    await checkRefusals(checks, cluster)
    await checkNamespaces(checks, cluster)
    await checkWorkloads(checks, cluster)
    await checkReinvocation(checks, cluster)
    await checkRenewal(checks, cluster, injector)
    await checkAbsence(checks, cluster, injector)
  } finally {
    await injector.close()
    await cluster.ask('delete', 'namespace', SHOP)
    await injector.uninstall(deploy)
  }
}

let count = 0

/** Creates a pod in the shop under a name of its own. */
function create(cluster: Cluster, options: PodOptions = {}) {
  count += 1
  return createPod(cluster, buildPod(`pod-${count}`, SHOP, options))
}

/** Tries to create a pod in the shop. */
function attempt(cluster: Cluster, options: PodOptions, ...args: readonly string[]) {
  count += 1
  return cluster.create(buildPod(`pod-${count}`, SHOP, options), ...args)
}

async function checkPods(checks: Checks, cluster: Cluster): Promise<void> {
  await checks.check('injector: a pod that asks is stored with the sidecar', async () => {
    const { stored, warnings } = await create(cluster)
    const image = 'registry.example.com/sealgate:'
    const isOurs = stored.spec.initContainers?.[0]?.image.startsWith(image)
    return [...checkSidecar(stored), ...(isOurs && warnings === '' ? [] : [image, warnings])]
  })
  await checks.check('injector: a pod that does not ask is stored as it was sent', async () => {
    const { stored } = await create(cluster, { annotations: {} })
    return checkUntouched(stored)
  })
  await checks.check("injector: starts before the pod's own native sidecars", async () => {
    const own = buildContainer('cache', { restartPolicy: 'Always' })
    const spec = { initContainers: [buildContainer('migrate'), own] }
    const { stored } = await create(cluster, { spec })
    const order = namesOf(stored).join()
    const isNative = stored.spec.initContainers[2].restartPolicy === 'Always'
    return [
      ...checkSidecar(stored, ['migrate', 'cache', 'app']),
      ...(order === 'sealgate,migrate,cache,app' && isNative ? [] : [order]),
    ]
  })
  await checks.check('injector: only the named containers get the endpoint', async () => {
    const annotations = { ...ASKS, 'sealgate/containers': 'app', 'sealgate/config': 'own' }
    const spec = { containers: [buildContainer('app'), buildContainer('other')] }
    const { stored } = await create(cluster, { annotations, spec })
    const volume = stored.spec.volumes.find(({ name }: Stored) => name === 'sealgate-config')
    return [
      ...checkSidecar(stored),
      ...(variablesOf(stored, 'other').size === 0 ? [] : ['other has variables']),
      ...(volume.configMap.name === 'own' ? [] : [JSON.stringify(volume)]),
    ]
  })
  await checks.check(
    'injector: what a container sets itself stays, and kubectl warns',
    async () => {
      const env = [{ name: 'AWS_ENDPOINT_URL_S3', value: 'https://s3.example.com' }]
      const spec = { containers: [buildContainer('app', { env })] }
      const { stored, warnings } = await create(cluster, { spec })
      const value = variablesOf(stored, 'app').get('AWS_ENDPOINT_URL_S3')
      const isTold = warnings.includes('Warning: sealgate: ')
      return value === 'https://s3.example.com' && isTold ? [] : [`${value}`, warnings]
    },
  )
  await checks.check('injector: a dry run shows the sidecar and stores nothing', async () => {
    const { status, stdout, stderr } = await attempt(cluster, {}, '--dry-run=server', '-o', 'json')
    if (status !== 0) return [stderr]
    const shown = JSON.parse(stdout)
    const { stderr: missing } = await cluster.kubectl('get', 'pod', '-n', SHOP, shown.metadata.name)
    return [...checkSidecar(shown), ...(missing.includes('NotFound') ? [] : [missing])]
  })
}

/** Pods that ask and cannot have it, and the words that `kubectl` shows. */
const REFUSED: Readonly<Record<string, readonly [options: PodOptions, words: string]>> = {
  'a pod for Windows': [
    { spec: { os: { name: 'windows' }, securityContext: {} } },
    'the Sealgate sidecar does not run on Windows',
  ],
  'a pod for Windows by its node selector': [
    { spec: { nodeSelector: { 'kubernetes.io/os': 'windows' } } },
    'the Sealgate sidecar does not run on Windows',
  ],
  "a pod on its node's network": [
    { spec: { hostNetwork: true } },
    'its loopback is that of the node',
  ],
  'an annotation of another value': [
    { annotations: { 'sealgate/inject': 'yes' } },
    'annotation sealgate/inject must be "true" or "false"',
  ],
  'a container that does not exist': [
    { annotations: { ...ASKS, 'sealgate/containers': 'nginx' } },
    'no container "nginx"',
  ],
  'a role without a gateway': [
    { annotations: { 'sealgate/role': 'billing' } },
    'the webhook has no --gateway-endpoint',
  ],
}

async function checkRefusals(checks: Checks, cluster: Cluster): Promise<void> {
  for (const [name, [options, words]] of Object.entries(REFUSED)) {
    await checks.check(`injector: ${name} is refused with the reason`, async () =>
      checkRefusal(await attempt(cluster, options), words),
    )
  }
  await checks.check('injector: a pod for Windows that does not ask is stored', async () => {
    const spec = { os: { name: 'windows' }, securityContext: { runAsNonRoot: true } }
    const container = buildContainer('app', { securityContext: undefined })
    const options = { annotations: {}, spec: { ...spec, containers: [container] } }
    return checkUntouched((await create(cluster, options)).stored)
  })
  await checks.check(
    "injector: the reason is an event of the Deployment's ReplicaSet",
    async () => {
      const options = { spec: { hostNetwork: true } }
      await cluster.apply(buildDeployment('on-the-node', options))
      await cluster.ask(
        ...['wait', '-n', SHOP, 'deployment/on-the-node', '--timeout=60s'],
        '--for=condition=ReplicaFailure',
      )
      const deployment = await cluster.get('deployment', 'on-the-node', '-n', SHOP)
      const text = JSON.stringify(deployment.status.conditions)
      await cluster.ask('delete', 'deployment', 'on-the-node', '-n', SHOP)
      return text.includes('its loopback is that of the node') ? [] : [text]
    },
  )
}

async function checkNamespaces(checks: Checks, cluster: Cluster): Promise<void> {
  await checks.check('injector: a namespace without the label is left alone', async () => {
    await createNamespace(cluster, 'other')
    const { stored } = await createPod(cluster, buildPod('pod', 'other'))
    await cluster.ask('delete', 'namespace', 'other')
    return checkUntouched(stored)
  })
  for (const namespace of ['sealgate-inject', 'kube-system']) {
    await checks.check(`injector: ${namespace} is left alone, label or not`, async () => {
      const label = ['label', 'namespace', namespace]
      await cluster.ask(...label, 'sealgate/injection=enabled')
      const { stored } = await createPod(cluster, buildPod('left-alone', namespace))
      await cluster.ask('delete', 'pod', 'left-alone', '-n', namespace)
      await cluster.ask(...label, 'sealgate/injection-')
      return checkUntouched(stored)
    })
  }
}

/** Workloads whose pods a controller creates, by their name. */
const WORKLOADS: Readonly<Record<string, object>> = {
  deployment: buildDeployment('of-deployment'),
  'stateful set': {
    ...buildDeployment('of-stateful-set'),
    kind: 'StatefulSet',
  },
  'daemon set': {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'of-daemon-set', namespace: SHOP },
    spec: {
      selector: { matchLabels: { app: 'of-daemon-set' } },
      template: buildLabelled('of-daemon-set'),
    },
  },
  job: buildJob('of-job'),
}

async function checkWorkloads(checks: Checks, cluster: Cluster): Promise<void> {
  for (const [name, workload] of Object.entries(WORKLOADS)) {
    await checks.check(`injector: the pod of a ${name} has the sidecar`, async () => {
      await cluster.apply(workload)
      return checkSidecar(await firstPod(cluster, `of-${name.replaceAll(' ', '-')}`))
    })
  }
  await checks.check('injector: the pod of a cron job has the sidecar', async () => {
    const { spec } = buildJob('of-cron-job')
    const metadata = { name: 'nightly', namespace: SHOP }
    const cronSpec = { schedule: '0 3 * * *', jobTemplate: { spec } }
    await cluster.apply({ apiVersion: 'batch/v1', kind: 'CronJob', metadata, spec: cronSpec })
    await cluster.ask('create', 'job', '-n', SHOP, 'by-hand', '--from=cronjob/nightly')
    return checkSidecar(await firstPod(cluster, 'of-cron-job'))
  })
  await checks.check('injector: a Job with the sidecar completes', async () => {
    await cluster.ask('wait', '-n', SHOP, '--for=condition=Complete', 'job/of-job', '--timeout=60s')
    return []
  })
}

async function checkReinvocation(checks: Checks, cluster: Cluster): Promise<void> {
  await checks.check('injector: a container that a later webhook adds gets the endpoint', () =>
    withWebhook(cluster, addContainer, async () => {
      const { stored } = await create(cluster)
      const names = namesOf(stored).join()
      const isOnce = names === 'sealgate,app,late'
      return [...checkSidecar(stored, ['app', 'late']), ...(isOnce ? [] : [names])]
    }),
  )
  await checks.check('injector: a pod for which a later webhook asks has the sidecar', () =>
    withWebhook(cluster, addAnnotation, async () =>
      checkSidecar((await create(cluster, { annotations: {} })).stored),
    ),
  )
}

/** Looks while somebody else's webhook is called: the API server learns of it by its watch. */
async function withWebhook(
  cluster: Cluster,
  change: Change,
  look: () => Promise<Finding>,
): Promise<Finding> {
  const second = await SecondWebhook.open(change)
  try {
    await cluster.apply(second.configurationFor(SHOP))
    return await eventually(look)
  } finally {
    await cluster.ask('delete', 'mutatingwebhookconfiguration', 'zz-second')
    second.close()
  }
}

async function checkRenewal(checks: Checks, cluster: Cluster, injector: Injector): Promise<void> {
  await checks.check('injector: a renewed certificate is served, and pods go on', async () => {
    await renew(injector)
    return checkSidecar((await create(cluster)).stored)
  })
  await checks.check('injector: the authority changes while both are in caBundle', async () => {
    await injector.trust(...injector.replaceAuthority())
    const { stored: old } = await create(cluster)
    await renew(injector)
    const { stored } = await create(cluster)
    return [...checkSidecar(old), ...checkSidecar(stored)]
  })
  await checks.check(
    'injector: with a certificate of another authority it is not called, until caBundle has it',
    async () => {
      const authorities = injector.replaceAuthority()
      await renew(injector)
      const { stored: before } = await create(cluster)
      await injector.trust(...authorities)
      const { stored: after } = await create(cluster)
      return [...checkUntouched(before), ...checkSidecar(after)]
    },
  )
}

/** Renews the certificate, and waits until new connections get it. */
async function renew(injector: Injector): Promise<void> {
  const before = await servedSerial()
  injector.mountCertificate()
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if ((await servedSerial()) !== before) return injector.cutConnections()
    await wait(PAUSE_MS)
  }
  throw new Error(`served still: ${before}\n${injector.output}`)
}

/** The serial number of the certificate that a new connection gets. */
async function servedSerial(): Promise<string> {
  const socket = connect({ port: 8443, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber
}

async function checkAbsence(checks: Checks, cluster: Cluster, injector: Injector): Promise<void> {
  const failed = 'failed calling webhook "pods.inject.sealgate"'
  await checks.check('injector: without an answer, with Ignore, pods start later, without it', () =>
    whileFrozen(injector, async () => checkUntouched((await create(cluster)).stored)),
  )
  await checks.check('injector: while it stops it answers still, and ends with 0', async () => {
    const stopping = injector.stop()
    const { stored } = await create(cluster)
    const status = await stopping
    return [...checkSidecar(stored), ...(status === 0 ? [] : [`status ${status}`])]
  })
  await checks.check('injector: away, with Ignore, pods start without the sidecar', async () =>
    checkUntouched((await create(cluster)).stored),
  )
  await checks.check(
    'injector: away, with Fail, a pod is refused, whether it asks or not',
    async () => {
      await injector.patch([{ op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Fail' }])
      return [
        ...checkRefusal(await attempt(cluster, {}), failed),
        ...checkRefusal(await attempt(cluster, { annotations: {} }), failed),
      ]
    },
  )
  await checks.check('injector: away, with Fail, its own pods start all the same', async () => {
    const selector = ['-n', 'sealgate-inject', '-l', 'app.kubernetes.io/component=inject'] as const
    const before = (await cluster.get('pods', ...selector)).items.map(uidOf)
    await cluster.ask('label', 'namespace', 'sealgate-inject', 'sealgate/injection=enabled')
    await cluster.ask('delete', 'pods', ...selector)
    return eventually(async () => {
      const pods = (await cluster.get('pods', ...selector)).items
      const isNew = pods.length === 2 && pods.every((pod: Stored) => !before.includes(uidOf(pod)))
      return isNew && pods.every(isReady) ? [] : [JSON.stringify(pods.map(uidOf)), `${before}`]
    })
  })
  await checks.check('injector: back, with Fail, pods get the sidecar', async () => {
    await injector.start()
    return checkSidecar((await create(cluster)).stored)
  })
  await checks.check('injector: without an answer, with Fail, a pod is refused', () =>
    whileFrozen(injector, async () => checkRefusal(await attempt(cluster, {}), failed)),
  )
}

/** The process stands still: connections come up, and nothing is answered. */
async function whileFrozen(injector: Injector, look: () => Promise<Finding>): Promise<Finding> {
  injector.signal('SIGSTOP')
  try {
    return await look()
  } finally {
    injector.signal('SIGCONT')
  }
}

function uidOf({ metadata }: Stored): string {
  return metadata.uid
}

function isReady({ status }: Stored): boolean {
  return status.conditions?.some(
    ({ type, status: value }: Stored) => type === 'Ready' && value === 'True',
  )
}

/** The first pod of an application, once its controller has made it. */
async function firstPod(cluster: Cluster, app: string): Promise<Stored> {
  let pod: Stored
  const found = await eventually(async () => {
    pod = (await cluster.get('pods', '-n', SHOP, '-l', `app=${app}`)).items[0]
    return pod === undefined ? [`no pod of ${app}`] : []
  })
  if (found.length > 0) throw new Error(found.join())
  return pod
}

function buildLabelled(app: string, options: PodOptions = {}) {
  const { metadata, spec } = buildPodTemplate(options)
  return { metadata: { ...metadata, labels: { app } }, spec }
}

function buildDeployment(name: string, options: PodOptions = {}): object {
  const template = buildLabelled(name, options)
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: SHOP },
    spec: { selector: { matchLabels: { app: name } }, template },
  }
}

function buildJob(name: string) {
  const template = buildLabelled(name, { spec: { restartPolicy: 'Never' } })
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: SHOP },
    spec: { template },
  }
}
