import { readFileSync } from 'node:fs'
import t from 'tap'
import { isOperationName, OPERATIONS, operationByName } from '../../src/s3/operation.ts'

/** What this test reads of the model's extract. */
interface ModelOperation {
  readonly name: string
  readonly method: string
  readonly level: string
  readonly selectors: {
    readonly query: Readonly<Record<string, string | null>>
    readonly requiredQueryParams: readonly string[]
    readonly requiredHeaders: readonly string[]
  }
  readonly optionalQueryParams: readonly string[]
  readonly sseRequestHeaders: readonly string[]
  readonly sseResponseHeaders: readonly string[]
  readonly uploadClass: boolean
  readonly encryptionRole: string
  readonly payload: string
  readonly deprecated: boolean
}

const model: { readonly operations: readonly ModelOperation[] } = JSON.parse(
  readFileSync('test/fixtures/s3-operations.json', 'utf8'),
)

/** Parameters that S3 takes and that the models do not have; each with its reason in the table. */
const BEYOND_THE_MODEL: Readonly<Record<string, readonly string[]>> = {
  ListParts: ['encoding-type'],
}

const CLOSED = [
  'CreateBucketMetadataConfiguration',
  'CreateBucketMetadataTableConfiguration',
  'CreateSession',
  'DeleteBucketEncryption',
  'ListDirectoryBuckets',
  'PutBucketAnalyticsConfiguration',
  'PutBucketEncryption',
  'PutBucketInventoryConfiguration',
  'PutBucketLogging',
  'PutBucketReplication',
  'PutObjectAnnotation',
  'RenameObject',
  'SelectObjectContent',
  'UpdateBucketMetadataAnnotationTableConfiguration',
  'UpdateBucketMetadataInventoryTableConfiguration',
  'UpdateBucketMetadataJournalTableConfiguration',
  'UpdateObjectEncryption',
  'WriteGetObjectResponse',
]

function acceptedBy(operation: ModelOperation): string {
  if (operation.sseRequestHeaders.includes('x-amz-server-side-encryption')) return 'all'
  return operation.sseRequestHeaders.length > 0 ? 'customer' : 'none'
}

t.test('the table is the closed set of 118 operations', async (t) => {
  t.equal(OPERATIONS.length, 118)
  t.strictSame(
    OPERATIONS.map((operation) => operation.name).sort(),
    model.operations.map((operation) => operation.name).sort(),
  )
})

for (const theirs of model.operations) {
  t.test(`${theirs.name} is as the model has it`, async (t) => {
    const { name } = theirs
    if (!isOperationName(name)) throw new Error(`the table lacks ${name}`)
    const ours = operationByName(name)
    const sorted = (list: readonly string[]) => [...list].sort()
    t.strictSame(
      {
        method: ours.method,
        level: ours.level,
        query: Object.fromEntries(ours.query.map((s) => [s.name, s.value ?? null])),
        requiredQuery: sorted(ours.requiredQuery),
        requiredHeaders: sorted(ours.requiredHeaders),
        optionalQuery: sorted(ours.optionalQuery),
        encryptionRole: ours.encryptionRole,
        isUpload: ours.isUpload,
        payload: ours.payload,
        acceptsEncryption: ours.acceptsEncryption,
        returnsEncryption: ours.returnsEncryption,
        deprecated: ours.deprecated,
      },
      {
        method: theirs.method,
        level: theirs.level,
        query: theirs.selectors.query,
        requiredQuery: sorted(theirs.selectors.requiredQueryParams),
        requiredHeaders: sorted(theirs.selectors.requiredHeaders),
        optionalQuery: sorted([...theirs.optionalQueryParams, ...(BEYOND_THE_MODEL[name] ?? [])]),
        encryptionRole: theirs.encryptionRole,
        isUpload: theirs.uploadClass,
        payload: theirs.payload,
        acceptsEncryption: acceptedBy(theirs),
        returnsEncryption: theirs.sseResponseHeaders.includes('x-amz-server-side-encryption'),
        deprecated: theirs.deprecated,
      },
    )
  })
}

t.test('what changes encryption behind the policy is closed, and nothing else', async (t) => {
  t.strictSame(
    OPERATIONS.filter((operation) => operation.closed)
      .map((operation) => operation.name)
      .sort(),
    CLOSED,
  )
})

t.test(
  'an operation that has a say in encryption is closed, inspected or under policy',
  async (t) => {
    const underPolicy = ['sets', 'inherits-mpu', 'reads', 'none']
    const open = OPERATIONS.filter(
      (o) => !o.closed && !o.inspectsBody && !underPolicy.includes(o.encryptionRole),
    )
    // A new bucket has the default encryption of S3; the policy's headers stand above it.
    t.strictSame(
      open.map((operation) => operation.name),
      ['CreateBucket'],
    )
  },
)

t.test('uploads are the four that settle an encryption', async (t) => {
  t.strictSame(
    OPERATIONS.filter((operation) => operation.isUpload)
      .map((operation) => operation.name)
      .sort(),
    ['CopyObject', 'CreateMultipartUpload', 'PostObject', 'PutObject'],
  )
})

t.test('literal selectors have a value only where the value selects', async (t) => {
  const withValue = OPERATIONS.flatMap((o) => o.query).filter((s) => s.value !== undefined)
  t.strictSame(withValue, [
    { name: 'list-type', value: '2' },
    { name: 'select-type', value: '2' },
  ])
})

t.test('names of other things are no operation names', async (t) => {
  for (const text of ['', 'putobject', 'PutObject ', 'constructor', '__proto__', 'toString']) {
    t.notOk(isOperationName(text), text)
  }
  t.ok(isOperationName('PutObject'))
})
