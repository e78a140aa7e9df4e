import t from 'tap'
import { readObjectState } from '../../src/sweep/read-object-state.ts'

const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const SSE = 'x-amz-server-side-encryption'
const KEY_ID = `${SSE}-aws-kms-key-id`
const BASE = [
  ['etag', '"abc"'],
  ['content-length', '7'],
  ['last-modified', 'Wed, 01 Jan 2020 00:00:05 GMT'],
] as const
const VERSION = { bucket: 'b', key: 'k', versionId: undefined }

function read(...fields: readonly (readonly [string, string])[]) {
  return readObjectState(VERSION, true, [...BASE, ...fields].flat())
}

t.test('an answer to HEAD without encryption', async (t) => {
  t.strictSame(read(), {
    version: VERSION,
    isCurrent: true,
    etag: '"abc"',
    bytes: 7,
    lastModified: '2020-01-01T00:00:05Z',
    storageClass: 'STANDARD',
    isArchived: false,
    encryption: { kind: 'none' },
    lock: { retention: undefined, hasLegalHold: false, hasEventHold: false },
  })
})

t.test('the version id is the one that S3 names', async (t) => {
  t.equal(read(['x-amz-version-id', 'null'])?.version.versionId, 'null')
})

const kms = { kind: 'sse-kms', algorithm: 'aws:kms', keyId: KEY, bucketKey: false }
const ENCRYPTIONS = [
  ['SSE-S3', [[SSE, 'AES256']], { kind: 'sse-s3' }],
  [
    'KMS',
    [
      [SSE, 'aws:kms'],
      [KEY_ID, KEY],
    ],
    kms,
  ],
  [
    'KMS with a bucket key',
    [
      [SSE, 'aws:kms'],
      [KEY_ID, KEY],
      [`${SSE}-bucket-key-enabled`, 'true'],
    ],
    { ...kms, bucketKey: true },
  ],
  [
    'two layers',
    [
      [SSE, 'aws:kms:dsse'],
      [KEY_ID, KEY],
    ],
    { ...kms, algorithm: 'aws:kms:dsse' },
  ],
  ['FSx', [[SSE, 'aws:fsx']], { kind: 'service', algorithm: 'aws:fsx' }],
  ['SSE-C', [[`${SSE}-customer-algorithm`, 'AES256']], { kind: 'customer-key' }],
  ['KMS without a key', [[SSE, 'aws:kms']], undefined],
  ['a key without an algorithm', [[KEY_ID, KEY]], undefined],
] as const

for (const [title, fields, encryption] of ENCRYPTIONS) {
  t.test(`encryption: ${title}`, async (t) => {
    t.strictSame(read(...fields)?.encryption, encryption)
  })
}

const ARCHIVES = [
  ['GLACIER', [['x-amz-storage-class', 'GLACIER']], true],
  ['DEEP_ARCHIVE', [['x-amz-storage-class', 'DEEP_ARCHIVE']], true],
  ['GLACIER_IR', [['x-amz-storage-class', 'GLACIER_IR']], false],
  ['STANDARD_IA', [['x-amz-storage-class', 'STANDARD_IA']], false],
  [
    'an archive tier',
    [
      ['x-amz-storage-class', 'INTELLIGENT_TIERING'],
      ['x-amz-archive-status', 'ARCHIVE_ACCESS'],
    ],
    true,
  ],
  [
    'a restore that runs',
    [
      ['x-amz-storage-class', 'GLACIER'],
      ['x-amz-restore', 'ongoing-request="true"'],
    ],
    true,
  ],
  [
    'a restored copy',
    [
      ['x-amz-storage-class', 'GLACIER'],
      ['x-amz-restore', 'ongoing-request="false", expiry-date="Fri, 21 Dec 2029 00:00:00 GMT"'],
    ],
    false,
  ],
] as const

for (const [title, fields, isArchived] of ARCHIVES) {
  t.test(`archive: ${title}`, async (t) => {
    t.equal(read(...fields)?.isArchived, isArchived)
  })
}

t.test('a lock', async (t) => {
  const lock = read(
    ['x-amz-object-lock-mode', 'GOVERNANCE'],
    ['x-amz-object-lock-retain-until-date', '2031-01-01T00:00:00Z'],
    ['x-amz-object-lock-legal-hold', 'ON'],
    ['x-amz-object-lock-event-hold', 'ON'],
  )?.lock
  t.strictSame(lock, {
    retention: { mode: 'GOVERNANCE', until: '2031-01-01T00:00:00Z' },
    hasLegalHold: true,
    hasEventHold: true,
  })
})

const UNREADABLE = [
  ['a mode without a date', [['x-amz-object-lock-mode', 'GOVERNANCE']]],
  ['a date without a mode', [['x-amz-object-lock-retain-until-date', '2031-01-01T00:00:00Z']]],
  [
    'a mode that is unknown',
    [
      ['x-amz-object-lock-mode', 'X'],
      ['x-amz-object-lock-retain-until-date', '2031-01-01'],
    ],
  ],
  [
    'a date that is none',
    [
      ['x-amz-object-lock-mode', 'COMPLIANCE'],
      ['x-amz-object-lock-retain-until-date', 'never'],
    ],
  ],
] as const

for (const [title, fields] of UNREADABLE) {
  t.test(`a lock that cannot be read is no free object: ${title}`, async (t) => {
    t.equal(read(...fields), undefined)
  })
}

for (const missing of BASE) {
  t.test(`an answer without ${missing[0]} has no state`, async (t) => {
    const fields = BASE.filter((field) => field !== missing).flat()
    t.equal(readObjectState(VERSION, true, fields), undefined)
  })
}
