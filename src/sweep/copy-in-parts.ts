import { type HeaderList, headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import { buildXml, childText, type XmlNode } from '../s3/xml.ts'
import { type Change, changeOf } from './change.ts'
import { compareSnapshots } from './compare-snapshots.ts'
import { checksumAlgorithm, contentFields, keptFields, sourceFields } from './copy-fields.ts'
import { COPY_TIMEOUT_MS } from './copy-in-place.ts'
import type { ObjectPart } from './object-reads.ts'
import type { BucketFacts, EncryptTarget, ObjectState, ObjectVersion } from './object-version.ts'
import { askS3, describeReply, documentOf, type S3Link } from './s3-request.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'

/** S3 takes 10,000 parts, and reads no more than 5 GiB for one. */
const PARTS_MAX = 10_000

/** Of an object that was not uploaded in parts. */
const PART_BYTES_MIN = 512 * 1024 ** 2

/** Parts that are copied at the same time. */
const PARALLEL = 4

/** A part of the copy. */
interface CopiedPart {
  readonly number: number
  readonly etag: string
  /** `ChecksumCRC32` and the like. */
  readonly checksum: { readonly name: string; readonly value: string } | undefined
}

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
  if (parts === undefined) return refused('the sizes of its parts do not add up to its own')
  const created = await askS3(link, {
    method: 'POST',
    bucket: version.bucket,
    key: version.key,
    query: [{ name: 'uploads', value: '' }],
    fields,
  })
  if (created.kind !== 'answer') return withoutWrite(changeOf(created))
  const document = documentOf(created, 'InitiateMultipartUploadResult')
  const uploadId = document && childText(document, 'UploadId')
  if (uploadId === undefined || uploadId === '') return refused('the upload has no id')
  await task.onUpload(uploadId)
  const copied = await copyParts(link, snapshot.state, uploadId, parts)
  if (!copied.ok) {
    const aborted = await abortUpload(link, version, uploadId)
    return aborted === undefined ? withoutWrite(copied.error) : refused(aborted)
  }
  const change =
    (await checkUnchanged(link, snapshot, task)) ??
    (await complete(link, snapshot, uploadId, copied.value))
  // After an unclear end the upload stays: S3 may be at it.
  if (change.kind === 'made' || change.kind === 'unclear') return change
  const aborted = await abortUpload(link, version, uploadId)
  return aborted === undefined ? change : refused(aborted)
}

/** Aborts an upload; returns why that failed. An upload that is not there needs none. */
export async function abortUpload(
  link: S3Link,
  { bucket, key }: Pick<ObjectVersion, 'bucket' | 'key'>,
  uploadId: string,
): Promise<string | undefined> {
  const query = [{ name: 'uploadId', value: uploadId }]
  const reply = await askS3(link, { method: 'DELETE', bucket, key, query })
  if (reply.kind === 'answer') return undefined
  if (reply.kind === 'refused' && reply.code === 'NoSuchUpload') return undefined
  return `the upload ${uploadId} could not be aborted: ${describeReply(reply)}`
}

/** The source's own parts; for an object without, as few as S3 takes. */
function partsToCopy({ state, parts }: Snapshot): readonly ObjectPart[] | undefined {
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
  if (!read.ok) return read.error.kind === 'gone' ? MOVED : refused(read.error.reason)
  // Like an update, which leaves everything but the encryption as it was.
  const isSame =
    read.value.state.version.versionId === before.state.version.versionId &&
    compareSnapshots(before, read.value, 'update', now()).length === 0
  return isSame ? undefined : MOVED
}

const MOVED: Change = { kind: 'moved', isCertain: true }

async function copyParts(
  link: S3Link,
  state: ObjectState,
  uploadId: string,
  parts: readonly ObjectPart[],
): Promise<Result<readonly CopiedPart[], Change>> {
  const copied: CopiedPart[] = []
  let start = 0
  for (let first = 0; first < parts.length; first += PARALLEL) {
    const group = parts.slice(first, first + PARALLEL).map((part) => {
      const range = `bytes=${start}-${start + part.bytes - 1}`
      start += part.bytes
      return copyPart(link, state, uploadId, part, range)
    })
    for (const result of await Promise.all(group)) {
      if (!result.ok) return result
      copied.push(result.value)
    }
  }
  return ok(copied)
}

async function copyPart(
  link: S3Link,
  state: ObjectState,
  uploadId: string,
  part: ObjectPart,
  range: string,
): Promise<Result<CopiedPart, Change>> {
  const reply = await askS3(link, {
    method: 'PUT',
    bucket: state.version.bucket,
    key: state.version.key,
    timeoutMs: COPY_TIMEOUT_MS,
    copiedBytes: part.bytes,
    query: [
      { name: 'partNumber', value: String(part.number) },
      { name: 'uploadId', value: uploadId },
    ],
    fields: [...sourceFields(state), 'x-amz-copy-source-range', range],
  })
  if (reply.kind !== 'answer') return failure(changeOf(reply))
  const document = documentOf(reply, 'CopyPartResult')
  const etag = document && childText(document, 'ETag')
  if (document === undefined || etag === undefined) {
    return failure(refused(`part ${part.number}: an answer in an unknown form`))
  }
  const checksum = document.children.find(({ name }) => /^Checksum(?!Type$)/.test(name))
  const isSame =
    part.checksum === undefined ||
    checksum === undefined ||
    (part.checksum.name === checksum.name && part.checksum.value === checksum.text)
  if (!isSame) return failure(refused(`part ${part.number}: the checksum differs`))
  return ok({
    number: part.number,
    etag,
    checksum: checksum && { name: checksum.name, value: checksum.text },
  })
}

async function complete(
  link: S3Link,
  { state }: Snapshot,
  uploadId: string,
  parts: readonly CopiedPart[],
): Promise<Change> {
  const elements = parts.map(({ number, etag, checksum }): XmlNode => {
    const sum: readonly XmlNode[] = checksum === undefined ? [] : [[checksum.name, checksum.value]]
    return ['Part', [['PartNumber', String(number)], ['ETag', etag], ...sum]]
  })
  const reply = await askS3(link, {
    method: 'POST',
    bucket: state.version.bucket,
    key: state.version.key,
    timeoutMs: COPY_TIMEOUT_MS,
    query: [{ name: 'uploadId', value: uploadId }],
    fields: ['if-match', state.etag, 'x-amz-mp-object-size', String(state.bytes)],
    body: Buffer.from(buildXml(['CompleteMultipartUpload', elements])),
    hasChecksum: false,
  })
  if (reply.kind === 'refused' && reply.code === 'NoSuchUpload') {
    // The answer to the attempt before may have been lost.
    return { kind: 'unclear', message: 'the upload is not there any more' }
  }
  if (reply.kind !== 'answer') return changeOf(reply)
  const document = documentOf(reply, 'CompleteMultipartUploadResult')
  const etag = document && childText(document, 'ETag')
  if (etag === undefined) {
    return { kind: 'unclear', message: 'an answer in an unknown form' }
  }
  return {
    kind: 'made',
    versionId: headerValue(reply.headers, 'x-amz-version-id'),
    etag,
    requestId: headerValue(reply.headers, 'x-amz-request-id'),
  }
}

/** Until its completion an upload changes nothing, however its requests end. */
function withoutWrite(change: Change): Change {
  if (change.kind === 'moved') return MOVED
  return change.kind === 'unclear' ? refused(change.message) : change
}

function refused(message: string): Change {
  return { kind: 'refused', code: 'copy-in-parts', message }
}
