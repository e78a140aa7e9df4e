import t from 'tap'
import type { EncryptionEdit } from '../../src/policy/decision.ts'
import { removesHeader } from '../../src/policy/removes-header.ts'

const SSE = 'x-amz-server-side-encryption'
const OWN = [SSE, `${SSE}-aws-kms-key-id`, `${SSE}-context`, `${SSE}-bucket-key-enabled`]
const CUSTOMER = ['algorithm', 'key', 'key-md5'].map((end) => `${SSE}-customer-${end}`)
const SOURCE = CUSTOMER.map((name) => name.replace('x-amz-', 'x-amz-copy-source-'))
const OTHERS = ['x-amz-acl', 'x-amz-copy-source', 'x-amz-meta-server-side-encryption', 'key', '']

const strip = (families: { own?: true; customer?: true; source?: true }): EncryptionEdit => ({
  kind: 'strip',
  ownHeaders: families.own ?? false,
  customerKeys: families.customer ?? false,
  sourceKeys: families.source ?? false,
})

const TABLE: readonly (readonly [EncryptionEdit, removed: readonly string[]])[] = [
  [{ kind: 'keep' }, []],
  [strip({}), []],
  [strip({ own: true }), OWN],
  [strip({ customer: true }), CUSTOMER],
  [strip({ source: true }), SOURCE],
  [strip({ own: true, customer: true, source: true }), [...OWN, ...CUSTOMER, ...SOURCE]],
  [{ kind: 'set', headers: [], sourceKeys: false }, [...OWN, ...CUSTOMER]],
  [{ kind: 'set', headers: [], sourceKeys: true }, [...OWN, ...CUSTOMER, ...SOURCE]],
]

for (const [edit, removed] of TABLE) {
  t.test(`${JSON.stringify(edit)} takes off ${removed.length} names`, async (t) => {
    const names = [...OWN, ...CUSTOMER, ...SOURCE, ...OTHERS]
    t.strictSame(
      names.filter((name) => removesHeader(edit, name)),
      removed,
    )
  })
}
