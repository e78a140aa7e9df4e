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

/** What a client is allowed to do: the classes of `clients[].allow`. */
export const ACCESS_CLASSES = ['read', 'write', 'delete', 'list', 'create', 'configure'] as const
export type AccessClass = (typeof ACCESS_CLASSES)[number]

/** A row of the table. Each comment names the default of an absent field. */
export interface OperationRow {
  readonly at: RequestShape
  /**
   * The class that a client needs: the access level of S3's service authorization reference, where
   * `delete` and `create` are levels of their own, tagging an object is a `write`, and each change of
   * a bucket's settings or of an ACL is `configure`.
   */
  readonly access: AccessClass
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
  /** Its body can name other objects, or a closed feature. Default: false. */
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
    access: 'list',
    takes: ['bucket-region', 'continuation-token', 'max-buckets', 'prefix'],
  },
  ListDirectoryBuckets: {
    at: 'GET service',
    access: 'list',
    takes: ['continuation-token', 'max-directory-buckets'],
    closed: true,
  },
  WriteGetObjectResponse: {
    at: 'POST service',
    access: 'write',
    headers: ['x-amz-request-route', 'x-amz-request-token'],
    payload: 'streaming',
    closed: true,
  },
  // bucket level
  CreateBucket: { at: 'PUT bucket', access: 'create', payload: 'xml', role: 'bucket-default' },
  CreateBucketMetadataConfiguration: {
    at: 'POST bucket?metadataConfiguration',
    access: 'configure',
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  CreateBucketMetadataTableConfiguration: {
    at: 'POST bucket?metadataTable',
    access: 'configure',
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  // Its encryption headers apply to the session's writes, which bypass the proxy: they are sent to
  // a zonal endpoint.
  CreateSession: {
    at: 'GET bucket?session',
    access: 'configure',
    role: 'session-default',
    accepts: 'all',
    returns: true,
    closed: true,
  },
  DeleteBucket: { at: 'DELETE bucket', access: 'delete' },
  DeleteBucketAnalyticsConfiguration: {
    at: 'DELETE bucket?analytics',
    access: 'configure',
    needs: ['id'],
  },
  DeleteBucketCors: { at: 'DELETE bucket?cors', access: 'configure' },
  DeleteBucketEncryption: {
    at: 'DELETE bucket?encryption',
    access: 'configure',
    role: 'bucket-default',
    closed: true,
  },
  DeleteBucketIntelligentTieringConfiguration: {
    at: 'DELETE bucket?intelligent-tiering',
    access: 'configure',
    needs: ['id'],
  },
  DeleteBucketInventoryConfiguration: {
    at: 'DELETE bucket?inventory',
    access: 'configure',
    needs: ['id'],
  },
  DeleteBucketLifecycle: { at: 'DELETE bucket?lifecycle', access: 'configure' },
  DeleteBucketMetadataConfiguration: {
    at: 'DELETE bucket?metadataConfiguration',
    access: 'configure',
  },
  DeleteBucketMetadataTableConfiguration: {
    at: 'DELETE bucket?metadataTable',
    access: 'configure',
  },
  DeleteBucketMetricsConfiguration: {
    at: 'DELETE bucket?metrics',
    access: 'configure',
    needs: ['id'],
  },
  DeleteBucketOwnershipControls: { at: 'DELETE bucket?ownershipControls', access: 'configure' },
  DeleteBucketPolicy: { at: 'DELETE bucket?policy', access: 'configure' },
  DeleteBucketReplication: { at: 'DELETE bucket?replication', access: 'configure' },
  DeleteBucketTagging: { at: 'DELETE bucket?tagging', access: 'configure' },
  DeleteBucketWebsite: { at: 'DELETE bucket?website', access: 'configure' },
  DeleteObjects: { at: 'POST bucket?delete', access: 'delete', payload: 'xml', inspectsBody: true },
  DeletePublicAccessBlock: { at: 'DELETE bucket?publicAccessBlock', access: 'configure' },
  GetBucketAbac: { at: 'GET bucket?abac', access: 'read' },
  GetBucketAccelerateConfiguration: { at: 'GET bucket?accelerate', access: 'read' },
  GetBucketAcl: { at: 'GET bucket?acl', access: 'read' },
  GetBucketAnalyticsConfiguration: { at: 'GET bucket?analytics', access: 'read', needs: ['id'] },
  GetBucketCors: { at: 'GET bucket?cors', access: 'read' },
  GetBucketEncryption: { at: 'GET bucket?encryption', access: 'read' },
  GetBucketIntelligentTieringConfiguration: {
    at: 'GET bucket?intelligent-tiering',
    access: 'read',
    needs: ['id'],
  },
  GetBucketInventoryConfiguration: { at: 'GET bucket?inventory', access: 'read', needs: ['id'] },
  GetBucketLifecycle: { at: 'GET bucket?lifecycle', access: 'read', deprecated: true },
  GetBucketLifecycleConfiguration: { at: 'GET bucket?lifecycle', access: 'read' },
  GetBucketLocation: { at: 'GET bucket?location', access: 'read' },
  GetBucketLogging: { at: 'GET bucket?logging', access: 'read' },
  GetBucketMetadataConfiguration: { at: 'GET bucket?metadataConfiguration', access: 'read' },
  GetBucketMetadataTableConfiguration: { at: 'GET bucket?metadataTable', access: 'read' },
  GetBucketMetricsConfiguration: { at: 'GET bucket?metrics', access: 'read', needs: ['id'] },
  GetBucketNotification: { at: 'GET bucket?notification', access: 'read', deprecated: true },
  GetBucketNotificationConfiguration: { at: 'GET bucket?notification', access: 'read' },
  GetBucketOwnershipControls: { at: 'GET bucket?ownershipControls', access: 'read' },
  GetBucketPolicy: { at: 'GET bucket?policy', access: 'read' },
  GetBucketPolicyStatus: { at: 'GET bucket?policyStatus', access: 'read' },
  GetBucketReplication: { at: 'GET bucket?replication', access: 'read' },
  GetBucketRequestPayment: { at: 'GET bucket?requestPayment', access: 'read' },
  GetBucketTagging: { at: 'GET bucket?tagging', access: 'read' },
  GetBucketVersioning: { at: 'GET bucket?versioning', access: 'read' },
  GetBucketWebsite: { at: 'GET bucket?website', access: 'read' },
  GetObjectLockConfiguration: { at: 'GET bucket?object-lock', access: 'read' },
  GetPublicAccessBlock: { at: 'GET bucket?publicAccessBlock', access: 'read' },
  HeadBucket: { at: 'HEAD bucket', access: 'list' },
  ListBucketAnalyticsConfigurations: {
    at: 'GET bucket?analytics',
    access: 'read',
    takes: ['continuation-token'],
  },
  ListBucketIntelligentTieringConfigurations: {
    at: 'GET bucket?intelligent-tiering',
    access: 'read',
    takes: ['continuation-token'],
  },
  ListBucketInventoryConfigurations: {
    at: 'GET bucket?inventory',
    access: 'read',
    takes: ['continuation-token'],
  },
  ListBucketMetricsConfigurations: {
    at: 'GET bucket?metrics',
    access: 'read',
    takes: ['continuation-token'],
  },
  ListMultipartUploads: {
    at: 'GET bucket?uploads',
    access: 'list',
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
    access: 'list',
    takes: ['delimiter', 'encoding-type', 'key-marker', 'max-keys', 'prefix', 'version-id-marker'],
  },
  ListObjects: {
    at: 'GET bucket',
    access: 'list',
    takes: ['delimiter', 'encoding-type', 'marker', 'max-keys', 'prefix'],
  },
  ListObjectsV2: {
    at: 'GET bucket?list-type=2',
    access: 'list',
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
    access: 'write',
    payload: 'multipart-form',
    role: 'sets',
    returns: true,
    makesObject: true,
  },
  PutBucketAbac: { at: 'PUT bucket?abac', access: 'configure', payload: 'xml' },
  PutBucketAccelerateConfiguration: {
    at: 'PUT bucket?accelerate',
    access: 'configure',
    payload: 'xml',
  },
  PutBucketAcl: { at: 'PUT bucket?acl', access: 'configure', payload: 'xml' },
  PutBucketAnalyticsConfiguration: {
    at: 'PUT bucket?analytics',
    access: 'configure',
    needs: ['id'],
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  PutBucketCors: { at: 'PUT bucket?cors', access: 'configure', payload: 'xml' },
  PutBucketEncryption: {
    at: 'PUT bucket?encryption',
    access: 'configure',
    payload: 'xml',
    role: 'bucket-default',
    closed: true,
  },
  PutBucketIntelligentTieringConfiguration: {
    at: 'PUT bucket?intelligent-tiering',
    access: 'configure',
    needs: ['id'],
    payload: 'xml',
  },
  PutBucketInventoryConfiguration: {
    at: 'PUT bucket?inventory',
    access: 'configure',
    needs: ['id'],
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  PutBucketLifecycle: {
    at: 'PUT bucket?lifecycle',
    access: 'configure',
    payload: 'xml',
    deprecated: true,
  },
  PutBucketLifecycleConfiguration: {
    at: 'PUT bucket?lifecycle',
    access: 'configure',
    payload: 'xml',
  },
  PutBucketLogging: {
    at: 'PUT bucket?logging',
    access: 'configure',
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  PutBucketMetricsConfiguration: {
    at: 'PUT bucket?metrics',
    access: 'configure',
    needs: ['id'],
    payload: 'xml',
  },
  PutBucketNotification: {
    at: 'PUT bucket?notification',
    access: 'configure',
    payload: 'xml',
    deprecated: true,
  },
  PutBucketNotificationConfiguration: {
    at: 'PUT bucket?notification',
    access: 'configure',
    payload: 'xml',
  },
  PutBucketOwnershipControls: {
    at: 'PUT bucket?ownershipControls',
    access: 'configure',
    payload: 'xml',
  },
  PutBucketPolicy: { at: 'PUT bucket?policy', access: 'configure', payload: 'xml' },
  PutBucketReplication: {
    at: 'PUT bucket?replication',
    access: 'configure',
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  PutBucketRequestPayment: { at: 'PUT bucket?requestPayment', access: 'configure', payload: 'xml' },
  PutBucketTagging: { at: 'PUT bucket?tagging', access: 'configure', payload: 'xml' },
  PutBucketVersioning: { at: 'PUT bucket?versioning', access: 'configure', payload: 'xml' },
  PutBucketWebsite: { at: 'PUT bucket?website', access: 'configure', payload: 'xml' },
  PutObjectLockConfiguration: { at: 'PUT bucket?object-lock', access: 'configure', payload: 'xml' },
  PutPublicAccessBlock: { at: 'PUT bucket?publicAccessBlock', access: 'configure', payload: 'xml' },
  UpdateBucketMetadataAnnotationTableConfiguration: {
    at: 'PUT bucket?metadataAnnotationTable',
    access: 'configure',
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  UpdateBucketMetadataInventoryTableConfiguration: {
    at: 'PUT bucket?metadataInventoryTable',
    access: 'configure',
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  UpdateBucketMetadataJournalTableConfiguration: {
    at: 'PUT bucket?metadataJournalTable',
    access: 'configure',
    payload: 'xml',
    role: 'indirect-write',
    closed: true,
  },
  // object level
  AbortMultipartUpload: { at: 'DELETE object', access: 'write', needs: ['uploadId'] },
  CompleteMultipartUpload: {
    at: 'POST object',
    access: 'write',
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
    access: 'write',
    headers: ['x-amz-copy-source'],
    role: 'sets',
    accepts: 'all',
    returns: true,
    makesObject: true,
  },
  CreateMultipartUpload: {
    at: 'POST object?uploads',
    access: 'write',
    role: 'sets',
    accepts: 'all',
    returns: true,
  },
  DeleteObject: { at: 'DELETE object', access: 'delete', takes: ['versionId'] },
  DeleteObjectAnnotation: {
    at: 'DELETE object?annotation',
    access: 'delete',
    needs: ['annotationName'],
    takes: ['versionId'],
  },
  DeleteObjectTagging: { at: 'DELETE object?tagging', access: 'write', takes: ['versionId'] },
  GetObject: {
    at: 'GET object',
    access: 'read',
    takes: ['partNumber', 'versionId', ...RESPONSE_OVERRIDES],
    role: 'reads',
    accepts: 'customer',
    returns: true,
  },
  GetObjectAcl: { at: 'GET object?acl', access: 'read', takes: ['versionId'] },
  GetObjectAnnotation: {
    at: 'GET object?annotation',
    access: 'read',
    needs: ['annotationName'],
    takes: ['versionId'],
    role: 'reads',
    returns: true,
  },
  GetObjectAttributes: {
    at: 'GET object?attributes',
    access: 'read',
    takes: ['versionId'],
    headers: ['x-amz-object-attributes'],
    role: 'reads',
    accepts: 'customer',
  },
  GetObjectLegalHold: { at: 'GET object?legal-hold', access: 'read', takes: ['versionId'] },
  GetObjectRetention: { at: 'GET object?retention', access: 'read', takes: ['versionId'] },
  GetObjectTagging: { at: 'GET object?tagging', access: 'read', takes: ['versionId'] },
  GetObjectTorrent: { at: 'GET object?torrent', access: 'read', role: 'reads' },
  HeadObject: {
    at: 'HEAD object',
    access: 'read',
    takes: ['partNumber', 'versionId', ...RESPONSE_OVERRIDES],
    role: 'reads',
    accepts: 'customer',
    returns: true,
  },
  ListObjectAnnotations: {
    at: 'GET object?annotation',
    access: 'read',
    takes: ['annotation-prefix', 'continuation-token', 'max-annotation-results', 'versionId'],
    role: 'reads',
  },
  // encoding-type is in older versions of the API reference; Ceph and MinIO accept it.
  ListParts: {
    at: 'GET object',
    access: 'list',
    needs: ['uploadId'],
    takes: ['encoding-type', 'max-parts', 'part-number-marker'],
    role: 'reads',
    accepts: 'customer',
  },
  OptionsPreflight: {
    at: 'OPTIONS object',
    access: 'read',
    headers: ['origin', 'access-control-request-method'],
  },
  PutObject: {
    at: 'PUT object',
    access: 'write',
    payload: 'streaming',
    role: 'sets',
    accepts: 'all',
    returns: true,
    makesObject: true,
  },
  PutObjectAcl: { at: 'PUT object?acl', access: 'configure', takes: ['versionId'], payload: 'xml' },
  PutObjectAnnotation: {
    at: 'PUT object?annotation',
    access: 'write',
    needs: ['annotationName'],
    takes: ['versionId'],
    payload: 'streaming',
    role: 'inherits-object',
    returns: true,
    closed: true,
  },
  PutObjectLegalHold: {
    at: 'PUT object?legal-hold',
    access: 'write',
    takes: ['versionId'],
    payload: 'xml',
  },
  PutObjectRetention: {
    at: 'PUT object?retention',
    access: 'write',
    takes: ['versionId'],
    payload: 'xml',
  },
  PutObjectTagging: {
    at: 'PUT object?tagging',
    access: 'write',
    takes: ['versionId'],
    payload: 'xml',
  },
  RenameObject: {
    at: 'PUT object?renameObject',
    access: 'write',
    headers: ['x-amz-rename-source'],
    role: 'moves',
    closed: true,
  },
  // A SELECT restore writes objects with the encryption that its OutputLocation names.
  RestoreObject: {
    at: 'POST object?restore',
    access: 'write',
    takes: ['versionId'],
    payload: 'xml',
    role: 'indirect-write',
    inspectsBody: true,
  },
  SelectObjectContent: {
    at: 'POST object?select&select-type=2',
    access: 'read',
    payload: 'xml',
    role: 'reads',
    accepts: 'customer',
    closed: true,
  },
  // The selector of PutBucketEncryption, at the object level.
  UpdateObjectEncryption: {
    at: 'PUT object?encryption',
    access: 'write',
    takes: ['versionId'],
    payload: 'xml',
    role: 'mutates',
    closed: true,
  },
  UploadPart: {
    at: 'PUT object',
    access: 'write',
    needs: ['partNumber', 'uploadId'],
    payload: 'streaming',
    role: 'inherits-mpu',
    accepts: 'customer',
    returns: true,
  },
  UploadPartCopy: {
    at: 'PUT object',
    access: 'write',
    needs: ['partNumber', 'uploadId'],
    headers: ['x-amz-copy-source'],
    role: 'inherits-mpu',
    accepts: 'customer',
    returns: true,
  },
} as const satisfies Readonly<Record<string, OperationRow>>
