import type { HeaderList } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import { buildXml, childText, type XmlNode } from '../s3/xml.ts'
import { type Change, changeOf, copyChangeOf } from './change.ts'
import { sourceFields } from './copy-fields.ts'
import { COPY_TIMEOUT_MS } from './copy-in-place.ts'
import type { ObjectPart } from './object-reads.ts'
import type { ObjectState, ObjectVersion } from './object-version.ts'
import { askS3, describeReply, documentOf, type S3Link } from './s3-request.ts'

/** Parts that are copied at the same time. */
const PARALLEL = 4

/** A part of the copy. */
interface CopiedPart {
  readonly number: number
  readonly etag: string
  /** `ChecksumCRC32` and the like. */
  readonly checksum: { readonly name: string; readonly value: string } | undefined
}

type UploadedObject = Pick<ObjectVersion, 'bucket' | 'key'>

/** CreateMultipartUpload; returns the id of the upload. */
export async function createUpload(
  link: S3Link,
  { bucket, key }: UploadedObject,
  fields: HeaderList,
): Promise<Result<string, Change>> {
  const query = [{ name: 'uploads', value: '' }]
  const reply = await askS3(link, { method: 'POST', bucket, key, query, fields })
  if (reply.kind !== 'answer') return failure(withoutWrite(changeOf(reply)))
  const document = documentOf(reply, 'InitiateMultipartUploadResult')
  const uploadId = document && childText(document, 'UploadId')
  return uploadId === undefined || uploadId === ''
    ? failure(refusedInParts('the upload has no id'))
    : ok(uploadId)
}

/** Copies parts of the current object, under the condition that it still is in this state. */
export async function copyParts(
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
      if (!result.ok) return failure(withoutWrite(result.error))
      copied.push(result.value)
    }
  }
  return ok(copied)
}

/** UploadPartCopy. */
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
    return failure(refusedInParts(`part ${part.number}: an answer in an unknown form`))
  }
  const checksum = document.children.find(({ name }) => /^Checksum(?!Type$)/.test(name))
  const isSame =
    part.checksum === undefined ||
    checksum === undefined ||
    (part.checksum.name === checksum.name && part.checksum.value === checksum.text)
  if (!isSame) return failure(refusedInParts(`part ${part.number}: the checksum differs`))
  return ok({
    number: part.number,
    etag,
    checksum: checksum && { name: checksum.name, value: checksum.text },
  })
}

/** CompleteMultipartUpload, under the condition that the current object still has this ETag. */
export async function completeUpload(
  link: S3Link,
  state: ObjectState,
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
  return copyChangeOf(reply, 'CompleteMultipartUploadResult')
}

/** Aborts an upload; returns why that failed. An upload that is not there needs none. */
export async function abortUpload(
  link: S3Link,
  { bucket, key }: UploadedObject,
  uploadId: string,
): Promise<string | undefined> {
  const query = [{ name: 'uploadId', value: uploadId }]
  const reply = await askS3(link, { method: 'DELETE', bucket, key, query })
  if (reply.kind === 'answer') return undefined
  if (reply.kind === 'refused' && reply.code === 'NoSuchUpload') return undefined
  return `the upload ${uploadId} could not be aborted: ${describeReply(reply)}`
}

/** Nothing is written, for a reason that S3 has no code for. */
export function refusedInParts(message: string): Change {
  return { kind: 'refused', code: 'copy-in-parts', message }
}

/** Until its completion an upload changes nothing, however its requests end. */
function withoutWrite(change: Change): Change {
  if (change.kind === 'moved') return { kind: 'moved', isCertain: true }
  return change.kind === 'unclear' ? refusedInParts(change.message) : change
}
