import {
  CopyObjectCommand,
  CreateBucketCommand,
  GetObjectAclCommand,
  GetObjectAnnotationCommand,
  GetObjectAttributesCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectAnnotationsCommand,
  ListObjectVersionsCommand,
  PutObjectAnnotationCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  RestoreObjectCommand,
  UpdateObjectEncryptionCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import t from 'tap'
import { sdkClient } from '../sdk-client.ts'
import { KEY, startTestSandbox, type Teardown } from '../start-test-sandbox.ts'

const Bucket = 'bucket-sdk'
const Key = 'key'

async function start(t: Teardown) {
  const { sandbox } = await startTestSandbox(t, { now: Date.now })
  const s3 = sdkClient(t, sandbox)
  await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }))
  return s3
}

t.test("the SDK's view of a re-sealed, annotated, versioned object", async (t) => {
  const s3 = await start(t)
  const put = await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'one', ACL: 'public-read' }))
  const { VersionId } = put
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'two' }))
  const note = await s3.send(
    new PutObjectAnnotationCommand({ Bucket, Key, AnnotationName: 'n', AnnotationPayload: 'text' }),
  )
  t.match(note, { Key, AnnotationName: 'n', ServerSideEncryption: 'AES256', ChecksumCRC32: /=$/ })
  const SSEKMS = { KMSKeyArn: KEY, BucketKeyEnabled: true }
  const ObjectEncryption = { SSEKMS }
  await s3.send(new UpdateObjectEncryptionCommand({ Bucket, Key, VersionId, ObjectEncryption }))
  t.match(await s3.send(new HeadObjectCommand({ Bucket, Key, VersionId })), {
    ServerSideEncryption: 'aws:kms',
    SSEKMSKeyId: KEY,
    BucketKeyEnabled: true,
    ETag: put.ETag,
  })
  const { Grants } = await s3.send(new GetObjectAclCommand({ Bucket, Key, VersionId }))
  t.match(Grants, [
    { Grantee: { Type: 'CanonicalUser' }, Permission: 'FULL_CONTROL' },
    { Grantee: { Type: 'Group', URI: /AllUsers$/ }, Permission: 'READ' },
  ])
  const versions = await s3.send(new ListObjectVersionsCommand({ Bucket }))
  t.match(versions.Versions, [{ IsLatest: true }, { IsLatest: false, VersionId }])
  t.match(await s3.send(new ListObjectAnnotationsCommand({ Bucket, Key })), {
    Annotations: [{ AnnotationName: 'n', Size: 4, ChecksumAlgorithm: ['CRC32'] }],
    AnnotationCount: 1,
  })
  const got = await s3.send(new GetObjectAnnotationCommand({ Bucket, Key, AnnotationName: 'n' }))
  t.equal(await got.AnnotationPayload?.transformToString(), 'text')
})

t.test('the SDK sees locks, archives and parts', async (t) => {
  const s3 = await start(t)
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', StorageClass: 'GLACIER' }))
  const CopySource = `${Bucket}/${Key}`
  const copy = new CopyObjectCommand({ Bucket, Key: 'copy', CopySource })
  await t.rejects(s3.send(copy), { name: 'InvalidObjectState', StorageClass: 'GLACIER' })
  await s3.send(new RestoreObjectCommand({ Bucket, Key, RestoreRequest: { Days: 1 } }))
  await s3.send(copy)
  const RetainUntilDate = new Date(Date.now() + 3_600_000)
  const Retention = { Mode: 'GOVERNANCE', RetainUntilDate } as const
  await s3.send(new PutObjectRetentionCommand({ Bucket, Key, Retention }))
  t.match(await s3.send(new GetObjectRetentionCommand({ Bucket, Key })), { Retention })
  await s3.send(new PutObjectLegalHoldCommand({ Bucket, Key, LegalHold: { Status: 'ON' } }))
  t.match(await s3.send(new HeadObjectCommand({ Bucket, Key })), {
    ObjectLockMode: 'GOVERNANCE',
    ObjectLockLegalHoldStatus: 'ON',
    Restore: /ongoing-request="false"/,
  })
  const Body = Buffer.alloc(11 * 1024 ** 2)
  await new Upload({
    client: s3,
    params: { Bucket, Key, Body, ChecksumAlgorithm: 'SHA256' },
  }).done()
  const attributes = await s3.send(
    new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: ['ObjectParts', 'Checksum'] }),
  )
  t.match(attributes, {
    Checksum: { ChecksumSHA256: /-3$/, ChecksumType: 'COMPOSITE' },
    ObjectParts: { TotalPartsCount: 3 },
  })
  t.strictSame(
    attributes.ObjectParts?.Parts?.map(({ Size }) => Size),
    [5 * 1024 ** 2, 5 * 1024 ** 2, 1024 ** 2],
  )
})
