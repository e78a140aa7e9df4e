import type { BucketStore } from '../bucket-store.ts'
import { COPY_SOURCE_CUSTOMER_PREFIX, checkCustomerKey } from '../customer-key.ts'
import type { Exchange } from '../exchange.ts'
import { invalidArgument, S3Fault } from '../fault.ts'
import type { ObjectRecord } from '../records.ts'
import { decodeForm, header, isBucketName, type SandboxRequest } from '../request.ts'
import { matchesEtag } from './get-object.ts'

/** The object that `x-amz-copy-source` names. */
export interface CopySource {
  readonly bucket: BucketStore
  readonly record: ObjectRecord
}

/**
 * Finds the copy source and checks its conditions and its SSE-C key. Throws `InvalidArgument`,
 * `NoSuchBucket`, `NoSuchKey`, `PreconditionFailed`.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 */
export function findCopySource(exchange: Exchange): CopySource {
  const { request } = exchange
  const value = header(request, 'x-amz-copy-source') ?? ''
  const { bucketName, key } = parseCopySource(value)
  const bucket = exchange.store.bucket(bucketName)
  const record = bucket.find(key)
  if (record === undefined) throw new S3Fault('NoSuchKey', undefined, [['Key', key]])
  checkCustomerKey(record.encryption, request.headers, COPY_SOURCE_CUSTOMER_PREFIX)
  if (record.encryption.kind === 'kms') exchange.keys.checkUsable(record.encryption.keyArn)
  checkCopyConditions(request, record)
  return { bucket, record }
}

/** Parses `[/]<bucket>/<key>[?versionId=null]`, percent-encoded, `+` for a space. Throws `InvalidArgument`. */
export function parseCopySource(value: string): { bucketName: string; key: string } {
  const mark = value.indexOf('?')
  const version = mark === -1 ? '' : value.slice(mark + 1)
  if (version !== '' && version !== 'versionId=null') {
    throw invalidArgument('Invalid version id specified', 'versionId', version)
  }
  const path = decodeForm(mark === -1 ? value : value.slice(0, mark)).replace(/^\//, '')
  const slash = path.indexOf('/')
  const bucketName = path.slice(0, Math.max(slash, 0))
  const key = path.slice(slash + 1)
  if (slash === -1 || key === '' || !isBucketName(bucketName)) {
    throw invalidArgument(
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
      'x-amz-copy-source',
      value,
    )
  }
  return { bucketName, key }
}

function checkCopyConditions(request: SandboxRequest, record: ObjectRecord): void {
  const condition = (name: string) => header(request, `x-amz-copy-source-if-${name}`)
  const ifMatch = condition('match')
  const ifNoneMatch = condition('none-match')
  const ifUnmodifiedSince = condition('unmodified-since')
  const ifModifiedSince = condition('modified-since')
  const fails =
    (ifMatch !== undefined && !matchesEtag(ifMatch, record.etag)) ||
    (ifNoneMatch !== undefined && matchesEtag(ifNoneMatch, record.etag)) ||
    (ifMatch === undefined &&
      ifUnmodifiedSince !== undefined &&
      record.lastModified > Date.parse(ifUnmodifiedSince)) ||
    (ifNoneMatch === undefined &&
      ifModifiedSince !== undefined &&
      record.lastModified <= Date.parse(ifModifiedSince))
  if (fails) throw new S3Fault('PreconditionFailed')
}
