import type { BucketStore } from '../bucket-store.ts'
import { COPY_SOURCE_CUSTOMER_PREFIX, checkCustomerKey } from '../customer-key.ts'
import type { Exchange } from '../exchange.ts'
import { invalidArgument, S3Fault } from '../fault.ts'
import { findObject, findVersion } from '../find-version.ts'
import type { ObjectRecord } from '../records.ts'
import { decodeForm, header, isBucketName, type SandboxRequest } from '../request.ts'
import { refuseArchived } from '../storage-class.ts'
import { checkVersionId } from '../version-id.ts'
import { matchesEtag } from './get-object.ts'

/** The object that `x-amz-copy-source` names. */
export interface CopySource {
  readonly bucket: BucketStore
  readonly record: ObjectRecord
  /** Whether the version was named: copying it onto its own key is then not a copy onto itself. */
  readonly isVersionNamed: boolean
}

/**
 * Finds the copy source and checks its conditions and its SSE-C key. Throws `InvalidArgument`,
 * `InvalidObjectState`, `InvalidRequest`, `NoSuchBucket`, `NoSuchKey`, `NoSuchVersion`, `PreconditionFailed`.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 */
export function findCopySource(exchange: Exchange): CopySource {
  const { request } = exchange
  const value = header(request, 'x-amz-copy-source') ?? ''
  const { bucketName, key, versionId } = parseCopySource(value)
  const bucket = exchange.store.bucket(bucketName)
  if (versionId !== undefined) refuseDeleteMarker(bucket, key, versionId)
  const record = findObject(bucket, key, versionId)
  checkCustomerKey(record.encryption, request.headers, COPY_SOURCE_CUSTOMER_PREFIX)
  if (record.encryption.kind === 'kms') exchange.keys.checkUsable(record.encryption.keyArn)
  if (!exchange.quirks.noCopySourceIf) checkCopyConditions(request, record)
  const message = "Operation is not valid for the source object's storage class"
  refuseArchived(record, exchange.now, message)
  return { bucket, record, isVersionNamed: versionId !== undefined }
}

/** `x-amz-copy-source-version-id`, if the source's bucket has or had versions. */
export function sourceVersionHeaders({ bucket, record }: CopySource): Record<string, string> {
  return bucket.record.versioning === undefined
    ? {}
    : { 'x-amz-copy-source-version-id': record.versionId }
}

/** The parsed `x-amz-copy-source`. */
interface CopySourceName {
  readonly bucketName: string
  readonly key: string
  readonly versionId: string | undefined
}

/** Parses `[/]<bucket>/<key>[?versionId=<id>]`, percent-encoded, `+` for a space. Throws `InvalidArgument`. */
export function parseCopySource(value: string): CopySourceName {
  const mark = value.indexOf('?')
  const query = mark === -1 ? '' : value.slice(mark + 1)
  const [, versionId] = /^versionId=(.*)$/.exec(query) ?? []
  if (query !== '' && versionId === undefined) {
    throw invalidArgument('Invalid version id specified', 'versionId', query)
  }
  if (versionId !== undefined) checkVersionId(versionId)
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
  return { bucketName, key, versionId }
}

function refuseDeleteMarker(bucket: BucketStore, key: string, versionId: string): void {
  if (findVersion(bucket, key, versionId)?.kind !== 'delete-marker') return
  throw new S3Fault(
    'InvalidRequest',
    'The source of a copy request may not specifically refer to a delete marker by version id.',
  )
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
