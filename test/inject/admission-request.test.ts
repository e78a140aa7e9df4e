import t from 'tap'
import {
  type AdmissionRequest,
  POD_LIST_MAX,
  type Pod,
  parseAdmissionRequest,
} from '../../src/inject/admission-request.ts'
import { readRequest, readReview } from './read-review.ts'

function podOf(request: AdmissionRequest): Pod {
  if (request.pod === undefined || request.pod === 'too-large') throw new Error('no pod')
  return request.pod
}

t.test('a pod of a Deployment is read', async (t) => {
  const request = readRequest('deployment-pod')
  t.equal(request.uid, '705ab4f5-6393-11e8-b7cc-42010a800002')
  t.equal(request.namespace, 'shop')
  t.strictSame(
    podOf(request).spec.containers.map((container) => container.name),
    ['uploader', 'log-shipper'],
  )
  t.equal(podOf(request).metadata.annotations?.['sealgate/inject'], 'true')
})

t.test('a pod without volumes and init containers is read', async (t) => {
  const pod = podOf(readRequest('bare-pod'))
  t.equal(pod.spec.containers.length, 1)
  t.equal(pod.spec.initContainers, undefined)
})

t.test('a pod that does not ask is not read', async (t) => {
  const document = JSON.parse(readReview('bare-pod'))
  document.request.object.spec.containers = Array<number>(1000).fill(1)
  for (const metadata of [undefined, {}, { annotations: null }, { annotations: { a: 'b' } }]) {
    document.request.object.metadata = metadata
    const request = parseAdmissionRequest(JSON.stringify(document))
    t.match(request, { ok: true, value: { pod: undefined } })
  }
})

t.test('what is no creation of a pod has no pod', async (t) => {
  t.equal(readRequest('deployment').pod, undefined)
  const change = (field: string, value: string) => {
    const document = JSON.parse(readReview('deployment-pod'))
    document.request[field] = value
    return parseAdmissionRequest(JSON.stringify(document))
  }
  for (const [field, value] of [
    ['operation', 'UPDATE'],
    ['operation', 'DELETE'],
    ['subResource', 'ephemeralcontainers'],
  ] as const) {
    const request = change(field, value)
    t.ok(request.ok, `${field} ${value}`)
    t.equal(request.ok && request.value.pod, undefined, `${field} ${value}`)
  }
})

t.test('what is no AdmissionReview is an error', async (t) => {
  const cases: Readonly<Record<string, string>> = {
    'not JSON': '{',
    'another kind': '{"apiVersion":"admission.k8s.io/v1","kind":"Pod"}',
    'an old version': readReview('bare-pod').replace(
      'admission.k8s.io/v1',
      'admission.k8s.io/v1beta1',
    ),
    'no uid': readReview('bare-pod').replace('"uid"', '"uuid"'),
    'a pod without containers': readReview('bare-pod').replace('"containers"', '"crates"'),
    'annotations that are no strings': readReview('bare-pod').replace('"true"', 'true'),
  }
  for (const [name, document] of Object.entries(cases)) {
    t.match(parseAdmissionRequest(document), { ok: false, error: /^not (JSON|an? )/ }, name)
  }
})

t.test('of many errors the first is told', async (t) => {
  const wrong = Array<number>(POD_LIST_MAX).fill(1)
  for (const [path, spec] of [
    ['spec.containers[0]', { containers: wrong }],
    ['spec.containers[0].env', { containers: [{ name: 'a', env: 1 }] }],
    ['spec.volumes[0]', { containers: [], volumes: wrong }],
  ] as const) {
    const document = JSON.parse(readReview('bare-pod'))
    document.request.object.spec = spec
    const request = parseAdmissionRequest(JSON.stringify(document))
    t.match(request, { ok: false, error: `at ${path}` })
    t.ok(!request.ok && request.error.length < 200)
  }
})

t.test('500 containers and volumes are read, 501 are too many', async (t) => {
  const named = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `a${i}` }))
  const podWith = (spec: Readonly<Record<string, unknown>>) => {
    const document = JSON.parse(readReview('bare-pod'))
    document.request.object.spec = { containers: [], ...spec }
    const request = parseAdmissionRequest(JSON.stringify(document))
    if (!request.ok) throw new Error(request.error)
    return request.value.pod
  }
  const half = named(POD_LIST_MAX / 2)
  t.match(podWith({ containers: half, initContainers: half, volumes: named(POD_LIST_MAX) }), {
    spec: { containers: half },
  })
  t.equal(podWith({ containers: half, initContainers: [...half, { name: 'b' }] }), 'too-large')
  t.equal(podWith({ containers: named(POD_LIST_MAX + 1) }), 'too-large')
  t.equal(podWith({ volumes: named(POD_LIST_MAX + 1) }), 'too-large')
})

t.test('names that are repeated in the log and the answer have a limit', async (t) => {
  for (const field of ['uid', 'namespace']) {
    const document = JSON.parse(readReview('bare-pod'))
    document.request[field] = 'x'.repeat(254)
    t.match(parseAdmissionRequest(JSON.stringify(document)), { ok: false, error: field })
  }
})

t.test('lists of a million take little memory', async (t) => {
  for (const spec of [
    { containers: Array(300_000).fill({ name: 'a' }) },
    { containers: Array(1_000_000).fill(1) },
    { containers: [{ name: 'a', env: Array(300_000).fill({ name: 'b' }) }] },
    { containers: [{ name: 'a', ports: Array(300_000).fill({}) }] },
  ]) {
    const document = JSON.parse(readReview('bare-pod'))
    document.request.object.spec = spec
    const text = JSON.stringify(document)
    const before = process.memoryUsage.rss()
    t.ok(parseAdmissionRequest(text).ok)
    t.ok(process.memoryUsage.rss() - before < 100_000_000, 'memory')
  }
})
