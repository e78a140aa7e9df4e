import type { Operation } from './exchange.ts'
import { invalidArgument, S3Fault } from './fault.ts'
import { getBucketAcl, getObjectAcl, putBucketAcl, putObjectAcl } from './operations/acl.ts'
import {
  deleteObjectAnnotation,
  getObjectAnnotation,
  listObjectAnnotations,
  putObjectAnnotation,
} from './operations/annotation.ts'
import { deleteBucketCors, getBucketCors, putBucketCors } from './operations/bucket-cors.ts'
import {
  deleteBucketEncryption,
  getBucketEncryption,
  putBucketEncryption,
} from './operations/bucket-encryption.ts'
import { deleteBucketPolicy, getBucketPolicy, putBucketPolicy } from './operations/bucket-policy.ts'
import { getBucketVersioning, putBucketVersioning } from './operations/bucket-versioning.ts'
import {
  createBucket,
  deleteBucket,
  getBucketLocation,
  headBucket,
  listBuckets,
} from './operations/buckets.ts'
import { completeMultipartUpload } from './operations/complete-multipart-upload.ts'
import { copyObject } from './operations/copy-object.ts'
import { deleteObject, deleteObjects } from './operations/delete-object.ts'
import { getObject, headObject } from './operations/get-object.ts'
import { getObjectLegalHold, putObjectLegalHold } from './operations/legal-hold.ts'
import { listObjectVersions } from './operations/list-object-versions.ts'
import { listObjects, listObjectsV2 } from './operations/list-objects.ts'
import { listMultipartUploads, listParts } from './operations/multipart-list.ts'
import { uploadPart, uploadPartCopy } from './operations/multipart-part.ts'
import { abortMultipartUpload, createMultipartUpload } from './operations/multipart-upload.ts'
import { getObjectAttributes } from './operations/object-attributes.ts'
import {
  getObjectLockConfiguration,
  putObjectLockConfiguration,
} from './operations/object-lock-configuration.ts'
import {
  deleteOwnershipControls,
  getOwnershipControls,
  putOwnershipControls,
} from './operations/ownership-controls.ts'
import { putObject } from './operations/put-object.ts'
import { restoreObject } from './operations/restore-object.ts'
import { getObjectRetention, putObjectRetention } from './operations/retention.ts'
import {
  deleteBucketTagging,
  deleteObjectTagging,
  getBucketTagging,
  getObjectTagging,
  putBucketTagging,
  putObjectTagging,
} from './operations/tagging.ts'
import { updateObjectEncryption } from './operations/update-object-encryption.ts'
import { header, parameter, type SandboxRequest } from './request.ts'
import { checkVersionId } from './version-id.ts'

/** An operation, and the properties of its requests. */
export interface Route {
  readonly name: string
  readonly run: Operation
  /** `document`: none, or a small one that is read completely. `object`: streamed. */
  readonly body: 'document' | 'object'
  /** `all`: creates an object. `customer`: accepts SSE-C headers only. */
  readonly encryption: 'all' | 'customer' | 'none'
}

/** Operations that a `versionId` may go with. */
const VERSION_OPERATIONS: ReadonlySet<string> = new Set([
  'DeleteObject',
  'DeleteObjectAnnotation',
  'DeleteObjectTagging',
  'GetObject',
  'GetObjectAcl',
  'GetObjectAnnotation',
  'GetObjectAttributes',
  'GetObjectLegalHold',
  'GetObjectRetention',
  'GetObjectTagging',
  'HeadObject',
  'ListObjectAnnotations',
  'PutObjectAcl',
  'PutObjectAnnotation',
  'PutObjectLegalHold',
  'PutObjectRetention',
  'PutObjectTagging',
  'RestoreObject',
  'UpdateObjectEncryption',
])

/** Sub-resources of S3, known or not to the sandbox. Other query parameters do not choose. */
const SUB_RESOURCES = new Set([
  'abac',
  'accelerate',
  'acl',
  'analytics',
  'annotation',
  'attributes',
  'cors',
  'delete',
  'encryption',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'lifecycle',
  'location',
  'logging',
  'metadataAnnotationTable',
  'metadataConfiguration',
  'metadataInventoryTable',
  'metadataJournalTable',
  'metadataTable',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'renameObject',
  'replication',
  'requestPayment',
  'restore',
  'retention',
  'select',
  'session',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versioning',
  'versions',
  'website',
])

function route(
  name: string,
  run: Operation,
  body: Route['body'] = 'document',
  encryption: Route['encryption'] = 'none',
): Route {
  return { name, run, body, encryption }
}

/** `METHOD level?sub-resource`. */
const ROUTES: ReadonlyMap<string, Route> = new Map([
  ['GET service', route('ListBuckets', listBuckets)],
  ['PUT bucket', route('CreateBucket', createBucket)],
  ['DELETE bucket', route('DeleteBucket', deleteBucket)],
  ['HEAD bucket', route('HeadBucket', headBucket)],
  ['GET bucket', route('ListObjects', listObjects)],
  ['GET bucket?list-type', route('ListObjectsV2', listObjectsV2)],
  ['GET bucket?location', route('GetBucketLocation', getBucketLocation)],
  ['GET bucket?versioning', route('GetBucketVersioning', getBucketVersioning)],
  ['PUT bucket?versioning', route('PutBucketVersioning', putBucketVersioning)],
  ['GET bucket?versions', route('ListObjectVersions', listObjectVersions)],
  ['GET bucket?uploads', route('ListMultipartUploads', listMultipartUploads)],
  ['GET bucket?tagging', route('GetBucketTagging', getBucketTagging)],
  ['PUT bucket?tagging', route('PutBucketTagging', putBucketTagging)],
  ['DELETE bucket?tagging', route('DeleteBucketTagging', deleteBucketTagging)],
  ['GET bucket?encryption', route('GetBucketEncryption', getBucketEncryption)],
  ['PUT bucket?encryption', route('PutBucketEncryption', putBucketEncryption)],
  ['DELETE bucket?encryption', route('DeleteBucketEncryption', deleteBucketEncryption)],
  ['GET bucket?acl', route('GetBucketAcl', getBucketAcl)],
  ['PUT bucket?acl', route('PutBucketAcl', putBucketAcl)],
  ['GET bucket?ownershipControls', route('GetBucketOwnershipControls', getOwnershipControls)],
  ['PUT bucket?ownershipControls', route('PutBucketOwnershipControls', putOwnershipControls)],
  [
    'DELETE bucket?ownershipControls',
    route('DeleteBucketOwnershipControls', deleteOwnershipControls),
  ],
  ['GET bucket?object-lock', route('GetObjectLockConfiguration', getObjectLockConfiguration)],
  ['PUT bucket?object-lock', route('PutObjectLockConfiguration', putObjectLockConfiguration)],
  ['GET bucket?cors', route('GetBucketCors', getBucketCors)],
  ['PUT bucket?cors', route('PutBucketCors', putBucketCors)],
  ['DELETE bucket?cors', route('DeleteBucketCors', deleteBucketCors)],
  ['GET bucket?policy', route('GetBucketPolicy', getBucketPolicy)],
  ['PUT bucket?policy', route('PutBucketPolicy', putBucketPolicy)],
  ['DELETE bucket?policy', route('DeleteBucketPolicy', deleteBucketPolicy)],
  ['GET object?acl', route('GetObjectAcl', getObjectAcl)],
  ['PUT object?acl', route('PutObjectAcl', putObjectAcl)],
  ['GET object?retention', route('GetObjectRetention', getObjectRetention)],
  ['PUT object?retention', route('PutObjectRetention', putObjectRetention)],
  ['GET object?legal-hold', route('GetObjectLegalHold', getObjectLegalHold)],
  ['PUT object?legal-hold', route('PutObjectLegalHold', putObjectLegalHold)],
  ['PUT object?annotation', route('PutObjectAnnotation', putObjectAnnotation, 'object')],
  ['GET object?annotation', route('ListObjectAnnotations', listObjectAnnotations)],
  ['GET object?annotation name', route('GetObjectAnnotation', getObjectAnnotation)],
  ['DELETE object?annotation', route('DeleteObjectAnnotation', deleteObjectAnnotation)],
  ['PUT object?encryption', route('UpdateObjectEncryption', updateObjectEncryption)],
  ['POST object?restore', route('RestoreObject', restoreObject)],
  ['GET object?tagging', route('GetObjectTagging', getObjectTagging)],
  ['PUT object?tagging', route('PutObjectTagging', putObjectTagging)],
  ['DELETE object?tagging', route('DeleteObjectTagging', deleteObjectTagging)],
  [
    'GET object?attributes',
    route('GetObjectAttributes', getObjectAttributes, 'document', 'customer'),
  ],
  ['POST bucket?delete', route('DeleteObjects', deleteObjects)],
  ['PUT object', route('PutObject', putObject, 'object', 'all')],
  ['PUT object copy', route('CopyObject', copyObject, 'document', 'all')],
  ['GET object', route('GetObject', getObject, 'document', 'customer')],
  ['HEAD object', route('HeadObject', headObject, 'document', 'customer')],
  ['DELETE object', route('DeleteObject', deleteObject)],
  ['POST object?uploads', route('CreateMultipartUpload', createMultipartUpload, 'document', 'all')],
  ['PUT object?uploadId', route('UploadPart', uploadPart, 'object', 'customer')],
  ['PUT object?uploadId copy', route('UploadPartCopy', uploadPartCopy, 'document', 'customer')],
  ['GET object?uploadId', route('ListParts', listParts, 'document', 'customer')],
  ['DELETE object?uploadId', route('AbortMultipartUpload', abortMultipartUpload)],
  [
    'POST object?uploadId',
    route('CompleteMultipartUpload', completeMultipartUpload, 'document', 'customer'),
  ],
])

/**
 * Finds the operation. Throws `NotImplemented` for operations that the sandbox does not have, and
 * `InvalidArgument` or `MethodNotAllowed` where S3 does.
 */
export function findRoute(request: SandboxRequest): Route {
  const selectors = request.query.map(([name]) => name).filter((name) => SUB_RESOURCES.has(name))
  if (selectors.length > 1) {
    throw new S3Fault('InvalidArgument', 'Conflicting query string parameters.', [
      ['ArgumentName', 'ResourceType'],
      ['ArgumentValue', selectors.join(', ')],
    ])
  }
  checkPartNumber(request, selectors[0])
  const found = ROUTES.get(routeName(request, selectors[0]))
  if (found !== undefined) {
    checkVersion(request, found)
    return found
  }
  const [selector] = selectors
  if (selector === undefined) {
    throw new S3Fault('MethodNotAllowed', undefined, [
      ['Method', request.method],
      ['ResourceType', levelOf(request).toUpperCase()],
    ])
  }
  throw new S3Fault('NotImplemented', 'The sandbox does not know this operation.', [
    ['Header', selector],
  ])
}

function routeName(request: SandboxRequest, selector: string | undefined): string {
  const level = levelOf(request)
  const isListV2 =
    selector === undefined && level === 'bucket' && parameter(request, 'list-type') === '2'
  const suffix = isListV2 ? 'list-type' : selector
  const isCopy =
    level === 'object' &&
    request.method === 'PUT' &&
    (selector === undefined || selector === 'uploadId') &&
    header(request, 'x-amz-copy-source') !== undefined
  const isNamed =
    selector === 'annotation' &&
    request.method === 'GET' &&
    parameter(request, 'annotationName') !== undefined
  const query = suffix === undefined ? '' : `?${suffix}`
  return `${request.method} ${level}${query}${isCopy ? ' copy' : ''}${isNamed ? ' name' : ''}`
}

function levelOf(request: SandboxRequest): 'service' | 'bucket' | 'object' {
  if (request.bucket === undefined) return 'service'
  return request.key === undefined ? 'bucket' : 'object'
}

/** Throws `InvalidArgument` for an invalid version id, or if the operation accepts none. */
function checkVersion(request: SandboxRequest, { name }: Route): void {
  const version = parameter(request, 'versionId')
  if (version === undefined || request.key === undefined) return
  if (!VERSION_OPERATIONS.has(name)) {
    throw invalidArgument('This operation does not accept a version-id.', 'versionId', version)
  }
  checkVersionId(version)
}

function checkPartNumber(request: SandboxRequest, selector: string | undefined): void {
  if (request.method !== 'PUT') return
  const hasPartNumber = parameter(request, 'partNumber') !== undefined
  if (hasPartNumber === (selector === 'uploadId')) return
  throw new S3Fault(
    'InvalidArgument',
    hasPartNumber
      ? 'This operation does not accept partNumber without uploadId'
      : 'This operation does not accept uploadId without partNumber',
  )
}
