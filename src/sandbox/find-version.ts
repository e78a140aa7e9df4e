import type { BucketStore } from './bucket-store.ts'
import { S3Fault } from './fault.ts'
import type { ObjectRecord, VersionRecord } from './records.ts'
import { checkVersionId } from './version-id.ts'

/**
 * The object that a key, and perhaps a version id, name. Throws `NoSuchKey`, `NoSuchVersion`,
 * `InvalidArgument`, or `MethodNotAllowed` for a delete marker that is named by its id.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html
 */
export function findObject(
  bucket: BucketStore,
  key: string,
  versionId: string | undefined,
  method = 'GET',
): ObjectRecord {
  if (versionId === undefined) {
    const current = bucket.current(key)
    if (current?.kind === 'object') return current
    const marks = current === undefined ? {} : markerHeaders(current.versionId)
    throw new S3Fault('NoSuchKey', undefined, [['Key', key]], marks)
  }
  const record = findVersion(bucket, key, versionId)
  if (record === undefined) throw noSuchVersion(key, versionId)
  if (record.kind === 'object') return record
  throw new S3Fault(
    'MethodNotAllowed',
    undefined,
    [
      ['Method', method],
      ['ResourceType', 'DeleteMarker'],
    ],
    {
      ...markerHeaders(record.versionId),
      allow: 'DELETE',
      'last-modified': new Date(record.lastModified).toUTCString(),
    },
  )
}

/** Returns a version of either kind; undefined if there is none. Throws `InvalidArgument`. */
export function findVersion(
  bucket: BucketStore,
  key: string,
  versionId: string,
): VersionRecord | undefined {
  checkVersionId(versionId)
  return bucket.findVersion(key, versionId)
}

/** `x-amz-version-id`, in a bucket that has or had versions. */
export function versionHeaders(
  bucket: BucketStore,
  record: Pick<VersionRecord, 'versionId'>,
): Record<string, string> {
  return bucket.record.versioning === undefined ? {} : { 'x-amz-version-id': record.versionId }
}

/** The headers that identify a delete marker. */
export function markerHeaders(versionId: string): Record<string, string> {
  return { 'x-amz-delete-marker': 'true', 'x-amz-version-id': versionId }
}

/** `NoSuchVersion`. */
function noSuchVersion(key: string, versionId: string): S3Fault {
  return new S3Fault('NoSuchVersion', undefined, [
    ['Key', key],
    ['VersionId', versionId],
  ])
}
