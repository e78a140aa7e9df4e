import type { Completed } from '../deploy/command.ts'
import type { Cluster, Stored } from './cluster.ts'

/** A container that the pod security standard `restricted` admits. */
export function buildContainer(name: string, more: object = {}): object {
  return {
    name,
    image: 'registry.example.com/app:1',
    resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '16Mi' } },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    ...more,
  }
}

export interface PodOptions {
  readonly annotations?: Readonly<Record<string, string>>
  /** Fields of its spec. */
  readonly spec?: object
}

/** The part of a pod or of a pod template that both have. */
export function buildPodTemplate({ annotations, spec }: PodOptions = {}) {
  return {
    metadata: { annotations: annotations ?? ASKS, labels: { app: 'app' } },
    spec: {
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [buildContainer('app')],
      ...spec,
    },
  }
}

/** The annotation that asks for the sidecar. */
export const ASKS = { 'sealgate/inject': 'true' } as const

export function buildPod(name: string, namespace: string, options: PodOptions = {}) {
  const { metadata, spec } = buildPodTemplate(options)
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name, namespace }, spec }
}

/** Creates the pod and gives it as the API server has stored it, and what `kubectl` warned of. */
export async function createPod(
  cluster: Cluster,
  pod: ReturnType<typeof buildPod>,
): Promise<{ readonly stored: Stored; readonly warnings: string }> {
  const { status, stderr } = await cluster.create(pod)
  if (status !== 0) throw new Error(`not created: ${stderr}`)
  const { name, namespace } = pod.metadata
  return { stored: await cluster.get('pod', name, `--namespace=${namespace}`), warnings: stderr }
}

/** What is wrong with a refusal: it has to come, and to say this. */
export function checkRefusal(
  { status, stdout, stderr }: Completed,
  reason: string,
): readonly string[] {
  return status !== 0 && stderr.includes(reason) ? [] : [`status ${status}`, stdout, stderr]
}

/** Names of init containers and containers, in their order. */
export function namesOf(pod: Stored): readonly string[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(({ name }) => name)
}

/** A container's variables by name. */
export function variablesOf(pod: Stored, container: string): ReadonlyMap<string, string> {
  const all: readonly Stored[] = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
  const found = all.find(({ name }) => name === container)
  return new Map((found?.env ?? []).map(({ name, value }: Stored) => [name, value]))
}

/** What is wrong with a pod that should have the sidecar, for these containers. */
export function checkSidecar(
  pod: Stored,
  containers: readonly string[] = ['app'],
): readonly string[] {
  const [first] = pod.spec.initContainers ?? []
  const volume = (pod.spec.volumes ?? []).find(({ name }: Stored) => name === 'sealgate-config')
  const isOk =
    first?.name === 'sealgate' && first.restartPolicy === 'Always' && volume !== undefined
  return [
    ...(isOk ? [] : [`no sidecar: ${JSON.stringify(pod.spec)}`]),
    ...containers
      .filter((name) => variablesOf(pod, name).get(ENDPOINT) !== 'http://127.0.0.1:8080')
      .map((name) => `${name}: no endpoint`),
  ]
}

/** What is wrong with a pod that should be as it was sent. */
export function checkUntouched(pod: Stored): readonly string[] {
  const hasSidecar = namesOf(pod).includes('sealgate')
  const hasEndpoint = namesOf(pod).some((name) => variablesOf(pod, name).has(ENDPOINT))
  return hasSidecar || hasEndpoint ? [JSON.stringify(pod.spec)] : []
}

const ENDPOINT = 'AWS_ENDPOINT_URL_S3'

/** Makes a namespace that admits restricted pods alone, and waits for what controllers put into it. */
export async function createNamespace(
  cluster: Cluster,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { ...restricted, ...labels } },
  })
  for (const object of ['serviceaccount/default', 'configmap/kube-root-ca.crt']) {
    await cluster.ask('wait', object, '-n', name, '--for=create', '--timeout=60s')
  }
}
