import t from 'tap'
import { POD_LIST_MAX, parseAdmissionRequest } from '../../src/inject/admission-request.ts'
import { buildPatch } from '../../src/inject/build-patch.ts'
import { buildSidecarContainer } from '../../src/inject/sidecar-container.ts'
import { applyPatch } from './apply-patch.ts'
import { annotate, readRequest, readReview } from './read-review.ts'
import { SETTINGS } from './settings.ts'

const ENDPOINT = { name: 'AWS_ENDPOINT_URL_S3', value: SETTINGS.endpoint }
const REVIEWS_WITH_SIDECAR = ['deployment-pod', 'job-pod', 'bare-pod', 'own-endpoint-pod']

/** The review's document after its patch, and what its author is told. */
function inject(review: string) {
  const request = parseAdmissionRequest(review)
  if (!request.ok) throw new Error(request.error)
  const patch = buildPatch(request.value, SETTINGS)
  if (!patch.ok) throw new Error(patch.error)
  const document = JSON.parse(review)
  const pod = applyPatch(document.request.object, patch.value.operations)
  return {
    review: JSON.stringify({ ...document, request: { ...document.request, object: pod } }),
    patch: patch.value,
  }
}

function readSpec(review: string) {
  return JSON.parse(review).request.object.spec
}

t.test('the sidecar is the first init container, as a native sidecar', async (t) => {
  const spec = readSpec(inject(readReview('job-pod')).review)
  t.strictSame(
    spec.initContainers.map((container: { name: string }) => container.name),
    ['sealgate', 'migrate'],
  )
  t.strictSame(spec.initContainers[0], buildSidecarContainer(SETTINGS))
})

t.test('every container gets the endpoint, whatever environment it has', async (t) => {
  const spec = readSpec(inject(readReview('deployment-pod')).review)
  const [uploader, shipper] = spec.containers
  t.strictSame(
    uploader.env.map((entry: { name: string }) => entry.name),
    ['BUCKET', 'POD_IP', 'AWS_ENDPOINT_URL_S3'],
  )
  t.strictSame(shipper.env, [ENDPOINT])
})

t.test('a list of containers is kept to, and another ConfigMap is mounted', async (t) => {
  const spec = readSpec(inject(readReview('job-pod')).review)
  t.strictSame(spec.containers[0].env, [ENDPOINT])
  t.strictSame(spec.initContainers[1].env, [], 'not listed')
  t.strictSame(spec.volumes.at(-1), {
    name: 'sealgate-config',
    configMap: { name: 'sealgate-backup' },
  })
})

t.test('init containers get the endpoint too', async (t) => {
  const review = annotate(readReview('job-pod'), { 'sealgate/inject': 'true' })
  const spec = readSpec(inject(review).review)
  t.strictSame(spec.initContainers[1].env, [ENDPOINT])
})

t.test('a pod without volumes and init containers gets both', async (t) => {
  const spec = readSpec(inject(readReview('bare-pod')).review)
  t.equal(spec.initContainers.length, 1)
  t.strictSame(spec.volumes, [{ name: 'sealgate-config', configMap: { name: SETTINGS.configMap } }])
})

t.test('everything else of a pod stays as it was', async (t) => {
  for (const name of REVIEWS_WITH_SIDECAR) {
    const before = readSpec(readReview(name))
    const after = readSpec(inject(readReview(name)).review)
    for (const part of ['containers', 'initContainers', 'volumes']) {
      delete before[part]
      delete after[part]
    }
    t.strictSame(after, before, name)
  }
})

t.test('applied to its own outcome, the patch is empty', async (t) => {
  for (const name of REVIEWS_WITH_SIDECAR) {
    const once = inject(readReview(name))
    t.ok(once.patch.operations.length > 0, name)
    t.strictSame(inject(once.review).patch.operations, [], name)
  }
})

t.test('a container that is added later by another webhook gets the endpoint', async (t) => {
  const document = JSON.parse(inject(readReview('bare-pod')).review)
  document.request.object.spec.containers.push({ name: 'late', image: 'x' })
  const { review, patch } = inject(JSON.stringify(document))
  t.equal(patch.operations.length, 1)
  t.strictSame(readSpec(review).containers[1].env, [ENDPOINT])
  t.equal(readSpec(review).initContainers.length, 1)
})

t.test('a sidecar that the pod brings itself is kept', async (t) => {
  for (const list of ['containers', 'initContainers'] as const) {
    const document = JSON.parse(readReview('job-pod'))
    document.request.object.spec[list].push({ name: 'sealgate', image: 'mine' })
    const spec = readSpec(inject(JSON.stringify(document)).review)
    const all = [...spec.initContainers, ...spec.containers]
    t.strictSame(
      all.filter((container) => container.name === 'sealgate'),
      [{ name: 'sealgate', image: 'mine' }],
      list,
    )
  }
})

t.test('a container with an endpoint of its own keeps it, and its author is told', async (t) => {
  const { review, patch } = inject(readReview('own-endpoint-pod'))
  t.equal(readSpec(review).containers[0].env[0].value, 'https://minio.shop.example')
  t.match(patch.warnings, [/"uploader" sets AWS_ENDPOINT_URL_S3 itself/])
})

t.test('a container on a port of the sidecar is told of, whatever kind it is', async (t) => {
  const port = Number(new URL(SETTINGS.endpoint).port)
  const always = { restartPolicy: 'Always' }
  const warnings = (
    containers: readonly unknown[],
    initContainers: readonly unknown[] = [],
  ): readonly string[] => {
    const document = JSON.parse(readReview('bare-pod'))
    Object.assign(document.request.object.spec, { containers, initContainers })
    return inject(JSON.stringify(document)).patch.warnings
  }
  const clash = (name: string, more = {}) => ({ name, ports: [{ containerPort: port, ...more }] })
  const app = { name: 'app' }
  const sentence = (name: string, at = port) =>
    `container "${name}" listens on ${at}, as Sealgate does`
  t.strictSame(warnings([clash('app')]), [sentence('app')])
  t.strictSame(warnings([app], [{ ...clash('mesh'), ...always }]), [sentence('mesh')])
  t.strictSame(
    warnings([app], [clash('migrate')]),
    [sentence('migrate')],
    'the sidecar runs already',
  )
  const admin = { name: 'metrics', ...always, ports: [{ containerPort: SETTINGS.adminPort }] }
  t.strictSame(warnings([app], [admin]), [sentence('metrics', SETTINGS.adminPort)])
  t.strictSame(warnings([clash('app', { protocol: 'TCP' })]), [sentence('app')])
  t.strictSame(warnings([clash('app', { protocol: 'UDP' })]), [], 'another protocol')
  t.strictSame(warnings([{ name: 'app', ports: [{ containerPort: 8182 }] }], [app]), [])

  const late = JSON.parse(inject(readReview('bare-pod')).review)
  late.request.object.spec.initContainers.push({ ...clash('mesh'), ...always })
  t.strictSame(inject(JSON.stringify(late)).patch.warnings, [sentence('mesh')], 'added later')
})

t.test('a volume of the pod by the name of the configuration is used and told of', async (t) => {
  const injectWith = (volume: unknown) => {
    const document = JSON.parse(readReview('bare-pod'))
    document.request.object.spec.volumes = [volume]
    return JSON.stringify(document)
  }
  const name = 'sealgate-config'
  const same = inject(injectWith({ name, configMap: { name: SETTINGS.configMap } }))
  t.strictSame(same.patch.warnings, [], 'the volume that the webhook would add')
  for (const source of [
    { configMap: { name: 'mine' } },
    { secret: { secretName: 'mine' } },
    { projected: { sources: [] } },
    { hostPath: { path: '/etc' } },
  ]) {
    const { review, patch } = inject(injectWith({ name, ...source }))
    t.strictSame(readSpec(review).volumes, [{ name, ...source }])
    t.strictSame(patch.warnings, [
      `the sidecar reads its configuration from the pod's own volume "${name}", not from ConfigMap "${SETTINGS.configMap}"`,
    ])
  }
  const request = parseAdmissionRequest(injectWith({ name, emptyDir: {} }))
  const refused = request.ok && buildPatch(request.value, SETTINGS)
  t.match(refused, { ok: false, error: /emptyDir volume "sealgate-config" .*: rename it$/ })
  const other = inject(injectWith({ name: 'scratch', emptyDir: {} }))
  t.strictSame(other.patch.warnings, [])
  t.equal(readSpec(other.review).volumes.length, 2)
})

t.test('pods that do not ask, and excluded namespaces, are left alone', async (t) => {
  const nothing = { ok: true, value: { operations: [], warnings: [] } }
  t.strictSame(buildPatch(readRequest('pod-without-annotation'), SETTINGS), nothing)
  t.strictSame(buildPatch(readRequest('deployment'), SETTINGS), nothing)
  for (const namespace of SETTINGS.excludedNamespaces) {
    const request = { ...readRequest('deployment-pod'), namespace }
    t.strictSame(buildPatch(request, SETTINGS), nothing, namespace)
  }
  const review = annotate(readReview('bare-pod'), { 'sealgate/inject': 'false' })
  t.strictSame(inject(review).patch, nothing.value)
})

t.test('a pod that asks and cannot have the sidecar is refused', async (t) => {
  t.match(buildPatch(readRequest('host-network-pod'), SETTINGS), {
    ok: false,
    error: /hostNetwork/,
  })
  const windows = JSON.parse(readReview('bare-pod'))
  windows.request.object.spec.os = { name: 'windows' }
  const windowsNode = JSON.parse(readReview('bare-pod'))
  windowsNode.request.object.spec.nodeSelector = { 'kubernetes.io/os': 'windows' }
  const cases: readonly (readonly [string, RegExp])[] = [
    [JSON.stringify(windows), /Windows/],
    [JSON.stringify(windowsNode), /Windows/],
    [annotate(readReview('bare-pod'), { 'sealgate/inject': 'yes' }), /must be "true" or "false"/],
    ...['../etc', 'A', '-a', 'a..b', 'x'.repeat(254), ''].map(
      (name) =>
        [
          annotate(readReview('bare-pod'), { 'sealgate/inject': 'true', 'sealgate/config': name }),
          /not a ConfigMap's name/,
        ] as const,
    ),
    ...['nobody', 'aws,', 'sealgate'].map(
      (names) =>
        [
          annotate(readReview('bare-pod'), {
            'sealgate/inject': 'true',
            'sealgate/containers': names,
          }),
          /no container/,
        ] as const,
    ),
  ]
  for (const [review, error] of cases) {
    const request = parseAdmissionRequest(review)
    t.match(request.ok && buildPatch(request.value, SETTINGS), { ok: false, error })
  }
})

t.test('attack 5: what a pod repeats has a limit, and the answer too', async (t) => {
  const answer = (spec: unknown, containers?: string) => {
    const asked = { 'sealgate/inject': 'true' }
    const more = containers === undefined ? {} : { 'sealgate/containers': containers }
    const document = JSON.parse(annotate(readReview('bare-pod'), { ...asked, ...more }))
    document.request.object.spec = spec
    const request = parseAdmissionRequest(JSON.stringify(document))
    if (!request.ok) throw new Error(request.error)
    return buildPatch(request.value, SETTINGS)
  }
  const many = Array.from({ length: POD_LIST_MAX }, (_, i) => ({ name: `container-${i}` }))
  const names = many.map(({ name }) => name)
  const patched = answer({ containers: many }, names.join(', '))
  t.equal(patched.ok && patched.value.operations.length, POD_LIST_MAX + 2)
  t.match(answer({ containers: [...many, { name: 'one-more' }] }), { error: /more than 500/ })
  t.match(answer({ containers: many }, `${names.join()},${'x,'.repeat(20_000)}`), {
    error: /is longer than 32500 characters/,
  })
  const long = 'x'.repeat(30_000)
  t.match(answer({ containers: [{ name: 'a' }] }, long), { error: /no container "x{63}…"$/ })
  const env = [{ name: 'AWS_ENDPOINT_URL_S3', value: 'http://other' }]
  const ports = Array(10_000).fill({ containerPort: SETTINGS.adminPort })
  const warned = answer({ containers: [{ name: long, env, ports }] })
  const sentences = warned.ok ? warned.value.warnings : []
  t.equal(sentences.length, 2, 'a port is told of once')
  t.ok(sentences.every((sentence) => sentence.length < 150))
})

t.test('elements of lists that are no objects are passed by', async (t) => {
  const document = JSON.parse(readReview('bare-pod'))
  document.request.object.spec.containers[0].env = [null, 1, 'a', [], { name: 1 }]
  document.request.object.spec.containers[0].ports = [null, 1, { containerPort: 'x' }]
  const { review, patch } = inject(JSON.stringify(document))
  t.strictSame(readSpec(review).containers[0].env.at(-1), ENDPOINT)
  t.strictSame(patch.warnings, [])
})
