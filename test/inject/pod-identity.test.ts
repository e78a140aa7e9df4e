import t from 'tap'
import { parseAdmissionRequest } from '../../src/inject/admission-request.ts'
import { buildPatch } from '../../src/inject/build-patch.ts'
import type { InjectSettings } from '../../src/inject/inject-settings.ts'
import { applyPatch } from './apply-patch.ts'
import { annotate, readReview } from './read-review.ts'
import { SETTINGS } from './settings.ts'

const MOUNT = { name: 'sealgate-token', mountPath: '/var/run/secrets/sealgate', readOnly: true }
const VARIABLES = [
  { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: '/var/run/secrets/sealgate/token' },
  { name: 'AWS_ROLE_ARN', value: 'arn:aws:iam::000000000000:role/billing' },
  { name: 'AWS_ENDPOINT_URL_STS', value: 'https://sts.corp.example:8444' },
  { name: 'AWS_ENDPOINT_URL_S3', value: 'https://s3.corp.example' },
]

function patchOf(review: string, settings: InjectSettings = SETTINGS) {
  const request = parseAdmissionRequest(review)
  if (!request.ok) throw new Error(request.error)
  return buildPatch(request.value, settings)
}

/** The pod's specification after the patch, and what its author is told. */
function inject(review: string) {
  const patch = patchOf(review)
  if (!patch.ok) throw new Error(patch.error)
  const document = JSON.parse(review)
  document.request.object = applyPatch(document.request.object, patch.value.operations)
  const { warnings } = patch.value
  return { spec: document.request.object.spec, warnings, review: JSON.stringify(document) }
}

t.test(
  'a pod with a role gets a token for the gateway and the four variables, and no sidecar',
  async (t) => {
    const { spec, warnings } = inject(
      annotate(readReview('bare-pod'), { 'sealgate/role': 'billing' }),
    )
    t.strictSame(warnings, [])
    t.strictSame(spec.containers[0].env, VARIABLES)
    t.strictSame(spec.containers[0].volumeMounts, [MOUNT])
    t.equal(spec.initContainers, undefined)
    const token = { audience: 'gateway.corp.example', expirationSeconds: 3600, path: 'token' }
    t.strictSame(spec.volumes, [
      { name: 'sealgate-token', projected: { sources: [{ serviceAccountToken: token }] } },
    ])
  },
)

t.test('a second call changes nothing, and the rest of a pod stays', async (t) => {
  const before = annotate(readReview('deployment-pod'), { 'sealgate/role': 'billing' })
  const once = inject(before)
  t.match(patchOf(once.review), { value: { operations: [], warnings: [] } })
  const was = JSON.parse(before).request.object.spec
  for (const part of ['containers', 'volumes']) {
    delete was[part]
    delete once.spec[part]
  }
  t.strictSame(once.spec, was)
})

t.test(
  'only listed containers get it; what a container sets itself stays, with a warning',
  async (t) => {
    const listed = { 'sealgate/role': 'billing', 'sealgate/containers': 'dump' }
    const { spec } = inject(annotate(readReview('job-pod'), listed))
    t.ok(spec.containers.every((one: { volumeMounts?: unknown }) => one.volumeMounts !== undefined))
    t.notOk(JSON.stringify(spec.initContainers).includes('sealgate-token'))
    const document = JSON.parse(annotate(readReview('bare-pod'), { 'sealgate/role': 'billing' }))
    const own = [
      { name: 'AWS_ROLE_ARN', value: 'arn:aws:iam::111122223333:role/irsa' },
      { name: 'AWS_ACCESS_KEY_ID', value: 'AKID' },
    ]
    document.request.object.spec.containers[0].env = own
    const kept = inject(JSON.stringify(document))
    t.strictSame(kept.spec.containers[0].env.slice(0, 2), own)
    t.match(kept.warnings, [
      /sets AWS_ROLE_ARN itself/,
      /AWS_ACCESS_KEY_ID, which SDKs take instead/,
    ])
  },
)

t.test('what cannot be is refused with its reason', async (t) => {
  const pod = readReview('bare-pod')
  const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ 'sealgate/role': 'billing', 'sealgate/inject': 'true' }, /choose one$/],
    [{ 'sealgate/role': '../billing' }, /is not a client's name$/],
    [{ 'sealgate/role': '' }, /is not a client's name$/],
    [{ 'sealgate/role': 'b'.repeat(65) }, /is not a client's name$/],
    [{ 'sealgate/role': 'billing', 'sealgate/containers': 'none' }, /no container "none"$/],
  ]
  for (const [annotations, reason] of cases) {
    t.match(patchOf(annotate(pod, annotations)), { ok: false, error: reason })
  }
  const without = { ...SETTINGS, gateway: undefined }
  const asked = annotate(pod, { 'sealgate/role': 'billing' })
  t.match(patchOf(asked, without), { ok: false, error: /no --gateway-endpoint/ })
  t.match(patchOf(annotate(pod, { 'sealgate/role': 'b', 'sealgate/inject': 'false' })), {
    ok: true,
  })
})
