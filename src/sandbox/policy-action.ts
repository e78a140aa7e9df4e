/**
 * The policy actions of the operations for which the sandbox evaluates a bucket policy; the second
 * name is that of the operation with a version id.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
 */
const POLICY_ACTIONS: Readonly<Record<string, readonly [action: string, ofVersion?: string]>> = {
  AbortMultipartUpload: ['AbortMultipartUpload'],
  CopyObject: ['PutObject'],
  CreateMultipartUpload: ['PutObject'],
  DeleteObject: ['DeleteObject', 'DeleteObjectVersion'],
  DeleteObjectAnnotation: ['DeleteObjectAnnotation'],
  DeleteObjectTagging: ['DeleteObjectTagging', 'DeleteObjectVersionTagging'],
  GetBucketAcl: ['GetBucketAcl'],
  GetBucketEncryption: ['GetEncryptionConfiguration'],
  GetBucketOwnershipControls: ['GetBucketOwnershipControls'],
  GetBucketVersioning: ['GetBucketVersioning'],
  GetObject: ['GetObject', 'GetObjectVersion'],
  GetObjectAcl: ['GetObjectAcl', 'GetObjectVersionAcl'],
  GetObjectAnnotation: ['GetObjectAnnotation'],
  GetObjectAttributes: ['GetObjectAttributes', 'GetObjectVersionAttributes'],
  GetObjectLegalHold: ['GetObjectLegalHold'],
  GetObjectLockConfiguration: ['GetBucketObjectLockConfiguration'],
  GetObjectRetention: ['GetObjectRetention'],
  GetObjectTagging: ['GetObjectTagging', 'GetObjectVersionTagging'],
  HeadObject: ['GetObject', 'GetObjectVersion'],
  ListObjectAnnotations: ['ListObjectAnnotations'],
  ListObjectVersions: ['ListBucketVersions'],
  ListObjects: ['ListBucket'],
  ListObjectsV2: ['ListBucket'],
  PutObject: ['PutObject'],
  PutObjectAcl: ['PutObjectAcl', 'PutObjectVersionAcl'],
  PutObjectAnnotation: ['PutObjectAnnotation'],
  PutObjectLegalHold: ['PutObjectLegalHold'],
  PutObjectRetention: ['PutObjectRetention'],
  PutObjectTagging: ['PutObjectTagging', 'PutObjectVersionTagging'],
  RestoreObject: ['RestoreObject'],
  UpdateObjectEncryption: ['UpdateObjectEncryption'],
}

/** `s3:<action>` of an operation; undefined: no policy is evaluated on it. */
export function policyAction(operation: string, hasVersionId: boolean): string | undefined {
  const [action, ofVersion] = POLICY_ACTIONS[operation] ?? []
  if (action === undefined) return undefined
  return `s3:${hasVersionId ? (ofVersion ?? action) : action}`
}
