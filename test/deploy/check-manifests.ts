import { BlockList, isIPv6 } from 'node:net'
import type { Checks, Finding } from './checks.ts'
import { runCommand } from './command.ts'
import { type Container, containersOf, type PodSpec, podSpecOf } from './pod-templates.ts'
import {
  addComponent,
  type Manifest,
  nameOf,
  OVERLAYS,
  renderOverlay,
  renderOwnOverlay,
} from './render.ts'
import { checkAgainstSchema, checkForUnknownFields } from './schemas.ts'

const INJECT = [
  'Namespace/sealgate-inject',
  'Deployment/sealgate-inject',
  'Service/sealgate-inject',
  'PodDisruptionBudget/sealgate-inject',
  'NetworkPolicy/sealgate-inject',
  'Issuer/sealgate-inject',
  'Issuer/sealgate-inject-root',
  'Certificate/sealgate-inject',
  'Certificate/sealgate-inject-ca',
  'MutatingWebhookConfiguration/inject-sealgate',
] as const

/** What each overlay must hold, by kind and name. */
const EXPECTED: Readonly<Record<(typeof OVERLAYS)[number], readonly string[]>> = {
  sidecar: [
    'Namespace/uploads',
    'ServiceAccount/sealgate',
    'Deployment/uploader',
    'Job/upload-once',
  ],
  gateway: [
    'Namespace/sealgate',
    'ServiceAccount/sealgate',
    'Deployment/sealgate',
    'Service/sealgate',
    'HorizontalPodAutoscaler/sealgate',
    'PodDisruptionBudget/sealgate',
    'NetworkPolicy/sealgate',
    'NetworkPolicy/default-deny',
    'ServiceMonitor/sealgate',
    'PodMonitor/sealgate-sidecar',
    'PrometheusRule/sealgate',
    'ConfigMap/sealgate-dashboard',
  ],
  'gateway-clients': ['Namespace/billing', 'NetworkPolicy/s3-only-through-sealgate'],
  'gateway-evidence': [
    'StatefulSet/sealgate',
    'Service/sealgate',
    'Service/sealgate-replicas',
    'HorizontalPodAutoscaler/sealgate',
    'PodDisruptionBudget/sealgate',
    'NetworkPolicy/sealgate',
    'NetworkPolicy/default-deny',
  ],
  inject: INJECT,
  'inject-gateway': INJECT,
}

/** Renders every overlay and checks what comes out. */
export async function checkManifests(checks: Checks, tools: string, deploy: string): Promise<void> {
  const kubectl = `${tools}/kubectl/kubectl`
  const version = await runCommand(kubectl, ['version', '--client'])
  checks.say(`# kubectl: ${version.stdout.trim().replaceAll('\n', ', ')}`)
  const rendered = new Map<string, readonly Manifest[]>()
  for (const overlay of OVERLAYS) {
    await checks.check(`${overlay}: kubectl kustomize renders all of it`, async () => {
      const manifests = await renderOverlay(kubectl, deploy, overlay)
      rendered.set(overlay, manifests)
      const names = manifests.map(nameOf)
      return EXPECTED[overlay]
        .filter((name) => !names.includes(name))
        .map((name) => `not rendered: ${name}`)
    })
    const manifests = rendered.get(overlay) ?? []
    await checks.check(`${overlay}: valid against the Kubernetes schemas`, () =>
      checkAgainstSchema(tools, manifests),
    )
    await checks.check(`${overlay}: no unknown field`, () =>
      checkForUnknownFields(tools, overlay, manifests),
    )
    await checks.check(`${overlay}: pod security standard restricted`, () =>
      forEachPod(manifests, findUnrestricted),
    )
    await checks.check(`${overlay}: resources and probes are set`, () =>
      forEachPod(manifests, (pod) => containersOf(pod).flatMap(findUnbounded)),
    )
    await checks.check(`${overlay}: every namespaced object has its namespace`, () =>
      findWithoutNamespace(manifests),
    )
  }
  const withSts = addComponent(deploy, 'gateway', 'sts')
  rendered.set(withSts, await renderOverlay(kubectl, deploy, withSts))
  await checkChecks(checks, tools, rendered.get('gateway') ?? [])
  let own: readonly Manifest[] = []
  await checks.check('own overlay: the gateway as a remote base', async () => {
    own = await renderOwnOverlay(kubectl, deploy)
    const names = own.map(nameOf)
    return EXPECTED.gateway.filter((name) => !names.includes(name))
  })
  await checkMeanings(checks, rendered, own)
}

/** A schema check that finds nothing is worth something only when it finds what is wrong. */
async function checkChecks(
  checks: Checks,
  tools: string,
  manifests: readonly Manifest[],
): Promise<void> {
  const spoil = (instead: string): readonly Manifest[] =>
    manifests
      .filter((manifest) => nameOf(manifest) === 'Deployment/sealgate')
      .map((manifest): Manifest => {
        return JSON.parse(JSON.stringify(manifest).replace('"containerPort":8443', instead))
      })
  await checks.check('a wrong type is found', async () => {
    const findings = await checkAgainstSchema(tools, spoil('"containerPort":"x"'))
    return findings.some((text) => text.includes('containerPort')) ? [] : ['not found', ...findings]
  })
  await checks.check('an unknown field is found', async () => {
    const findings = await checkForUnknownFields(
      tools,
      'spoilt',
      spoil('"containerPort":8443,"extra":1'),
    )
    return findings.some((text) => text.includes('"extra"')) ? [] : ['not found', ...findings]
  })
}

/** Checks of single facts that a schema cannot know. */
async function checkMeanings(
  checks: Checks,
  rendered: ReadonlyMap<string, readonly Manifest[]>,
  own: readonly Manifest[],
): Promise<void> {
  const find = (overlay: string, name: string): Manifest => {
    const manifest = rendered.get(overlay)?.find((candidate) => nameOf(candidate) === name)
    if (manifest === undefined) throw new Error(`${overlay}: no ${name}`)
    return manifest
  }
  await checks.check('sidecar: native sidecar, started first, in Deployment and Job', () =>
    ['Deployment/uploader', 'Job/upload-once'].flatMap((name) => {
      const pod = podSpecOf(find('sidecar', name))
      const first = pod?.initContainers?.[0]
      const app = pod?.containers.find((container) => container.name === 'app')
      const endpoint = app?.env?.find((entry) => entry.name === 'AWS_ENDPOINT_URL_S3')?.value
      return [
        ...(first?.name === 'sealgate' && first.restartPolicy === 'Always'
          ? []
          : [`${name}: sidecar`]),
        ...(endpoint === 'http://127.0.0.1:8080' ? [] : [`${name}: endpoint ${endpoint}`]),
      ]
    }),
  )
  await checks.check(
    'own overlay: ConfigMap and Secret have a hash and the Deployment uses them',
    () => {
      const names = own.map((manifest) => manifest.metadata.name)
      const deployment = own.find((manifest) => nameOf(manifest) === 'Deployment/sealgate')
      const pod = JSON.stringify(deployment === undefined ? {} : podSpecOf(deployment))
      return ['sealgate-config-', 'sealgate-clients-'].flatMap((prefix) => {
        const name = names.find((candidate) => candidate.startsWith(prefix))
        return name !== undefined && pod.includes(`"${name}"`) ? [] : [`${prefix}… is not used`]
      })
    },
  )
  await checks.check(
    'gateway: egress to S3, STS and Pod Identity, IPv6 too, not to metadata',
    () => {
      const spec = Object(find('gateway', 'NetworkPolicy/sealgate').spec)
      const allows = (address: string, port: number): boolean =>
        spec.egress.some((rule: Rule) => allowsAddress(rule, address, port))
      const open: readonly (readonly [string, number])[] = [
        ['203.0.113.7', 443],
        ['2001:db8::7', 443],
        ['169.254.170.23', 80],
        ['fd00:ec2::23', 80],
        ['169.254.20.10', 53],
      ]
      const closed: readonly (readonly [string, number])[] = [
        ['169.254.169.254', 80],
        ['169.254.169.254', 443],
        ['fd00:ec2::254', 80],
        ['fd00:ec2::254', 443],
        ['203.0.113.7', 80],
      ]
      return [
        ...open.filter(([address, port]) => !allows(address, port)).map((to) => `closed: ${to}`),
        ...closed.filter(([address, port]) => allows(address, port)).map((to) => `open: ${to}`),
      ]
    },
  )
  await checks.check('gateway-clients: reaches every port that the gateway opens to it', () => {
    const portsOf = ({ ports }: Rule): string => (ports ?? []).map(({ port }) => port).join()
    const gateway = Object(find('gateway-sts', 'NetworkPolicy/sealgate').spec)
    const clients = Object(find('gateway-clients', 'NetworkPolicy/s3-only-through-sealgate').spec)
    const toGateway = clients.egress.find(({ to }: Rule) =>
      JSON.stringify(to).includes('{"kubernetes.io/metadata.name":"sealgate"}'),
    )
    const [opened, reached] = [portsOf(gateway.ingress[0]), portsOf(toGateway)]
    return opened === '8443,8444' && reached === opened ? [] : [`${opened}: ${reached}`]
  })
  await checks.check("gateway: the replicas are the autoscaler's, and spread", () => {
    const spec = Object(find('gateway', 'Deployment/sealgate').spec)
    return [
      ...(spec.replicas === undefined ? [] : ['the Deployment sets replicas']),
      ...(spec.template.spec.topologySpreadConstraints?.length === 2 ? [] : ['not spread']),
    ]
  })
  await checks.check('gateway-evidence: a disk for each replica, which outlives the pod', () => {
    const set = find('gateway-evidence', 'StatefulSet/sealgate')
    const scaler = Object(find('gateway-evidence', 'HorizontalPodAutoscaler/sealgate').spec)
    const spec = Object(set.spec)
    const [claim] = spec.volumeClaimTemplates
    const { whenDeleted, whenScaled } = spec.persistentVolumeClaimRetentionPolicy
    const hasDeployment = rendered
      .get('gateway-evidence')
      ?.some((manifest) => manifest.kind === 'Deployment')
    return [
      ...(hasDeployment ? ['the Deployment is there too'] : []),
      ...(scaler.scaleTargetRef.kind === set.kind ? [] : ['the autoscaler scales something else']),
      ...(claim.metadata.name === 'audit' ? [] : ['no claim']),
      ...(whenDeleted === 'Retain' && whenScaled === 'Retain' ? [] : ['claims go with the pods']),
      ...('strategy' in spec ? ['a StatefulSet has no strategy'] : []),
    ]
  })
  await checks.check("inject: the caBundle outlives the webhook's certificate", () => {
    const certificate = Object(find('inject', 'Certificate/sealgate-inject').spec)
    const issuer = Object(find('inject', `Issuer/${certificate.issuerRef.name}`).spec)
    const authority = Object(find('inject', 'Certificate/sealgate-inject-ca').spec)
    return authority.isCA === true && issuer.ca?.secretName === authority.secretName
      ? []
      : ['a certificate that is its own authority is not trusted while it is being renewed']
  })
  await checks.check(
    "inject: called before EKS's webhook, which gives the sidecar its role",
    () => {
      const { name } = find('inject', 'MutatingWebhookConfiguration/inject-sealgate').metadata
      return name < 'pod-identity-webhook' ? [] : [`${name} is called later`]
    },
  )
  await checks.check('inject: failurePolicy Ignore, own namespace excluded, same image', () => {
    const [webhook] = Object(
      find('inject', 'MutatingWebhookConfiguration/inject-sealgate').webhooks,
    )
    const excluded: readonly string[] = webhook.namespaceSelector.matchExpressions.find(
      (expression: { operator: string }) => expression.operator === 'NotIn',
    ).values
    const pod = podSpecOf(find('inject', 'Deployment/sealgate-inject'))
    const container = pod?.containers[0]
    const image = container?.env?.find((entry) => entry.name === 'SIDECAR_IMAGE')?.value
    return [
      ...(webhook.failurePolicy === 'Ignore' ? [] : [`failurePolicy ${webhook.failurePolicy}`]),
      ...(excluded.includes('sealgate-inject') ? [] : ['own namespace']),
      ...(image === container?.image ? [] : [`sidecar image ${image}`]),
    ]
  })
}

/** What a NetworkPolicy lets pass. */
interface Rule {
  readonly to?: readonly { readonly ipBlock?: { readonly cidr: string; except?: string[] } }[]
  readonly ports?: readonly { readonly port: number }[]
}

/** Whether an egress rule of a NetworkPolicy lets packets to this address and port out. */
function allowsAddress({ to, ports }: Rule, address: string, port: number): boolean {
  const isIn = (cidr: string): boolean => {
    const [network = '', length = ''] = cidr.split('/')
    // A BlockList takes an IPv4 address for one of ::/0.
    if (family(network) !== family(address)) return false
    const list = new BlockList()
    list.addSubnet(network, Number(length), family(network))
    return list.check(address, family(address))
  }
  const isBlock = (to ?? []).some(
    ({ ipBlock }) =>
      ipBlock !== undefined && isIn(ipBlock.cidr) && !(ipBlock.except ?? []).some(isIn),
  )
  return isBlock && (ports ?? []).some((allowed) => allowed.port === port)
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4'
}

function forEachPod(
  manifests: readonly Manifest[],
  find: (pod: PodSpec) => readonly string[],
): Finding {
  return manifests.flatMap((manifest) => {
    const pod = podSpecOf(manifest)
    return pod === undefined ? [] : find(pod).map((text) => `${nameOf(manifest)}: ${text}`)
  })
}

/** Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted */
function findUnrestricted(pod: PodSpec): readonly string[] {
  const findings = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => pod[field])
  const volumes = (pod.volumes ?? []).filter((volume) => volume.hostPath !== undefined)
  return [
    ...findings,
    ...volumes.map((volume) => `hostPath ${volume.name}`),
    ...containersOf(pod).flatMap((container) => findUnrestrictedContainer(pod, container)),
  ]
}

function findUnrestrictedContainer(pod: PodSpec, container: Container): readonly string[] {
  const own = container.securityContext ?? {}
  const nonRoot = own.runAsNonRoot ?? pod.securityContext?.runAsNonRoot
  const user = own.runAsUser ?? pod.securityContext?.runAsUser
  const seccomp = own.seccompProfile ?? pod.securityContext?.seccompProfile
  const isOurs = container.name === 'sealgate' || container.name === 'inject'
  const isOk: Readonly<Record<string, boolean>> = {
    allowPrivilegeEscalation: own.allowPrivilegeEscalation === false,
    privileged: own.privileged !== true,
    runAsNonRoot: nonRoot === true && user !== 0,
    seccompProfile: seccomp?.type === 'RuntimeDefault' || seccomp?.type === 'Localhost',
    'capabilities.drop': own.capabilities?.drop?.includes('ALL') === true,
    'capabilities.add': (own.capabilities?.add ?? []).every((name) => name === 'NET_BIND_SERVICE'),
    readOnlyRootFilesystem: !isOurs || own.readOnlyRootFilesystem === true,
  }
  return Object.keys(isOk)
    .filter((field) => isOk[field] !== true)
    .map((field) => `container ${container.name}: ${field}`)
}

function findUnbounded(container: Container): readonly string[] {
  const { requests, limits } = container.resources ?? {}
  const isOk: Readonly<Record<string, boolean>> = {
    'requests.cpu': requests?.cpu !== undefined,
    'requests.memory': requests?.memory !== undefined,
    'limits.memory': limits?.memory !== undefined,
  }
  const findings = Object.keys(isOk).filter((field) => isOk[field] !== true)
  if (container.name === 'sealgate' || container.name === 'inject') {
    const probes = ['startupProbe', 'readinessProbe', 'livenessProbe'] as const
    findings.push(...probes.filter((probe) => container[probe] === undefined))
  }
  return findings.map((field) => `container ${container.name}: no ${field}`)
}

const CLUSTER_KINDS = ['Namespace', 'MutatingWebhookConfiguration']

function findWithoutNamespace(manifests: readonly Manifest[]): Finding {
  return manifests
    .filter(
      ({ kind, metadata }) => !CLUSTER_KINDS.includes(kind) && metadata.namespace === undefined,
    )
    .map(nameOf)
}
