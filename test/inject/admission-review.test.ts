import t from 'tap'
import { failure, ok } from '../../src/base/result.ts'
import { buildAdmissionReview } from '../../src/inject/admission-review.ts'

const HEAD = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }

t.test('a patch is answered as base64 of its JSON', async (t) => {
  const operations = [{ op: 'add', path: '/spec/volumes', value: ['ü'] }] as const
  const { response, ...head } = JSON.parse(
    buildAdmissionReview('u-1', ok({ operations, warnings: [] })),
  )
  t.strictSame(head, HEAD)
  t.strictSame(
    { ...response, patch: undefined },
    {
      uid: 'u-1',
      allowed: true,
      patchType: 'JSONPatch',
      patch: undefined,
    },
  )
  t.strictSame(JSON.parse(Buffer.from(response.patch, 'base64').toString('utf8')), operations)
})

t.test('nothing to change is allowed without a patch', async (t) => {
  const document = buildAdmissionReview('u-1', ok({ operations: [], warnings: [] }))
  t.strictSame(JSON.parse(document), { ...HEAD, response: { uid: 'u-1', allowed: true } })
})

t.test('warnings are kept to the length that the API server shows', async (t) => {
  const document = buildAdmissionReview(
    'u-1',
    ok({ operations: [], warnings: ['short', 'x'.repeat(300)] }),
  )
  const [short, long] = JSON.parse(document).response.warnings
  t.equal(short, 'sealgate: short')
  t.equal(long.length, 256)
})

t.test('a refusal carries its reason', async (t) => {
  t.strictSame(JSON.parse(buildAdmissionReview('u-1', failure('no'))).response, {
    uid: 'u-1',
    allowed: false,
    status: { code: 400, reason: 'BadRequest', message: 'no' },
  })
})
