import t from 'tap'
import { confirmEncryption, readEncryption } from '../../src/policy/expected-encryption.ts'

const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const SSE = 'x-amz-server-side-encryption'
const KEY_ID = 'x-amz-server-side-encryption-aws-kms-key-id'
const CUSTOMER = 'x-amz-server-side-encryption-customer-algorithm'

const KMS = { algorithm: 'aws:kms', keyId: KEY, replicas: 'reject' } as const
const DSSE = { algorithm: 'aws:kms:dsse', keyId: KEY, replicas: 'reject' } as const

const MULTI_REGION =
  'arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab'
const REPLICA = MULTI_REGION.replace('eu-central-1', 'us-west-2')
const REPLICATED = { algorithm: 'aws:kms', keyId: MULTI_REGION, replicas: 'accept' } as const
const UNREPLICATED = { ...REPLICATED, replicas: 'reject' } as const

const TABLE = [
  ['the algorithm and the key', KMS, [SSE, 'aws:kms', KEY_ID, KEY], 'confirmed', 'policy'],
  ['in the other order', KMS, [KEY_ID, KEY, SSE, 'aws:kms'], 'confirmed', 'policy'],
  [
    'two layers where two are asked for',
    DSSE,
    [SSE, 'aws:kms:dsse', KEY_ID, KEY],
    'confirmed',
    'policy',
  ],
  ['nothing', KMS, [], 'missing', 'none'],
  ['other headers', KMS, ['etag', '"x"', 'server', 'AmazonS3'], 'missing', 'none'],
  ['AES256', KMS, [SSE, 'AES256'], 'mismatched', 'sse-s3'],
  ['AES256 where two layers are asked for', DSSE, [SSE, 'AES256'], 'mismatched', 'sse-s3'],
  ['AES256 twice', KMS, [SSE, 'AES256', SSE, 'AES256'], 'mismatched', 'sse-s3'],
  [
    'AES256 and the client’s own key',
    KMS,
    [SSE, 'AES256', CUSTOMER, 'AES256'],
    'mismatched',
    'other-key',
  ],
  ['AES256 and the key', KMS, [SSE, 'AES256', KEY_ID, KEY], 'mismatched', 'other-key'],
  ['an empty algorithm', KMS, [SSE, ''], 'mismatched', 'other-key'],
  ['the algorithm without a key', KMS, [SSE, 'aws:kms'], 'missing', 'other-key'],
  ['another algorithm without a key', DSSE, [SSE, 'aws:kms'], 'mismatched', 'other-key'],
  ['a key without an algorithm', KMS, [KEY_ID, KEY], 'mismatched', 'other-key'],
  ['another key', KMS, [SSE, 'aws:kms', KEY_ID, `${KEY}0`], 'mismatched', 'other-key'],
  [
    'the key as a bare id',
    KMS,
    [SSE, 'aws:kms', KEY_ID, KEY.slice(-36)],
    'mismatched',
    'other-key',
  ],
  [
    'the key in other letters',
    KMS,
    [SSE, 'aws:kms', KEY_ID, KEY.toUpperCase()],
    'mismatched',
    'other-key',
  ],
  ['the algorithm in other letters', KMS, [SSE, 'AWS:KMS', KEY_ID, KEY], 'mismatched', 'other-key'],
  [
    'two layers where one is asked for',
    KMS,
    [SSE, 'aws:kms:dsse', KEY_ID, KEY],
    'mismatched',
    'other-key',
  ],
  [
    'one layer where two are asked for',
    DSSE,
    [SSE, 'aws:kms', KEY_ID, KEY],
    'mismatched',
    'other-key',
  ],
  ['the client’s own key', KMS, [CUSTOMER, 'AES256'], 'mismatched', 'other-key'],
  ['two algorithms', KMS, [SSE, 'aws:kms', SSE, 'AES256', KEY_ID, KEY], 'mismatched', 'other-key'],
  [
    'two, the right one last',
    KMS,
    [SSE, 'AES256', SSE, 'aws:kms', KEY_ID, KEY],
    'mismatched',
    'other-key',
  ],
  [
    'two algorithms in one field',
    KMS,
    [SSE, 'aws:kms, AES256', KEY_ID, KEY],
    'mismatched',
    'other-key',
  ],
  ['two algorithms and no key', KMS, [SSE, 'aws:kms', SSE, 'AES256'], 'mismatched', 'other-key'],
  [
    'an empty one beside the algorithm',
    KMS,
    [SSE, 'aws:kms', SSE, '', KEY_ID, KEY],
    'mismatched',
    'other-key',
  ],
  ['two keys', KMS, [SSE, 'aws:kms', KEY_ID, KEY, KEY_ID, `${KEY}0`], 'mismatched', 'other-key'],
  [
    'two keys, the right one last',
    KMS,
    [KEY_ID, `${KEY}0`, SSE, 'aws:kms', KEY_ID, KEY],
    'mismatched',
    'other-key',
  ],
  [
    'all of it twice',
    KMS,
    [SSE, 'aws:kms', KEY_ID, KEY, SSE, 'aws:kms', KEY_ID, KEY],
    'confirmed',
    'policy',
  ],
  [
    'the client’s own key besides',
    KMS,
    [SSE, 'aws:kms', KEY_ID, KEY, CUSTOMER, 'AES256'],
    'mismatched',
    'other-key',
  ],
  // FSx and AWS Backup encrypt these under keys of their own, which S3 does not name.
  ['aws:fsx', KMS, [SSE, 'aws:fsx'], 'mismatched', 'other-key'],
  ['aws:fsx and the key', KMS, [SSE, 'aws:fsx', KEY_ID, KEY], 'mismatched', 'other-key'],
  ['aws:backup', KMS, [SSE, 'aws:backup'], 'mismatched', 'other-key'],
  ['aws:backup and the key', KMS, [SSE, 'aws:backup', KEY_ID, KEY], 'mismatched', 'other-key'],
  ['aws:fsx where two layers are asked for', DSSE, [SSE, 'aws:fsx'], 'mismatched', 'other-key'],
  ['a multi-Region key', REPLICATED, [SSE, 'aws:kms', KEY_ID, MULTI_REGION], 'confirmed', 'policy'],
  [
    'its replica, which counts',
    REPLICATED,
    [SSE, 'aws:kms', KEY_ID, REPLICA],
    'confirmed',
    'policy',
  ],
  [
    'the key and its replica',
    REPLICATED,
    [SSE, 'aws:kms', KEY_ID, MULTI_REGION, KEY_ID, REPLICA],
    'mismatched',
    'other-key',
  ],
  [
    'its replica, which does not',
    UNREPLICATED,
    [SSE, 'aws:kms', KEY_ID, REPLICA],
    'mismatched',
    'other-key',
  ],
  [
    'its replica in one layer more',
    REPLICATED,
    [SSE, 'aws:kms:dsse', KEY_ID, REPLICA],
    'mismatched',
    'other-key',
  ],
  [
    'another key beside a multi-Region one',
    REPLICATED,
    [SSE, 'aws:kms', KEY_ID, KEY],
    'mismatched',
    'other-key',
  ],
] as const

for (const [name, expected, answer, confirmation, read] of TABLE) {
  t.test(`an answer with ${name} is ${confirmation}; an object read so is ${read}`, async (t) => {
    t.equal(confirmEncryption(expected, answer), confirmation)
    t.equal(readEncryption(expected, answer), read)
  })
}
