import t from 'tap'
import { parseAdmissionRequest } from '../../src/inject/admission-request.ts'
import { readRequest, readReview } from './read-review.ts'

t.test('a pod of a Deployment is read', async (t) => {
  const request = readRequest('deployment-pod')
  t.equal(request.uid, '705ab4f5-6393-11e8-b7cc-42010a800002')
  t.equal(request.namespace, 'shop')
  t.strictSame(
    request.pod?.spec.containers.map((container) => container.name),
    ['uploader', 'log-shipper'],
  )
  t.equal(request.pod?.metadata.annotations?.['sealgate/inject'], 'true')
})

t.test('a pod without annotations, volumes and init containers is read', async (t) => {
  const document = JSON.parse(readReview('bare-pod'))
  delete document.request.object.metadata
  const request = parseAdmissionRequest(JSON.stringify(document))
  t.ok(request.ok)
  t.same(request.ok && request.value.pod?.metadata, {})
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

t.test('of a million errors the first is told, and no other is made', async (t) => {
  const wrong = Array<number>(1_000_000).fill(1)
  for (const [path, spec] of [
    ['spec.containers[0]', { containers: wrong }],
    ['spec.containers[0].env[0]', { containers: [{ name: 'a', env: wrong }] }],
    ['spec.volumes[0]', { containers: [], volumes: wrong }],
  ] as const) {
    const document = JSON.parse(readReview('bare-pod'))
    document.request.object.spec = spec
    const before = process.memoryUsage.rss()
    const request = parseAdmissionRequest(JSON.stringify(document))
    t.match(request, { ok: false, error: `at ${path}` })
    t.ok(!request.ok && request.error.length < 200)
    t.ok(process.memoryUsage.rss() - before < 200_000_000, 'memory')
  }
})
