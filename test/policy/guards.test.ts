import t from 'tap'
import { GUARD_NAMES, GUARDS_OF, hasGuards } from '../../src/policy/guards.ts'
import { OPERATIONS, type OperationName } from '../../src/s3/operation.ts'

/** Why an operation that is no read evades no guard. */
type Unguarded =
  /** Refused unless the operator opens it by name. */
  | 'closed'
  /** Changes settings of a bucket: needs the class `configure`. */
  | 'configure'
  /** Writes no object, ACL or tag, and bypasses no retention. */
  | 'writes nothing'
  /** Its document may name what is written, which stays closed if a rule has guards. */
  | 'inspected'

const ALL = GUARD_NAMES

/** Written by hand: the guards of every operation that is no read and no list. */
const TABLE: Readonly<Partial<Record<OperationName, readonly string[] | Unguarded>>> = {
  WriteGetObjectResponse: 'closed',
  CreateBucket: ['publicAcl'],
  CreateBucketMetadataConfiguration: 'closed',
  CreateBucketMetadataTableConfiguration: 'closed',
  CreateSession: 'closed',
  DeleteBucket: 'writes nothing',
  DeleteBucketAnalyticsConfiguration: 'configure',
  DeleteBucketCors: 'configure',
  DeleteBucketEncryption: 'closed',
  DeleteBucketIntelligentTieringConfiguration: 'configure',
  DeleteBucketInventoryConfiguration: 'configure',
  DeleteBucketLifecycle: 'configure',
  DeleteBucketMetadataConfiguration: 'configure',
  DeleteBucketMetadataTableConfiguration: 'configure',
  DeleteBucketMetricsConfiguration: 'configure',
  DeleteBucketOwnershipControls: 'configure',
  DeleteBucketPolicy: 'configure',
  DeleteBucketReplication: 'configure',
  DeleteBucketTagging: 'configure',
  DeleteBucketWebsite: 'configure',
  DeleteObjects: ['objectLock'],
  DeletePublicAccessBlock: 'configure',
  PostObject: ALL,
  PutBucketAbac: 'configure',
  PutBucketAccelerateConfiguration: 'configure',
  PutBucketAcl: ['publicAcl'],
  PutBucketAnalyticsConfiguration: 'closed',
  PutBucketCors: 'configure',
  PutBucketEncryption: 'closed',
  PutBucketIntelligentTieringConfiguration: 'configure',
  PutBucketInventoryConfiguration: 'closed',
  PutBucketLifecycle: 'configure',
  PutBucketLifecycleConfiguration: 'configure',
  PutBucketLogging: 'closed',
  PutBucketMetricsConfiguration: 'configure',
  PutBucketNotification: 'configure',
  PutBucketNotificationConfiguration: 'configure',
  PutBucketOwnershipControls: 'configure',
  PutBucketPolicy: 'configure',
  PutBucketReplication: 'closed',
  PutBucketRequestPayment: 'configure',
  PutBucketTagging: 'configure',
  PutBucketVersioning: 'configure',
  PutBucketWebsite: 'configure',
  PutObjectLockConfiguration: 'configure',
  PutPublicAccessBlock: 'configure',
  UpdateBucketMetadataAnnotationTableConfiguration: 'closed',
  UpdateBucketMetadataInventoryTableConfiguration: 'closed',
  UpdateBucketMetadataJournalTableConfiguration: 'closed',
  AbortMultipartUpload: 'writes nothing',
  CompleteMultipartUpload: ['maxBytes'],
  CopyObject: ALL,
  CreateMultipartUpload: ALL.filter((name) => name !== 'maxBytes'),
  DeleteObject: ['objectLock'],
  DeleteObjectAnnotation: 'writes nothing',
  DeleteObjectTagging: ['tags'],
  PutObject: ALL,
  PutObjectAcl: ['publicAcl'],
  PutObjectAnnotation: 'closed',
  PutObjectLegalHold: 'writes nothing',
  PutObjectRetention: ['objectLock'],
  PutObjectTagging: ['tags'],
  RenameObject: ALL,
  RestoreObject: 'inspected',
  SelectObjectContent: 'closed',
  UpdateObjectEncryption: 'closed',
  UploadPart: ['maxBytes', 'checksum', 'objectLock'],
  UploadPartCopy: ['maxBytes'],
}

for (const { name, method, access, closed, inspectsBody } of OPERATIONS) {
  t.test(`${name} has the guards of the table, or a reason for none`, async (t) => {
    const listed = TABLE[name]
    const guards = GUARDS_OF.get(name)
    if (listed === undefined) {
      const isRead = method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
      t.ok(isRead, 'only reads are not listed')
      t.equal(guards, undefined)
    } else if (typeof listed === 'string') {
      t.equal(guards, undefined)
      if (listed === 'closed') t.ok(closed)
      if (listed === 'configure') t.equal(access, 'configure')
      if (listed === 'inspected') t.ok(inspectsBody)
    } else {
      t.strictSame(guards, listed)
    }
  })
}

t.test('a list of rules has guards if one of them does', async (t) => {
  t.equal(hasGuards([]), false)
})
