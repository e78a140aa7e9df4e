import t from 'tap'
import type { Policy } from '../../src/policy/policy.ts'
import { refuseReadHeaders, stripsMisplacedHeaders } from '../../src/policy/read-headers.ts'

const SSE = 'x-amz-server-side-encryption'

function policyOf(change: Partial<Policy> = {}): Policy {
  return {
    mode: 'enforce',
    rules: [],
    misplacedEncryptionHeaders: 'reject',
    reads: { customerKeys: 'reject', unencrypted: 'report' },
    confirmation: 'fail',
    allowOperations: new Set(),
    ...change,
  }
}

/** The header that is refused. */
function refusedName(policy: Policy, names: readonly string[]): string | undefined {
  const error = refuseReadHeaders(
    policy,
    names.flatMap((name) => [name, SSE]),
  )
  if (error !== undefined)
    t.equal(`${error.code} ${error.reason}`, 'BadRequest encryption-headers-on-read')
  return error?.extras?.[0]?.[1]
}

t.test('the first encryption header is the reason; values are none', async (t) => {
  t.equal(refusedName(policyOf(), ['host', 'x-amz-acl', 'x_amz_server_side_encryption']), undefined)
  t.equal(refusedName(policyOf(), ['host', `${SSE}-context`, SSE]), `${SSE}-context`)
  t.equal(refusedName(policyOf(), [`${SSE}-new`]), `${SSE}-new`)
})

t.test('the policy says which ones', async (t) => {
  const strip = policyOf({ misplacedEncryptionHeaders: 'strip' })
  const source = 'x-amz-copy-source-server-side-encryption-customer-key'
  t.equal(refusedName(strip, [SSE, `${SSE}-context`]), undefined)
  t.equal(refusedName(strip, [SSE, `${SSE}-customer-key`]), `${SSE}-customer-key`)
  t.equal(refusedName(strip, [source]), source)
  const open = policyOf({ reads: { customerKeys: 'allow', unencrypted: 'report' } })
  t.equal(refusedName(open, [source, `${SSE}-customer-key`]), undefined)
  t.equal(refusedName(open, [`${SSE}-customer-key`, SSE]), SSE)
  t.equal(refusedName(policyOf({ mode: 'observe' }), [SSE]), undefined)
})

t.test('mode observe removes no header of a read', async (t) => {
  const strip = policyOf({ misplacedEncryptionHeaders: 'strip' })
  t.equal(stripsMisplacedHeaders(strip), true)
  t.equal(stripsMisplacedHeaders({ ...strip, mode: 'observe' }), false)
  t.equal(stripsMisplacedHeaders(policyOf()), false)
})
