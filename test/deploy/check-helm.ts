import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'yaml'
import { SEALGATE } from '../support/program.ts'
import type { Checks, Finding } from './checks.ts'
import { runCommand } from './command.ts'
import { addComponent, type Manifest, nameOf, parseManifests, renderOverlay } from './render.ts'
import { checkAgainstSchema, checkForUnknownFields } from './schemas.ts'

const CHART = 'deploy/helm/sealgate'

/** Labels that Helm's conventions ask for, and kustomize has no value for. */
const HELM_LABELS = [
  'helm.sh/chart',
  'app.kubernetes.io/instance',
  'app.kubernetes.io/managed-by',
  'app.kubernetes.io/version',
]

/** An overlay, and the values with which the chart is the same. */
interface Pair {
  readonly overlay: 'gateway' | 'inject'
  /** A component that the overlay is given. */
  readonly component?: string
  readonly namespace: string
  readonly values: object
}

const SERVICE_ACCOUNT = {
  annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/sealgate' },
}

const PAIRS: readonly Pair[] = [
  {
    overlay: 'gateway',
    namespace: 'sealgate',
    values: {
      serviceAccount: SERVICE_ACCOUNT,
      gateway: { networkPolicy: { defaultDeny: true } },
      monitoring: { enabled: true },
    },
  },
  {
    overlay: 'gateway',
    component: 'sts',
    namespace: 'sealgate',
    values: {
      serviceAccount: SERVICE_ACCOUNT,
      gateway: { networkPolicy: { defaultDeny: true }, sts: { enabled: true } },
      monitoring: { enabled: true },
    },
  },
  {
    overlay: 'inject',
    namespace: 'sealgate-inject',
    values: { gateway: { enabled: false }, injector: { enabled: true } },
  },
]

/** Values that turn on what the defaults leave out. */
const VARIED = {
  nameOverride: 'seal',
  image: { digest: `sha256:${'0'.repeat(64)}`, pullPolicy: 'Always' },
  imagePullSecrets: [{ name: 'registry' }],
  commonLabels: { team: 'storage' },
  serviceAccount: { create: false, name: 'mine' },
  gateway: {
    certificate: { create: true, issuerRef: { kind: 'ClusterIssuer', name: 'internal' } },
    autoscaling: { enabled: false },
    replicas: 2,
    service: { type: 'LoadBalancer', port: 8443, annotations: { a: 'b' } },
    podAnnotations: { a: 'b' },
    podLabels: { a: 'b' },
    nodeSelector: { pool: 'storage' },
    tolerations: [{ key: 'storage', operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
    priorityClassName: 'high',
    extraEnv: [{ name: 'A', value: 'b' }],
    extraVolumes: [{ name: 'audit', emptyDir: {} }],
    extraVolumeMounts: [{ name: 'audit', mountPath: '/var/lib/sealgate' }],
  },
  injector: {
    enabled: true,
    failurePolicy: 'Fail',
    identity: { gatewayEndpoint: 'https://s3.corp', stsEndpoint: 'https://sts.corp' },
    nodeSelector: { pool: 'system' },
  },
  monitoring: { enabled: true, labels: { release: 'prometheus' }, runbookUrl: 'https://wiki.corp' },
}

/** Values that the schema refuses, and the word that the refusal has to have. */
const WRONG: readonly (readonly [values: object, word: string])[] = [
  [{ gateway: { replica: 3 } }, 'replica'],
  [{ gateway: { replicas: 0 } }, 'replicas'],
  [{ gateway: { config: { version: 2 } } }, 'version'],
  [{ gateway: { networkPolicy: { clientNamespaceLabels: 'x' } } }, 'clientNamespaceLabels'],
  [{ injector: { failurePolicy: 'ignore' } }, 'failurePolicy'],
  [{ image: { digest: 'latest' } }, 'digest'],
  [{ secrets: {} }, 'secrets'],
  [{ injector: { enabled: true, identity: { stsEndpoint: 'https://a' } } }, 'gatewayEndpoint'],
]

/** Renders the chart, and holds it against the overlays: neither says what the other does not. */
export async function checkHelm(
  checks: Checks,
  tools: string,
  deploy: string,
  work: string,
): Promise<void> {
  const folder = join(work, 'helm')
  mkdirSync(folder)
  const chart = new Chart(join(tools, 'helm/helm'), folder)
  checks.say(`# helm: ${(await runCommand(chart.helm, ['version', '--short'])).stdout.trim()}`)
  await checks.check('helm: lint finds nothing', async () => {
    const { status, stdout, stderr } = await runCommand(chart.helm, ['lint', '--strict', CHART])
    return status === 0 ? [] : [`${stdout}${stderr}`]
  })
  await checks.check('helm: its versions are those of package.json', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
    const own = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'))
    return [own.version, own.appVersion].filter((one) => one !== version)
  })
  await checks.check('helm: every value is in the schema with its own name', () =>
    findUndescribed(
      parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')),
      JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')),
    ),
  )
  for (const pair of PAIRS) {
    const { component } = pair
    const own =
      component === undefined ? pair.overlay : addComponent(deploy, pair.overlay, component)
    await checks.check(`helm: the same as the overlay ${own}`, async () => {
      const rendered = await chart.render(pair.namespace, pair.values)
      const overlay = await renderOverlay(`${tools}/kubectl/kubectl`, deploy, own)
      return compare(overlay, rendered, pair.namespace)
    })
  }
  await checks.check("helm: the page's values have the schema's names", async () => {
    const page = readFileSync('docs/deploy-gateway.md', 'utf8')
    const [, block = ''] = /^### With Helm.*?^```yaml\n(.*?)^```$/ms.exec(page) ?? []
    const objects = (await chart.render('sealgate', parse(block))).map(nameOf)
    const wanted = ['Certificate/sealgate', 'NetworkPolicy/default-deny', 'PrometheusRule/sealgate']
    return wanted.filter((name) => !objects.includes(name))
  })
  const varied = await chart.render('storage', VARIED)
  await checks.check('helm: other values are valid against the Kubernetes schemas', () =>
    checkAgainstSchema(tools, varied),
  )
  await checks.check('helm: other values make no unknown field', () =>
    checkForUnknownFields(tools, 'helm', varied),
  )
  await checks.check('helm: other values are where they belong', () => {
    const text = JSON.stringify(varied)
    const words = [
      '@sha256:000',
      '"mine"',
      'ClusterIssuer',
      'https://wiki.corp#',
      '"release":"pro',
      '=https://sts.corp"',
    ]
    return words.filter((word) => !text.includes(word))
  })
  await checks.check('helm: the configuration that it renders is good', async () => {
    const config = varied.find(({ data }) => data?.['config.yaml'] !== undefined)
    const file = join(folder, 'config.yaml')
    writeFileSync(file, config?.data?.['config.yaml'] ?? '')
    const args = [SEALGATE, 'check', '--config', file, '--no-files']
    const { status, stdout, stderr } = await runCommand(process.execPath, args)
    return status === 0 ? [] : [`${stdout}${stderr}`]
  })
  for (const [values, word] of WRONG) {
    await checks.check(`helm: ${JSON.stringify(values)} is refused`, async () => {
      const { status, stderr } = await chart.run('sealgate', values)
      return status !== 0 && stderr.includes(word) ? [] : [`${status}: ${stderr}`]
    })
  }
}

/** `helm template` with values. */
class Chart {
  readonly helm: string
  readonly #folder: string
  #count = 0

  constructor(helm: string, folder: string) {
    this.helm = helm
    this.#folder = folder
  }

  run(namespace: string, values: object) {
    this.#count += 1
    const file = join(this.#folder, `values-${this.#count}.json`)
    writeFileSync(file, JSON.stringify(values))
    const args = ['template', 'sealgate', CHART, '--namespace', namespace, '--values', file]
    return runCommand(this.helm, args)
  }

  async render(namespace: string, values: object): Promise<readonly Manifest[]> {
    const { status, stdout, stderr } = await this.run(namespace, values)
    if (status !== 0) throw new Error(stderr)
    return parseManifests(stdout).filter((manifest) => manifest !== null)
  }
}

function compare(
  overlay: readonly Manifest[],
  chart: readonly Manifest[],
  namespace: string,
): Finding {
  // Helm makes no namespace: `--create-namespace` does.
  const ours = overlay.filter(({ kind }) => kind !== 'Namespace').map(normal)
  const theirs = chart.map(normal)
  const names = new Set([...ours, ...theirs].map(nameOf))
  return [...names].flatMap((name) => {
    const one = ours.find((manifest) => nameOf(manifest) === name)
    const other = theirs.find((manifest) => nameOf(manifest) === name)
    if (one === undefined) return [`${name}: only in the chart`]
    if (other === undefined) return [`${name}: only in the overlay`]
    return differences(name, withoutNamespace(one, namespace), other)
  })
}

/** Without what belongs to one tool alone: Helm's labels, the hash in a name, a checksum. */
function normal(manifest: Manifest): Manifest {
  const text = JSON.stringify(manifest, (key, value) => {
    if (HELM_LABELS.includes(key) || key === 'checksum/config') return undefined
    return typeof value === 'string'
      ? value.replace(/^sealgate-config-\w{10}$/, 'sealgate-config')
      : value
  })
  return JSON.parse(text.replaceAll(',"annotations":{}', '').replaceAll('"annotations":{},', ''))
}

/** kustomize writes the namespace into each object, Helm leaves it to the client. */
function withoutNamespace(manifest: Manifest, namespace: string): Manifest {
  const { namespace: own, ...metadata } = manifest.metadata
  return own === namespace ? { ...manifest, metadata } : manifest
}

function differences(path: string, one: unknown, other: unknown): Finding {
  if (isDeepStrictEqual(one, other)) return []
  // The chart's selector leaves other pods of a shared namespace alone.
  if (path === 'NetworkPolicy/sealgate-inject.spec.podSelector') return []
  if (path.endsWith('.data.config.yaml'))
    return differences(`${path}:`, parse(String(one)), parse(String(other)))
  const isLabels = path.endsWith('.metadata.labels')
  if (!isTree(one) || !isTree(other)) {
    // The chart labels every object.
    if (isLabels && one === undefined) return []
    return [`${path}: ${JSON.stringify(one)} in the overlay, ${JSON.stringify(other)} in the chart`]
  }
  const keys = new Set([...Object.keys(one), ...(isLabels ? [] : Object.keys(other))])
  return [...keys].flatMap((key) => differences(`${path}.${key}`, one[key], other[key]))
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** A value that the schema describes by no property could be misspelt unnoticed. */
function findUndescribed(values: unknown, schema: unknown, path = 'values'): Finding {
  const { properties, additionalProperties } = Object(schema)
  if (properties === undefined || additionalProperties !== false || !isTree(values)) return []
  const missing = Object.keys(properties).filter((key) => !(key in values) && key !== 'global')
  return [
    ...missing
      .filter((key) => key !== 'claims')
      .map((key) => `${path}.${key}: in the schema, and not in values.yaml`),
    ...Object.entries(values).flatMap(([key, value]) =>
      key in properties
        ? findUndescribed(value, properties[key], `${path}.${key}`)
        : [`${path}.${key}: not in the schema`],
    ),
  ]
}
