import { readFileSync } from 'node:fs'
import t from 'tap'
import {
  isEncryptionHeader,
  NO_ENCRYPTION,
  readEncryptionHeaders,
} from '../../src/s3/encryption-headers.ts'

const model: { readonly meta: { readonly allSseRequestHeaders: readonly string[] } } = JSON.parse(
  readFileSync('test/fixtures/s3-operations.json', 'utf8'),
)

function reasonOf(headers: readonly string[]): string {
  const result = readEncryptionHeaders(headers)
  return result.ok ? 'accepted' : `${result.error.code} ${result.error.reason}`
}

t.test('a request without encryption headers asks for nothing', async (t) => {
  const headers = [
    'host',
    'localhost',
    'x-amz-date',
    '20260101T000000Z',
    'x-amz-copy-source',
    'b/k',
  ]
  t.strictSame(readEncryptionHeaders([]), { ok: true, value: NO_ENCRYPTION })
  t.strictSame(readEncryptionHeaders(headers), { ok: true, value: NO_ENCRYPTION })
})

t.test('the four encryption headers of the object are read', async (t) => {
  t.strictSame(
    readEncryptionHeaders([
      'host',
      'localhost',
      'x-amz-server-side-encryption',
      ' aws:kms ',
      'x-amz-server-side-encryption-aws-kms-key-id',
      'arn:aws:kms:eu-central-1:111122223333:key/k',
      'x-amz-server-side-encryption-context',
      'e30=',
      'x-amz-server-side-encryption-bucket-key-enabled',
      'true',
    ]),
    {
      ok: true,
      value: {
        algorithm: 'aws:kms',
        keyId: 'arn:aws:kms:eu-central-1:111122223333:key/k',
        context: 'e30=',
        bucketKey: 'true',
        hasCustomerKey: false,
        hasCopySourceCustomerKey: false,
      },
    },
  )
})

t.test('an empty value is a value', async (t) => {
  t.match(readEncryptionHeaders(['x-amz-server-side-encryption', '']), { value: { algorithm: '' } })
})

t.test('any of the SSE-C headers counts', async (t) => {
  for (const name of ['algorithm', 'key', 'key-md5']) {
    t.match(readEncryptionHeaders([`x-amz-server-side-encryption-customer-${name}`, 'x']), {
      value: { hasCustomerKey: true, hasCopySourceCustomerKey: false, algorithm: undefined },
    })
    t.match(
      readEncryptionHeaders([`x-amz-copy-source-server-side-encryption-customer-${name}`, 'x']),
      { value: { hasCustomerKey: false, hasCopySourceCustomerKey: true } },
    )
  }
})

t.test('an encryption header that is there twice is refused', async (t) => {
  for (const name of model.meta.allSseRequestHeaders) {
    t.equal(reasonOf([name, 'a']), 'accepted')
    t.equal(reasonOf([name, 'a', 'host', 'h', name, 'a']), 'InvalidArgument duplicate-header', name)
  }
})

t.test('a header that only looks like one of the family is refused', async (t) => {
  const names = [
    'x-amz-server-side-encryption-aws-bucket-key-enabled',
    'x-amz-server-side-encryption-customer',
    'x-amz-server-side-encryptionx',
    'x-amz-copy-source-server-side-encryption',
  ]
  for (const name of names) {
    t.ok(isEncryptionHeader(name), name)
    t.equal(reasonOf([name, 'true']), 'InvalidArgument encryption-header-unknown', name)
  }
})

t.test('every encryption header of the models is of the family, and no other header', async (t) => {
  for (const name of model.meta.allSseRequestHeaders) t.ok(isEncryptionHeader(name), name)
  const others = ['', 'host', 'x-amz-server-side', 'x-amz-copy-source', 'x-amz-storage-class']
  for (const name of [...others, 'x-amz-meta-x-amz-server-side-encryption']) {
    t.notOk(isEncryptionHeader(name), name)
  }
})
