import t from 'tap'
import { classify, missingLosses } from '../../src/sweep/classify.ts'
import {
  type AcceptedLoss,
  type BucketFacts,
  type EncryptTarget,
  LOSSES,
  OBJECT_CLASSES,
  type ObjectEncryption,
  type ObjectState,
  type ServerAbilities,
  type Target,
} from '../../src/sweep/object-version.ts'

const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const OTHER = 'arn:aws:kms:eu-central-1:111122223333:key/0000abcd-12ab-34cd-56ef-1234567890ab'
const NOW = Date.parse('2026-11-28T12:00:00Z')
const GIB = 1024 ** 3

const TARGET: EncryptTarget = {
  kind: 'encrypt',
  rule: 'default',
  algorithm: 'aws:kms',
  keyId: KEY,
  replicas: 'reject',
  bucketKey: true,
  headers: ['x-amz-server-side-encryption', 'aws:kms'],
}
const DSSE: EncryptTarget = { ...TARGET, algorithm: 'aws:kms:dsse', bucketKey: undefined }
const CONTEXT: EncryptTarget = {
  ...TARGET,
  headers: [...TARGET.headers, 'x-amz-server-side-encryption-context', 'e30='],
}
const ALL: ServerAbilities = { update: true, copy: true, copyFromKms: true, copyInParts: true }
const COPY_ONLY: ServerAbilities = { ...ALL, update: false }
const RGW: ServerAbilities = { update: false, copy: true, copyFromKms: false, copyInParts: false }
const BUCKET: BucketFacts = {
  bucket: 'b',
  versioning: 'enabled',
  isOwnerEnforced: true,
  sendsEvents: false,
  isReplicated: false,
}
const STATE: ObjectState = {
  version: { bucket: 'b', key: 'k', versionId: 'v1' },
  isCurrent: true,
  etag: '"e"',
  bytes: 10,
  lastModified: '2020-01-01T00:00:00Z',
  storageClass: 'STANDARD',
  isArchived: false,
  encryption: { kind: 'sse-s3' },
  lock: { retention: undefined, hasLegalHold: false, hasEventHold: false },
}
const kms = (keyId: string, bucketKey = true): ObjectEncryption => ({
  kind: 'sse-kms',
  algorithm: 'aws:kms',
  keyId,
  bucketKey,
})
const TWO_LAYERS: ObjectEncryption = {
  kind: 'sse-kms',
  algorithm: 'aws:kms:dsse',
  keyId: OTHER,
  bucketKey: false,
}
const retained = (until: string) => ({
  retention: { mode: 'COMPLIANCE', until } as const,
  hasLegalHold: false,
  hasEventHold: false,
})
const FREE = STATE.lock

interface Row {
  readonly title: string
  readonly state?: Partial<ObjectState>
  readonly target?: Target
  readonly abilities?: ServerAbilities
  readonly bucket?: Partial<BucketFacts>
  /** Class, reason, method and losses. */
  readonly is: readonly [string, (string | undefined)?, string?, string?]
}

const COPY_LOSSES = 'new-version last-modified etag'

const ROWS: readonly Row[] = [
  { title: 'the rule’s key', state: { encryption: kms(KEY) }, is: ['sealed'] },
  {
    title: 'the rule’s key in an archive, noncurrent and locked',
    state: {
      encryption: kms(KEY),
      isArchived: true,
      isCurrent: false,
      lock: retained('2031-01-01T00:00:00Z'),
    },
    is: ['sealed'],
  },
  {
    title: 'the bucket key flag differs',
    state: { encryption: kms(KEY, false) },
    is: ['update', undefined, 'update', ''],
  },
  {
    title: 'the bucket key flag differs where there is no update',
    state: { encryption: kms(KEY, false) },
    abilities: COPY_ONLY,
    is: ['sealed', 'bucket-key-differs'],
  },
  {
    title: 'the bucket key flag differs under a lock',
    state: { encryption: kms(KEY, false), lock: { ...FREE, hasLegalHold: true } },
    is: ['sealed', 'bucket-key-differs'],
  },
  {
    title: 'the rule says nothing of a bucket key',
    state: { encryption: kms(KEY, false) },
    target: { ...TARGET, bucketKey: undefined },
    is: ['sealed'],
  },
  { title: 'SSE-S3', is: ['update', undefined, 'update', ''] },
  {
    title: 'another key, 50 TB, archived and noncurrent',
    state: { encryption: kms(OTHER), bytes: 50e12, isArchived: true, isCurrent: false },
    is: ['update', undefined, 'update', ''],
  },
  {
    title: 'a retention that is over',
    state: { lock: retained('2026-11-28T12:00:00Z') },
    is: ['update', undefined, 'update', ''],
  },
  {
    title: 'a rule with two layers',
    target: DSSE,
    is: ['copy', 'rule-wants-dsse', 'copy', COPY_LOSSES],
  },
  {
    title: 'a rule with an encryption context',
    target: CONTEXT,
    is: ['copy', 'rule-has-context', 'copy', COPY_LOSSES],
  },
  {
    title: 'a key without an ARN',
    target: { ...TARGET, keyId: 'testkey-1' },
    is: ['copy', 'key-without-arn', 'copy', COPY_LOSSES],
  },
  {
    title: 'a source with two layers',
    state: { encryption: TWO_LAYERS },
    is: ['copy', 'source-is-dsse', 'copy', COPY_LOSSES],
  },
  {
    title: 'no encryption at all',
    state: { encryption: { kind: 'none' } },
    is: ['copy', 'unencrypted', 'copy', COPY_LOSSES],
  },
  {
    title: 'a server without update',
    abilities: COPY_ONLY,
    is: ['copy', 'no-update', 'copy', COPY_LOSSES],
  },
  {
    title: 'exactly 5 GiB',
    state: { bytes: 5 * GIB },
    abilities: COPY_ONLY,
    is: ['copy', 'no-update', 'copy', COPY_LOSSES],
  },
  {
    title: 'a byte more than 5 GiB',
    state: { bytes: 5 * GIB + 1 },
    abilities: COPY_ONLY,
    is: ['copy', 'no-update', 'multipart-copy', COPY_LOSSES],
  },
  {
    title: 'a bucket without versions',
    abilities: COPY_ONLY,
    bucket: { versioning: 'never' },
    is: ['copy', 'no-update', 'copy', 'unversioned-overwrite last-modified etag'],
  },
  {
    title: 'suspended versioning overwrites the null version',
    abilities: COPY_ONLY,
    bucket: { versioning: 'suspended' },
    is: ['copy', 'no-update', 'copy', 'unversioned-overwrite last-modified etag'],
  },
  {
    title: 'events and replication',
    abilities: COPY_ONLY,
    bucket: { sendsEvents: true, isReplicated: true },
    is: ['copy', 'no-update', 'copy', `${COPY_LOSSES} events replication`],
  },
  ...([false, undefined] as const).map((isOwnerEnforced) => ({
    title: `ACLs are in use: ${isOwnerEnforced ?? 'not known'}`,
    abilities: COPY_ONLY,
    bucket: { isOwnerEnforced },
    is: ['copy', 'no-update', 'copy', `${COPY_LOSSES} acl-window`] as const,
  })),
  {
    title: 'a noncurrent version that only a copy would seal',
    state: { isCurrent: false },
    abilities: COPY_ONLY,
    is: ['cannot', 'noncurrent'],
  },
  {
    title: 'an archived object that only a copy would seal',
    state: { isArchived: true },
    abilities: COPY_ONLY,
    is: ['archived', 'restore-needed'],
  },
  ...['GLACIER', 'DEEP_ARCHIVE'].map(
    (storageClass): Row => ({
      title: `a restored object of ${storageClass} that only a copy would seal`,
      state: { storageClass },
      abilities: COPY_ONLY,
      is: ['archived', 'restored-copy-would-end'],
    }),
  ),
  {
    title: 'a class that is read at once, though it is named like an archive',
    state: { storageClass: 'GLACIER_IR' },
    abilities: COPY_ONLY,
    is: ['copy', 'no-update', 'copy', COPY_LOSSES],
  },
  {
    title: 'a server without any method for KMS objects',
    state: { encryption: kms(OTHER) },
    abilities: RGW,
    is: ['cannot', 'no-method'],
  },
  {
    title: 'a server that copies nothing under the key',
    abilities: { update: false, copy: false, copyFromKms: false, copyInParts: false },
    is: ['cannot', 'no-method'],
  },
  {
    title: 'a retention',
    state: { lock: retained('2031-01-01T00:00:00Z') },
    is: ['locked', 'retained until 2031-01-01T00:00:00Z', 'copy', `${COPY_LOSSES} lock-remains`],
  },
  {
    title: 'a legal hold',
    state: { lock: { ...FREE, hasLegalHold: true } },
    is: ['locked', 'legal-hold', 'copy', `${COPY_LOSSES} lock-remains`],
  },
  {
    title: 'an event hold',
    state: { lock: { ...FREE, hasEventHold: true } },
    is: ['locked', 'event-hold', 'copy', `${COPY_LOSSES} lock-remains`],
  },
  {
    title: 'a locked noncurrent version',
    state: { lock: { ...FREE, hasLegalHold: true }, isCurrent: false },
    is: ['locked', 'legal-hold'],
  },
  {
    title: 'a locked archived version',
    state: { lock: { ...FREE, hasLegalHold: true }, isArchived: true },
    is: ['locked', 'legal-hold'],
  },
  {
    title: 'a locked object without encryption',
    state: { lock: { ...FREE, hasLegalHold: true }, encryption: { kind: 'none' } },
    is: ['locked', 'legal-hold', 'copy', `${COPY_LOSSES} lock-remains`],
  },
  {
    title: 'SSE-C',
    state: { encryption: { kind: 'customer-key' } },
    is: ['customer-key', 'sse-c'],
  },
  {
    title: 'FSx',
    state: { encryption: { kind: 'service', algorithm: 'aws:fsx' } },
    is: ['cannot', 'service-encryption'],
  },
  {
    title: 'an exempt rule, whatever the key',
    state: { encryption: kms(OTHER) },
    target: { kind: 'exempt', rule: 'logs', reason: 'written by S3' },
    is: ['exempt', 'written by S3'],
  },
  {
    title: 'a rule that depends on the client',
    target: { kind: 'undecided', reason: 'client' },
    is: ['undecided', 'client'],
  },
]

for (const { title, state, target, abilities, bucket, is } of ROWS) {
  t.test(`${title} is ${is[0]}`, async (t) => {
    const found = classify({
      state: { ...STATE, ...state },
      target: target ?? TARGET,
      abilities: abilities ?? ALL,
      bucket: { ...BUCKET, ...bucket },
      now: NOW,
    })
    const [name, reason, method, losses] = is
    t.strictSame(
      [found.class, found.reason, found.way?.method, found.way?.losses.join(' ')],
      [name, reason, method, losses],
    )
    t.ok(OBJECT_CLASSES.includes(found.class))
  })
}

t.test('a way is open if each of its losses is accepted by name', async (t) => {
  const way = { method: 'copy', losses: ['new-version', 'etag'] } as const
  const accepted = new Set<AcceptedLoss>(['new-version'])
  t.strictSame(missingLosses(way, accepted), ['etag'])
  t.strictSame(missingLosses(way, new Set(LOSSES)), [])
})

const ENCRYPTIONS: readonly ObjectEncryption[] = [
  { kind: 'none' },
  { kind: 'sse-s3' },
  kms(KEY),
  kms(OTHER, false),
  TWO_LAYERS,
  { kind: 'customer-key' },
]

/** Everything that a version and a server can be; four facts are the bits of a number. */
const COMBINATIONS = ENCRYPTIONS.flatMap((encryption) =>
  [TARGET, DSSE, CONTEXT].flatMap((target) =>
    Array.from({ length: 16 }, (_, bits) => ({
      state: {
        ...STATE,
        encryption,
        isCurrent: (bits & 1) === 0,
        isArchived: (bits & 2) === 0,
        lock: { ...FREE, hasLegalHold: (bits & 4) === 0 },
      },
      target,
      abilities: { ...ALL, update: (bits & 8) === 0 },
    })),
  ),
)

t.test('no combination breaks a rule of the sweep', async (t) => {
  const broken = COMBINATIONS.filter(({ state, target, abilities }) => {
    const { way } = classify({ state, target, abilities, bucket: BUCKET, now: NOW })
    const { hasLegalHold } = state.lock
    if (way === undefined) return false
    if (way.method === 'update') return hasLegalHold || state.encryption.kind === 'none'
    const isSaid = way.losses.length >= 3 && way.losses.includes('lock-remains') === hasLegalHold
    return !state.isCurrent || state.isArchived || !isSaid
  })
  t.strictSame(broken, [])
})
