import { createHash } from 'node:crypto'
import t from 'tap'
import {
  DEFAULT_BUCKET_ENCRYPTION,
  encryptionHeaders,
  refuseEncryptionHeaders,
  requestedEncryption,
} from '../../src/sandbox/encryption.ts'
import { createKmsKeys } from '../../src/sandbox/kms-keys.ts'
import { KEY, REGION } from './start-test-sandbox.ts'

const SSE = 'x-amz-server-side-encryption'
const KEYS = createKmsKeys(REGION, [{ arn: KEY, state: 'enabled' }])
const CONTEXT = Buffer.from('{"a":"b"}').toString('base64')

const RAW_KEY = Buffer.alloc(32, 7)
const CUSTOMER = [
  `${SSE}-customer-algorithm`,
  'AES256',
  `${SSE}-customer-key`,
  RAW_KEY.toString('base64'),
  `${SSE}-customer-key-md5`,
  createHash('md5').update(RAW_KEY).digest('base64'),
]

function request(headers: readonly string[], bucket = DEFAULT_BUCKET_ENCRYPTION) {
  return requestedEncryption(headers, bucket, KEYS)
}

t.test('what a request asks for', async (t) => {
  const kms = {
    kind: 'kms',
    algorithm: 'aws:kms',
    keyArn: KEY,
    bucketKey: false,
    context: undefined,
  }
  const managed = { ...kms, keyArn: KEYS.managedArn }
  const cases: readonly (readonly [readonly string[], unknown])[] = [
    [[], { kind: 's3' }],
    [[SSE, 'AES256'], { kind: 's3' }],
    [[SSE, 'aws:kms'], managed],
    [[SSE, 'aws:kms', `${SSE}-aws-kms-key-id`, KEY], kms],
    [[SSE, 'aws:kms:dsse', `${SSE}-aws-kms-key-id`, KEY], { ...kms, algorithm: 'aws:kms:dsse' }],
    [[SSE, 'aws:kms', `${SSE}-bucket-key-enabled`, 'True'], { ...managed, bucketKey: true }],
    [[SSE, 'aws:kms', `${SSE}-context`, CONTEXT], { ...managed, context: CONTEXT }],
    [CUSTOMER, { kind: 'customer', keyMd5: CUSTOMER[5] }],
  ]
  for (const [headers, expected] of cases) t.strictSame(request(headers), expected, headers.join())
})

t.test("a bucket's default takes the place of what was not said", async (t) => {
  const bucket = {
    algorithm: 'aws:kms',
    keyId: KEY,
    bucketKey: true,
    blocksCustomerKeys: false,
  } as const
  const expected = { kind: 'kms', algorithm: 'aws:kms', keyArn: KEY, bucketKey: true }
  t.match(request([], bucket), expected)
  t.match(request([SSE, 'aws:kms'], bucket), expected, 'a bare aws:kms takes its key')
  t.match(request([SSE, 'aws:kms', `${SSE}-bucket-key-enabled`, 'false'], bucket), {
    bucketKey: false,
  })
  t.match(request([SSE, 'AES256'], bucket), { kind: 's3' })
  t.match(request([], { ...bucket, keyId: undefined }), { keyArn: KEYS.managedArn })
})

t.test("contradictions have S3's codes and texts", async (t) => {
  const incompatible = /Customer provided key is incompatible with the encryption method specified/
  const needsKms = /requires HTTP header x-amz-server-side-encryption : aws:kms/
  const badContext =
    /shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map/
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[SSE, ''], /encryption method specified is not supported/],
    [[SSE, 'aes:kms'], /encryption method specified is not supported/],
    [[SSE, 'aws:fsx'], /encryption method specified is not supported/],
    [[`${SSE}-aws-kms-key-id`, KEY], needsKms],
    [[SSE, 'AES256', `${SSE}-aws-kms-key-id`, KEY], needsKms],
    [[SSE, 'AES256', `${SSE}-context`, CONTEXT], needsKms],
    [[`${SSE}-context`, CONTEXT], needsKms],
    [[SSE, 'aws:kms', ...CUSTOMER], incompatible],
    [[SSE, 'AES256', ...CUSTOMER], incompatible],
    [[`${SSE}-aws-kms-key-id`, KEY, ...CUSTOMER], incompatible],
    [[SSE, 'aws:kms', `${SSE}-context`, 'no base64!'], badContext],
    [[SSE, 'aws:kms', `${SSE}-context`, base64('no JSON')], badContext],
    [[SSE, 'aws:kms', `${SSE}-context`, base64('["a"]')], badContext],
    [[SSE, 'aws:kms', `${SSE}-context`, base64('{"a":1}')], badContext],
    [[SSE, 'aws:kms', `${SSE}-bucket-key-enabled`, 'yes'], /Invalid value/],
    [[SSE, 'aws:kms:dsse', `${SSE}-bucket-key-enabled`, 'true'], /DSSE/],
  ]
  for (const [headers, message] of cases) {
    t.throws(() => request(headers), { code: 'InvalidArgument', message }, headers.join())
  }
})

t.test('a bucket may block SSE-C', async (t) => {
  const bucket = { ...DEFAULT_BUCKET_ENCRYPTION, blocksCustomerKeys: true }
  t.throws(() => request(CUSTOMER, bucket), { code: 'AccessDenied', message: /blocked/ })
})

t.test('elsewhere encryption headers are refused', async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [SSE, /^x-amz-server-side-encryption header is not supported for this operation\.$/],
    [`${SSE}-aws-kms-key-id`, /requires HTTP header/],
    [`${SSE}-context`, /not supported for this operation/],
    [`${SSE}-bucket-key-enabled`, /not supported for this operation/],
  ]
  t.doesNotThrow(() => refuseEncryptionHeaders(['host', 'a', ...CUSTOMER]))
  for (const [name, message] of cases) {
    t.throws(
      () => refuseEncryptionHeaders([name, 'aws:kms']),
      { code: 'InvalidArgument', message },
      name,
    )
  }
})

t.test('answers tell the encryption', async (t) => {
  const kms = {
    kind: 'kms',
    algorithm: 'aws:kms',
    keyArn: KEY,
    bucketKey: true,
    context: CONTEXT,
  } as const
  t.strictSame(encryptionHeaders({ kind: 'none' }), {})
  t.strictSame(encryptionHeaders({ kind: 's3' }), { [SSE]: 'AES256' })
  t.strictSame(encryptionHeaders(kms, true), {
    [SSE]: 'aws:kms',
    [`${SSE}-aws-kms-key-id`]: KEY,
    [`${SSE}-bucket-key-enabled`]: 'true',
    [`${SSE}-context`]: CONTEXT,
  })
  t.strictSame(encryptionHeaders({ ...kms, bucketKey: false }), {
    [SSE]: 'aws:kms',
    [`${SSE}-aws-kms-key-id`]: KEY,
  })
  t.strictSame(encryptionHeaders({ kind: 'customer', keyMd5: 'm' }), {
    [`${SSE}-customer-algorithm`]: 'AES256',
    [`${SSE}-customer-key-MD5`]: 'm',
  })
})
