/** What a request line says of it: method, level, and the literal selectors of its query. */
type RequestShape =
  | `${OperationMethod} ${OperationLevel}`
  | `${OperationMethod} ${OperationLevel}?${string}`

/** The methods that S3 knows. */
export type OperationMethod = 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE' | 'OPTIONS'

/** What an operation is about: the account's buckets, one bucket, one object. */
export type OperationLevel = 'service' | 'bucket' | 'object'

/** How an operation bears on the encryption of what is stored. */
export type EncryptionRole =
  /** Creates an object and settles its encryption. */
  | 'sets'
  /** Belongs to a multipart upload, whose creation settled it. */
  | 'inherits-mpu'
  /** Re-keys a stored object. */
  | 'mutates'
  /** Changes what a write without encryption headers gets. */
  | 'bucket-default'
  /** Settles the encryption of later writes of a session. */
  | 'session-default'
  /** Brings a stored object under another name. */
  | 'moves'
  /** Stores data under the encryption of the object that it is attached to. */
  | 'inherits-object'
  /** Has S3 itself write objects, now or later. */
  | 'indirect-write'
  /** Reads an object. */
  | 'reads'
  | 'none'

/** A line of the table; what is left out has the value that is named here. */
export interface OperationRow {
  readonly at: RequestShape
  /** Parameters without which it is another operation. None. */
  readonly needs?: readonly string[]
  /** Further parameters that it takes. None. */
  readonly takes?: readonly string[]
  /** Headers without which it is another operation, or an invalid one. None. */
  readonly headers?: readonly string[]
  /** `none`. */
  readonly payload?: 'xml' | 'streaming' | 'multipart-form'
  /** `none`. */
  readonly role?: EncryptionRole
  /** Which `x-amz-server-side-encryption*` request headers it takes. `none`. */
  readonly accepts?: 'all' | 'customer'
  /** Answers with `x-amz-server-side-encryption`. False. */
  readonly returns?: true
  /** False. */
  readonly closed?: true
  /** False. */
  readonly inspectsBody?: true
  /** Same request as another line, under the name of an older API. False. */
  readonly deprecated?: true
}

/** Response headers that a GET or HEAD of an object may override in its query. */
const RESPONSE_OVERRIDES = [
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
] as const

/**
 * Every operation of S3's data plane, by its API name: the closed set that Sealgate knows. What is
 * not here is refused.
 *
 * `closed` marks what Sealgate keeps shut until the policy opens it by name: it changes encryption
 * behind the policy's back (bucket defaults, replication and configurations that make S3 itself
 * write objects), moves or re-keys stored objects, hands out a session that goes around the proxy,
 * or belongs to another endpoint.
 *
 * Source: botocore 1.43.107, data/s3/2006-03-01/service-2.json, and @aws-sdk/client-s3 3.1169.0
 * (they agree); PostObject and OptionsPreflight from the API reference, no model has them.
 */
export const OPERATION_TABLE = {
  // service level
  ListBuckets: {
    at: 'GET service',
    takes: ['bucket-region', 'continuation-token', 'max-buckets', 'prefix'],
  },
  ListDirectoryBuckets: {
    at: 'GET service',
    takes: ['continuation-token', 'max-directory-buckets'],
    closed: true,
  },
  WriteGetObjectResponse: {
    at: 'POST service',
    headers: ['x-amz-request-route', 'x-amz-request-token'],
    payload: 'streaming',
    closed: true,
  },
  // bucket level
  CreateBucket: { at: 'PUT bucket', payload: 'xml', role: 'bucket-default' },
  CreateBucketMetadataConfiguration: {
    at: 'POST bucket?metadataConfiguration',
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  CreateBucketMetadataTableConfiguration: {
    at: 'POST bucket?metadataTable',
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  // Its encryption headers hold for the session's writes, which go directly to a zonal endpoint.
  CreateSession: {
    at: 'GET bucket?session',
    role: 'session-default',
    accepts: 'all',
    returns: true,
    closed: true,
  },
  DeleteBucket: { at: 'DELETE bucket' },
  DeleteBucketAnalyticsConfiguration: { at: 'DELETE bucket?analytics', needs: ['id'] },
  DeleteBucketCors: { at: 'DELETE bucket?cors' },
  DeleteBucketEncryption: { at: 'DELETE bucket?encryption', role: 'bucket-default', closed: true },
  DeleteBucketIntelligentTieringConfiguration: {
    at: 'DELETE bucket?intelligent-tiering',
    needs: ['id'],
  },
  DeleteBucketInventoryConfiguration: { at: 'DELETE bucket?inventory', needs: ['id'] },
  DeleteBucketLifecycle: { at: 'DELETE bucket?lifecycle' },
  DeleteBucketMetadataConfiguration: { at: 'DELETE bucket?metadataConfiguration' },
  DeleteBucketMetadataTableConfiguration: { at: 'DELETE bucket?metadataTable' },
  DeleteBucketMetricsConfiguration: { at: 'DELETE bucket?metrics', needs: ['id'] },
  DeleteBucketOwnershipControls: { at: 'DELETE bucket?ownershipControls' },
  DeleteBucketPolicy: { at: 'DELETE bucket?policy' },
  DeleteBucketReplication: { at: 'DELETE bucket?replication' },
  DeleteBucketTagging: { at: 'DELETE bucket?tagging' },
  DeleteBucketWebsite: { at: 'DELETE bucket?website' },
  DeleteObjects: { at: 'POST bucket?delete', payload: 'xml' },
  DeletePublicAccessBlock: { at: 'DELETE bucket?publicAccessBlock' },
  GetBucketAbac: { at: 'GET bucket?abac' },
  GetBucketAccelerateConfiguration: { at: 'GET bucket?accelerate' },
  GetBucketAcl: { at: 'GET bucket?acl' },
  GetBucketAnalyticsConfiguration: { at: 'GET bucket?analytics', needs: ['id'] },
  GetBucketCors: { at: 'GET bucket?cors' },
  GetBucketEncryption: { at: 'GET bucket?encryption' },
  GetBucketIntelligentTieringConfiguration: { at: 'GET bucket?intelligent-tiering', needs: ['id'] },
  GetBucketInventoryConfiguration: { at: 'GET bucket?inventory', needs: ['id'] },
  GetBucketLifecycle: { at: 'GET bucket?lifecycle', deprecated: true },
  GetBucketLifecycleConfiguration: { at: 'GET bucket?lifecycle' },
  GetBucketLocation: { at: 'GET bucket?location' },
  GetBucketLogging: { at: 'GET bucket?logging' },
  GetBucketMetadataConfiguration: { at: 'GET bucket?metadataConfiguration' },
  GetBucketMetadataTableConfiguration: { at: 'GET bucket?metadataTable' },
  GetBucketMetricsConfiguration: { at: 'GET bucket?metrics', needs: ['id'] },
  GetBucketNotification: { at: 'GET bucket?notification', deprecated: true },
  GetBucketNotificationConfiguration: { at: 'GET bucket?notification' },
  GetBucketOwnershipControls: { at: 'GET bucket?ownershipControls' },
  GetBucketPolicy: { at: 'GET bucket?policy' },
  GetBucketPolicyStatus: { at: 'GET bucket?policyStatus' },
  GetBucketReplication: { at: 'GET bucket?replication' },
  GetBucketRequestPayment: { at: 'GET bucket?requestPayment' },
  GetBucketTagging: { at: 'GET bucket?tagging' },
  GetBucketVersioning: { at: 'GET bucket?versioning' },
  GetBucketWebsite: { at: 'GET bucket?website' },
  GetObjectLockConfiguration: { at: 'GET bucket?object-lock' },
  GetPublicAccessBlock: { at: 'GET bucket?publicAccessBlock' },
  HeadBucket: { at: 'HEAD bucket' },
  ListBucketAnalyticsConfigurations: { at: 'GET bucket?analytics', takes: ['continuation-token'] },
  ListBucketIntelligentTieringConfigurations: {
    at: 'GET bucket?intelligent-tiering',
    takes: ['continuation-token'],
  },
  ListBucketInventoryConfigurations: { at: 'GET bucket?inventory', takes: ['continuation-token'] },
  ListBucketMetricsConfigurations: { at: 'GET bucket?metrics', takes: ['continuation-token'] },
  ListMultipartUploads: {
    at: 'GET bucket?uploads',
    takes: [
      'delimiter',
      'encoding-type',
      'key-marker',
      'max-uploads',
      'prefix',
      'upload-id-marker',
    ],
  },
  ListObjectVersions: {
    at: 'GET bucket?versions',
    takes: ['delimiter', 'encoding-type', 'key-marker', 'max-keys', 'prefix', 'version-id-marker'],
  },
  ListObjects: {
    at: 'GET bucket',
    takes: ['delimiter', 'encoding-type', 'marker', 'max-keys', 'prefix'],
  },
  ListObjectsV2: {
    at: 'GET bucket?list-type=2',
    takes: [
      'continuation-token',
      'delimiter',
      'encoding-type',
      'fetch-owner',
      'max-keys',
      'prefix',
      'start-after',
    ],
  },
  // Encryption goes into form fields; in no model, from the API reference RESTObjectPOST.
  PostObject: { at: 'POST bucket', payload: 'multipart-form', role: 'sets', returns: true },
  PutBucketAbac: { at: 'PUT bucket?abac', payload: 'xml' },
  PutBucketAccelerateConfiguration: { at: 'PUT bucket?accelerate', payload: 'xml' },
  PutBucketAcl: { at: 'PUT bucket?acl', payload: 'xml' },
  PutBucketAnalyticsConfiguration: {
    at: 'PUT bucket?analytics',
    needs: ['id'],
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  PutBucketCors: { at: 'PUT bucket?cors', payload: 'xml' },
  PutBucketEncryption: {
    at: 'PUT bucket?encryption',
    payload: 'xml',
    role: 'bucket-default',
    closed: true,
  },
  PutBucketIntelligentTieringConfiguration: {
    at: 'PUT bucket?intelligent-tiering',
    needs: ['id'],
    payload: 'xml',
  },
  PutBucketInventoryConfiguration: {
    at: 'PUT bucket?inventory',
    needs: ['id'],
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  PutBucketLifecycle: { at: 'PUT bucket?lifecycle', payload: 'xml', deprecated: true },
  PutBucketLifecycleConfiguration: { at: 'PUT bucket?lifecycle', payload: 'xml' },
  PutBucketLogging: {
    at: 'PUT bucket?logging',
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  PutBucketMetricsConfiguration: { at: 'PUT bucket?metrics', needs: ['id'], payload: 'xml' },
  PutBucketNotification: { at: 'PUT bucket?notification', payload: 'xml', deprecated: true },
  PutBucketNotificationConfiguration: { at: 'PUT bucket?notification', payload: 'xml' },
  PutBucketOwnershipControls: { at: 'PUT bucket?ownershipControls', payload: 'xml' },
  PutBucketPolicy: { at: 'PUT bucket?policy', payload: 'xml' },
  PutBucketReplication: {
    at: 'PUT bucket?replication',
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  PutBucketRequestPayment: { at: 'PUT bucket?requestPayment', payload: 'xml' },
  PutBucketTagging: { at: 'PUT bucket?tagging', payload: 'xml' },
  PutBucketVersioning: { at: 'PUT bucket?versioning', payload: 'xml' },
  PutBucketWebsite: { at: 'PUT bucket?website', payload: 'xml' },
  PutObjectLockConfiguration: { at: 'PUT bucket?object-lock', payload: 'xml' },
  PutPublicAccessBlock: { at: 'PUT bucket?publicAccessBlock', payload: 'xml' },
  UpdateBucketMetadataAnnotationTableConfiguration: {
    at: 'PUT bucket?metadataAnnotationTable',
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  UpdateBucketMetadataInventoryTableConfiguration: {
    at: 'PUT bucket?metadataInventoryTable',
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  UpdateBucketMetadataJournalTableConfiguration: {
    at: 'PUT bucket?metadataJournalTable',
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  // object level
  AbortMultipartUpload: { at: 'DELETE object', needs: ['uploadId'] },
  CompleteMultipartUpload: {
    at: 'POST object',
    needs: ['uploadId'],
    payload: 'xml',
    role: 'inherits-mpu',
    accepts: 'customer',
    returns: true,
  },
  // Without headers the copy has the destination bucket's default, not the source's encryption.
  CopyObject: {
    at: 'PUT object',
    headers: ['x-amz-copy-source'],
    role: 'sets',
    accepts: 'all',
    returns: true,
  },
  CreateMultipartUpload: { at: 'POST object?uploads', role: 'sets', accepts: 'all', returns: true },
  DeleteObject: { at: 'DELETE object', takes: ['versionId'] },
  DeleteObjectAnnotation: {
    at: 'DELETE object?annotation',
    needs: ['annotationName'],
    takes: ['versionId'],
  },
  DeleteObjectTagging: { at: 'DELETE object?tagging', takes: ['versionId'] },
  GetObject: {
    at: 'GET object',
    takes: ['partNumber', 'versionId', ...RESPONSE_OVERRIDES],
    role: 'reads',
    accepts: 'customer',
    returns: true,
  },
  GetObjectAcl: { at: 'GET object?acl', takes: ['versionId'] },
  GetObjectAnnotation: {
    at: 'GET object?annotation',
    needs: ['annotationName'],
    takes: ['versionId'],
    role: 'reads',
    returns: true,
  },
  GetObjectAttributes: {
    at: 'GET object?attributes',
    takes: ['versionId'],
    headers: ['x-amz-object-attributes'],
    role: 'reads',
    accepts: 'customer',
  },
  GetObjectLegalHold: { at: 'GET object?legal-hold', takes: ['versionId'] },
  GetObjectRetention: { at: 'GET object?retention', takes: ['versionId'] },
  GetObjectTagging: { at: 'GET object?tagging', takes: ['versionId'] },
  GetObjectTorrent: { at: 'GET object?torrent', role: 'reads' },
  HeadObject: {
    at: 'HEAD object',
    takes: ['partNumber', 'versionId', ...RESPONSE_OVERRIDES],
    role: 'reads',
    accepts: 'customer',
    returns: true,
  },
  ListObjectAnnotations: {
    at: 'GET object?annotation',
    takes: ['annotation-prefix', 'continuation-token', 'max-annotation-results', 'versionId'],
    role: 'reads',
  },
  // encoding-type: of older versions of the API reference; Ceph and MinIO take it.
  ListParts: {
    at: 'GET object',
    needs: ['uploadId'],
    takes: ['encoding-type', 'max-parts', 'part-number-marker'],
    role: 'reads',
    accepts: 'customer',
  },
  OptionsPreflight: { at: 'OPTIONS object', headers: ['origin', 'access-control-request-method'] },
  PutObject: {
    at: 'PUT object',
    payload: 'streaming',
    role: 'sets',
    accepts: 'all',
    returns: true,
  },
  PutObjectAcl: { at: 'PUT object?acl', takes: ['versionId'], payload: 'xml' },
  PutObjectAnnotation: {
    at: 'PUT object?annotation',
    needs: ['annotationName'],
    takes: ['versionId'],
    payload: 'streaming',
    role: 'inherits-object',
    returns: true,
    closed: true,
  },
  PutObjectLegalHold: { at: 'PUT object?legal-hold', takes: ['versionId'], payload: 'xml' },
  PutObjectRetention: { at: 'PUT object?retention', takes: ['versionId'], payload: 'xml' },
  PutObjectTagging: { at: 'PUT object?tagging', takes: ['versionId'], payload: 'xml' },
  RenameObject: {
    at: 'PUT object?renameObject',
    headers: ['x-amz-rename-source'],
    role: 'moves',
    closed: true,
  },
  // A SELECT restore writes objects with the encryption that its OutputLocation asks for.
  RestoreObject: {
    at: 'POST object?restore',
    takes: ['versionId'],
    payload: 'xml',
    role: 'indirect-write',
    inspectsBody: true,
  },
  SelectObjectContent: {
    at: 'POST object?select&select-type=2',
    payload: 'xml',
    role: 'reads',
    accepts: 'customer',
    closed: true,
  },
  // The same selector as PutBucketEncryption, at another level.
  UpdateObjectEncryption: {
    at: 'PUT object?encryption',
    takes: ['versionId'],
    payload: 'xml',
    role: 'mutates',
    closed: true,
  },
  UploadPart: {
    at: 'PUT object',
    needs: ['partNumber', 'uploadId'],
    payload: 'streaming',
    role: 'inherits-mpu',
    accepts: 'customer',
    returns: true,
  },
  UploadPartCopy: {
    at: 'PUT object',
    needs: ['partNumber', 'uploadId'],
    headers: ['x-amz-copy-source'],
    role: 'inherits-mpu',
    accepts: 'customer',
    returns: true,
  },
} as const satisfies Readonly<Record<string, OperationRow>>
