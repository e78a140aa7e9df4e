import t from 'tap'
import type { Policy } from '../../src/policy/policy.ts'
import { readHead } from '../../src/request/read-head.ts'
import { refusal } from '../../src/s3/refusals.ts'

const POLICY: Policy = {
  mode: 'enforce',
  rules: [],
  misplacedEncryptionHeaders: 'reject',
  reads: { customerKeys: 'reject', unencrypted: 'report' },
  confirmation: 'fail',
  allowOperations: new Set(),
}
const SITE = { policy: POLICY, hosts: ['h'], configuredBuckets: new Set<string>() }
const HEAD = { method: 'GET', rawTarget: '/bucket/key', headers: ['host', 'h'], isTls: false }
const ENCRYPTED = [...HEAD.headers, 'x-amz-server-side-encryption', 'aws:kms']

t.test('a head is read', async (t) => {
  t.match(readHead(SITE, HEAD, undefined), {
    ok: true,
    value: { operation: { name: 'GetObject' } },
  })
})

t.test('a target in absolute-form names the scheme of the connection', async (t) => {
  const absolute = { ...HEAD, rawTarget: 'https://h/bucket/key' }
  t.match(readHead(SITE, { ...absolute, isTls: true }, undefined), { ok: true })
  t.match(readHead(SITE, absolute, undefined), { error: { reason: 'target-host-mismatch' } })
})

t.test('a head that is refused has been read all the same', async (t) => {
  const refused = refusal('expectation-failed')
  t.match(readHead(SITE, HEAD, refused), {
    ok: false,
    error: refused,
    request: { operation: { name: 'GetObject' } },
  })
})

t.test('faults are told in a fixed order', async (t) => {
  const refused = refusal('expectation-failed')
  const unreadable = { ...HEAD, rawTarget: '/bucket/key?a=%zz' }
  const reasonOf = (head: typeof HEAD, first?: typeof refused) => {
    const read = readHead(SITE, head, first)
    return read.ok ? 'read' : read.error.reason
  }
  t.equal(reasonOf(unreadable), 'query-encoding')
  t.equal(reasonOf(unreadable, refused), 'expectation-failed')
  t.equal(reasonOf({ ...unreadable, headers: ENCRYPTED }, refused), 'encryption-headers-on-read')
  t.equal(reasonOf({ ...HEAD, headers: ENCRYPTED }), 'read', 'the policy judges it later')
})
