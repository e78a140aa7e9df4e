import t from 'tap'
import type { Policy } from '../../src/policy/policy.ts'
import { refuseReadFirst } from '../../src/request/refuse-read.ts'
import { refusal } from '../../src/s3/refusals.ts'

const POLICY: Policy = {
  mode: 'enforce',
  rules: [],
  misplacedEncryptionHeaders: 'reject',
  reads: { customerKeys: 'reject', unencrypted: 'report' },
  confirmation: 'fail',
  allowOperations: new Set(),
}
const HEAD = { method: 'GET', rawTarget: '/b/k', headers: ['host', 'h'], parsed: undefined }
const WITH_HEADER = { ...HEAD, headers: ['x-amz-server-side-encryption', 'aws:kms'] }
const MISMATCH = refusal('signature-mismatch', { accessKeyId: 'AKID' })

t.test('an encryption header on a read is what its sender hears of first', async (t) => {
  const first = { code: 'BadRequest', reason: 'encryption-headers-on-read' }
  t.match(refuseReadFirst(POLICY, WITH_HEADER, MISMATCH), first)
  t.match(refuseReadFirst(POLICY, { ...WITH_HEADER, method: 'HEAD' }, MISMATCH), first)
  const hoisted = { ...HEAD, rawTarget: '/b/k?X-Amz-Server-Side-Encryption=aws%3Akms' }
  t.match(refuseReadFirst(POLICY, hoisted, MISMATCH), first, 'a hoisted parameter')
  t.equal(refuseReadFirst(POLICY, WITH_HEADER, { ...MISMATCH, client: 'app' }).client, 'app')
})

t.test('any other request hears what is wrong with it', async (t) => {
  t.equal(refuseReadFirst(POLICY, HEAD, MISMATCH), MISMATCH)
  t.equal(refuseReadFirst(POLICY, { ...WITH_HEADER, method: 'PUT' }, MISMATCH), MISMATCH)
  t.equal(refuseReadFirst(POLICY, { ...HEAD, rawTarget: '/b/k?a=%zz' }, MISMATCH), MISMATCH)
  const observing: Policy = { ...POLICY, mode: 'observe' }
  t.equal(refuseReadFirst(observing, WITH_HEADER, MISMATCH), MISMATCH)
  const busy = refusal('too-many-requests')
  t.equal(refuseReadFirst(POLICY, WITH_HEADER, busy), busy, 'come again goes first')
})
