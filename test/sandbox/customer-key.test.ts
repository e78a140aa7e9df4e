import { createHash } from 'node:crypto'
import t from 'tap'
import {
  COPY_SOURCE_CUSTOMER_PREFIX,
  checkCustomerKey,
  customerKeyMd5,
  refuseCustomerHeaders,
  refuseCustomerMismatch,
} from '../../src/sandbox/customer-key.ts'

const SSE = 'x-amz-server-side-encryption'

const RAW_KEY = Buffer.alloc(32, 7)
const CUSTOMER = [
  `${SSE}-customer-algorithm`,
  'AES256',
  `${SSE}-customer-key`,
  RAW_KEY.toString('base64'),
  `${SSE}-customer-key-md5`,
  createHash('md5').update(RAW_KEY).digest('base64'),
]

t.test('SSE-C headers are checked one by one', async (t) => {
  const without = (name: string) => {
    const i = CUSTOMER.indexOf(`${SSE}-customer-${name}`)
    return CUSTOMER.filter((_, j) => j !== i && j !== i + 1)
  }
  const replaced = (name: string, value: string) => [
    ...without(name),
    `${SSE}-customer-${name}`,
    value,
  ]
  t.equal(customerKeyMd5([]), undefined)
  t.equal(customerKeyMd5(CUSTOMER), CUSTOMER[5])
  t.throws(() => customerKeyMd5(without('algorithm')), { message: /valid encryption algorithm/ })
  t.throws(() => customerKeyMd5(replaced('algorithm', 'AES128')), {
    code: 'InvalidEncryptionAlgorithmError',
  })
  t.throws(() => customerKeyMd5(without('key')), { message: /appropriate secret key/ })
  t.throws(() => customerKeyMd5(replaced('key', 'c2hvcnQ=')), {
    message: /invalid for the specified/,
  })
  t.throws(() => customerKeyMd5(without('key-md5')), { message: /did not match the hash/ })
  t.throws(() => customerKeyMd5(replaced('key-md5', 'x')), { message: /did not match the hash/ })
})

t.test('reads of SSE-C objects demand the key, reads of others refuse one', async (t) => {
  const stored = { kind: 'customer', keyMd5: CUSTOMER[5] ?? '' } as const
  t.doesNotThrow(() => checkCustomerKey(stored, CUSTOMER))
  t.doesNotThrow(() => checkCustomerKey({ kind: 's3' }, []))
  t.throws(() => checkCustomerKey(stored, []), {
    code: 'InvalidRequest',
    message: /stored using a form of Server Side Encryption/,
  })
  t.throws(() => checkCustomerKey({ kind: 's3' }, CUSTOMER), {
    code: 'InvalidRequest',
    message: /not applicable to this object/,
  })
  t.throws(() => checkCustomerKey({ ...stored, keyMd5: 'other' }, CUSTOMER), {
    code: 'AccessDenied',
    status: 403,
  })
})

t.test('parts have to come with the key of their upload', async (t) => {
  const stored = { kind: 'customer', keyMd5: CUSTOMER[5] ?? '' } as const
  t.doesNotThrow(() => refuseCustomerMismatch(stored, CUSTOMER))
  t.doesNotThrow(() => refuseCustomerMismatch({ kind: 's3' }, []))
  t.throws(() => refuseCustomerMismatch(stored, []), { message: /initiate requested encryption/ })
  t.throws(() => refuseCustomerMismatch({ kind: 's3' }, CUSTOMER), {
    message: /initiate requested encryption/,
  })
  t.throws(() => refuseCustomerMismatch({ ...stored, keyMd5: 'other' }, CUSTOMER), {
    message: /did not match the ones used originally/,
  })
})

t.test('operations that have no use for a key refuse one', async (t) => {
  t.doesNotThrow(() => refuseCustomerHeaders([SSE, 'aws:kms']))
  t.throws(() => refuseCustomerHeaders(CUSTOMER), { code: 'InvalidArgument' })
  const source = [`${COPY_SOURCE_CUSTOMER_PREFIX}algorithm`, 'AES256']
  t.throws(() => refuseCustomerHeaders(source), { code: 'InvalidArgument' })
})

t.test('the key of a copy source has headers of its own', async (t) => {
  const headers = CUSTOMER.map((text) =>
    text.replace(`${SSE}-customer-`, COPY_SOURCE_CUSTOMER_PREFIX),
  )
  t.equal(customerKeyMd5(headers), undefined)
  t.equal(customerKeyMd5(headers, COPY_SOURCE_CUSTOMER_PREFIX), CUSTOMER[5])
})
