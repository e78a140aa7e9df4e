import { type HeaderList, headerValue } from '../base/header-list.ts'
import type { Change } from './change.ts'
import { compareSnapshots } from './compare-snapshots.ts'
import { checksumAlgorithm, contentFields, keptFields } from './copy-fields.ts'
import type { ObjectPart } from './object-reads.ts'
import type { BucketFacts, EncryptTarget } from './object-version.ts'
import type { S3Link } from './s3-request.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'
import {
  abortUpload,
  completeUpload,
  copyParts,
  createUpload,
  refusedInParts,
} from './upload-requests.ts'

/** S3 takes 10,000 parts, and reads no more than 5 GiB for one. */
const PARTS_MAX = 10_000

/** Of an object that was not uploaded in parts. */
const PART_BYTES_MIN = 512 * 1024 ** 2

/** What a copy in parts has to know besides the object. */
interface PartsTask {
  readonly bucket: BucketFacts
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Has the id of the upload before the first part is copied. */
  readonly onUpload: (uploadId: string) => Promise<void>
}

/** The fields of the upload that becomes the copy. */
export function uploadFields(
  snapshot: Snapshot,
  { headers: encryption }: Pick<EncryptTarget, 'headers'>,
  now: number,
): HeaderList {
  const algorithm = checksumAlgorithm(snapshot.headers)
  const type = headerValue(snapshot.headers, 'x-amz-checksum-type')
  return [
    ...contentFields(snapshot),
    ...keptFields(snapshot, encryption, now),
    ...(algorithm === undefined ? [] : ['x-amz-checksum-algorithm', algorithm]),
    ...(algorithm === undefined || type === undefined ? [] : ['x-amz-checksum-type', type]),
  ]
}

/**
 * Copies the current object onto itself in parts of the same sizes as it has, so that its parts and
 * its composite checksum stay. Nothing is written unless the object is still that of the snapshot.
 * The upload is aborted if anything fails.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/CopyingObjectsMPUapi.html
 */
export async function copyInParts(
  link: S3Link,
  snapshot: Snapshot,
  fields: HeaderList,
  task: PartsTask,
): Promise<Change> {
  const { version } = snapshot.state
  const parts = partsToCopy(snapshot)
  if (parts === undefined) return refusedInParts('the sizes of its parts do not add up to its own')
  const created = await createUpload(link, version, fields)
  if (!created.ok) return created.error
  const uploadId = created.value
  await task.onUpload(uploadId)
  const copied = await copyParts(link, snapshot.state, uploadId, parts)
  if (!copied.ok) {
    const aborted = await abortUpload(link, version, uploadId)
    return aborted === undefined ? copied.error : refusedInParts(aborted)
  }
  const change =
    (await checkUnchanged(link, snapshot, task)) ??
    (await completeUpload(link, snapshot.state, uploadId, copied.value))
  // After an unclear end the upload stays: S3 may be at it.
  if (change.kind === 'made' || change.kind === 'unclear') return change
  const aborted = await abortUpload(link, version, uploadId)
  return aborted === undefined ? change : refusedInParts(aborted)
}

/** The source's own parts; for an object without, as few as S3 takes. */
export function partsToCopy({ state, parts }: Snapshot): readonly ObjectPart[] | undefined {
  if (parts !== undefined) {
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
    return bytes === state.bytes && parts.every((part) => part.bytes > 0) ? parts : undefined
  }
  const bytesMax = Math.max(PART_BYTES_MIN, Math.ceil(state.bytes / PARTS_MAX))
  const made: ObjectPart[] = []
  for (let start = 0; start < state.bytes; start += bytesMax) {
    const bytes = Math.min(bytesMax, state.bytes - start)
    made.push({ number: made.length + 1, bytes, checksum: undefined })
  }
  return made.length === 0 ? undefined : made
}

/**
 * Returns how the copy ends if the current object is not that of the snapshot any more. The condition
 * on completion compares ETags only: a newer write of the same bytes may have the same one, and tags,
 * ACL and annotations have none. What the upload got of them is from before the parts were copied.
 */
async function checkUnchanged(
  link: S3Link,
  before: Snapshot,
  { bucket, now }: PartsTask,
): Promise<Change | undefined> {
  const current = { ...before.state.version, versionId: undefined }
  const options = { isCurrent: true, method: 'multipart-copy', bucket } as const
  const read = await takeSnapshot(link, current, options)
  if (!read.ok) return read.error.kind === 'gone' ? MOVED : refusedInParts(read.error.reason)
  // Like an update, which leaves everything but the encryption as it was.
  const isSame =
    read.value.state.version.versionId === before.state.version.versionId &&
    compareSnapshots(before, read.value, 'update', now()).length === 0
  return isSame ? undefined : MOVED
}

const MOVED: Change = { kind: 'moved', isCertain: true }
