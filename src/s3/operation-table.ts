/** The request line of an operation: method, level, and the literal selectors of its query. */
type RequestShape =
  | `${OperationMethod} ${OperationLevel}`
  | `${OperationMethod} ${OperationLevel}?${string}`

/** The methods that S3 knows. */
export type OperationMethod = 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE' | 'OPTIONS'

/** The resource of an operation: the account's buckets, one bucket, or one object. */
export type OperationLevel = 'service' | 'bucket' | 'object'

/** How an operation affects the encryption of stored data. */
export type EncryptionRole =
  /** Creates an object and sets its encryption. */
  | 'sets'
  /** Belongs to a multipart upload; its creation set the encryption. */
  | 'inherits-mpu'
  /** Changes the encryption of a stored object. */
  | 'mutates'
  /** Changes the default encryption of writes without encryption headers. */
  | 'bucket-default'
  /** Sets the encryption of later writes of a session. */
  | 'session-default'
  /** Moves a stored object to another name. */
  | 'moves'
  /** Stores data with the encryption of the object that it is attached to. */
  | 'inherits-object'
  /** Makes S3 itself write objects, now or later. */
  | 'indirect-write'
  /** Reads an object. */
  | 'reads'
  | 'none'

/** A row of the table. Each comment names the default of an absent field. */
export interface OperationRow {
  readonly at: RequestShape
  /** Required parameters: without them, the request is another operation. Default: none. */
  readonly needs?: readonly string[]
  /** Optional parameters. Default: none. */
  readonly takes?: readonly string[]
  /**
   * Required headers: without them, the request is another operation, or invalid. Default: none.
   */
  readonly headers?: readonly string[]
  /** Default: `none`. */
  readonly payload?: 'xml' | 'streaming' | 'multipart-form'
  /** Default: `none`. */
  readonly role?: EncryptionRole
  /** The `x-amz-server-side-encryption*` request headers that it accepts. Default: `none`. */
  readonly accepts?: 'all' | 'customer'
  /** The answer has `x-amz-server-side-encryption`. Default: false. */
  readonly returns?: true
  /** Default: false. */
  readonly closed?: true
  /** Default: false. */
  readonly inspectsBody?: true
  /** A success has written an object. Default: false. */
  readonly makesObject?: true
  /** The same request as another row, under its name in an older API. Default: false. */
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
 * Every operation of S3's data plane, by its API name: the closed set that Sealgate knows. All
 * other requests are refused.
 *
 * `closed` marks operations that are refused unless the policy opens them by name: they change
 * encryption without the policy's control (bucket defaults, replication and configurations that
 * make S3 itself write objects), move or re-encrypt stored objects, issue a session that bypasses
 * the proxy, or belong to another endpoint.
 *
 * Source: botocore 1.43.107, data/s3/2006-03-01/service-2.json, and @aws-sdk/client-s3 3.1169.0
 * (both agree); PostObject and OptionsPreflight come from the API reference, since no model has
 * them.
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
  // Its encryption headers apply to the session's writes, which bypass the proxy: they are sent to
  // a zonal endpoint.
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
  // Encryption is set by form fields. No model has it; source: API reference, RESTObjectPOST.
  PostObject: {
    at: 'POST bucket',
    payload: 'multipart-form',
    role: 'sets',
    returns: true,
    makesObject: true,
  },
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
    makesObject: true,
  },
  // Without encryption headers the copy gets the default of the destination bucket, not the
  // encryption of the source.
  CopyObject: {
    at: 'PUT object',
    headers: ['x-amz-copy-source'],
    role: 'sets',
    accepts: 'all',
    returns: true,
    makesObject: true,
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
  // encoding-type is in older versions of the API reference; Ceph and MinIO accept it.
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
    makesObject: true,
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
  // A SELECT restore writes objects with the encryption that its OutputLocation names.
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
  // The selector of PutBucketEncryption, at the object level.
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
