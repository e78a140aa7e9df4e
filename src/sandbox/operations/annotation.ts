import {
  ANNOTATION_BYTES_MAX,
  annotationPage,
  checkAnnotationName,
  checkAnnotationPayload,
  findAnnotation,
  withAnnotation,
  withoutAnnotation,
} from '../annotation.ts'
import { type BucketStore, newFileName } from '../bucket-store.ts'
import { DataFileWriter } from '../data-file.ts'
import {
  type Answer,
  bucketOf,
  type Exchange,
  emptyAnswer,
  objectOf,
  xmlAnswer,
} from '../exchange.ts'
import { invalidArgument, S3Fault } from '../fault.ts'
import { refuseProtected } from '../object-lock.ts'
import type { BodyFacts } from '../receive-body.ts'
import type { AnnotationRecord, ObjectRecord } from '../records.ts'
import { header, parameter } from '../request.ts'
import { writeXml, type XmlElement } from '../xml.ts'
import { matchesEtag } from './get-object.ts'
import { parseCount } from './list-objects.ts'
import { checksumHeaders, wholeSeconds } from './put-object.ts'
import { bypassesGovernance } from './retention.ts'

/**
 * PutObjectAnnotation: text of 1 byte to 1 MiB under a name, kept with a version of an object.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAnnotation.html
 */
export async function putObjectAnnotation(exchange: Exchange): Promise<Answer> {
  const bucket = bucketOf(exchange)
  const name = nameOf(exchange)
  refuseChange(exchange, objectOf(exchange), name)
  const { payload, facts } = await receivePayload(exchange)
  checkAnnotationPayload(payload)
  const file = newFileName()
  const writer = new DataFileWriter(bucket.dataPath(file))
  await writer.write(payload)
  await writer.finish()
  const annotation: AnnotationRecord = {
    name,
    size: payload.length,
    etag: facts.md5 ?? '',
    lastModified: wholeSeconds(exchange.now),
    checksum: facts.checksum,
    segment: { file, size: payload.length },
  }
  const record = addAnnotation(exchange, bucket, annotation)
  return xmlAnswer(
    writeXml('PutObjectAnnotationOutput', [
      ['Key', record.key],
      ['AnnotationName', name],
    ]),
    {
      etag: `"${annotation.etag}"`,
      ...checksumHeaders(annotation.checksum),
      ...parentHeaders(bucket, record),
    },
  )
}

/** GetObjectAnnotation. */
export function getObjectAnnotation(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  const record = objectOf(exchange)
  const annotation = findAnnotation(record, nameOf(exchange))
  if (record.encryption.kind === 'kms') exchange.keys.checkUsable(record.encryption.keyArn)
  const { segment, size } = annotation
  const wantsChecksum = header(exchange.request, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED'
  return {
    status: 200,
    headers: {
      'content-type': 'binary/octet-stream',
      etag: `"${annotation.etag}"`,
      'last-modified': new Date(annotation.lastModified).toUTCString(),
      'content-length': String(size),
      ...(wantsChecksum ? checksumHeaders(annotation.checksum) : {}),
      ...parentHeaders(bucket, record),
    },
    body: {
      ranges: [{ path: bucket.dataPath(segment.file), start: 0, size }],
      size,
      release: bucket.pin([segment]),
    },
  }
}

/** DeleteObjectAnnotation: permanent, because annotations have no versions. */
export function deleteObjectAnnotation(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  const record = objectOf(exchange)
  const name = nameOf(exchange)
  refuseChange(exchange, record, name)
  bucket.replace({ ...record, annotations: withoutAnnotation(record.annotations, name) })
  return emptyAnswer(204, versionOf(bucket, record))
}

/** ListObjectAnnotations. */
export function listObjectAnnotations(exchange: Exchange): Answer {
  const { request } = exchange
  const bucket = bucketOf(exchange)
  const record = objectOf(exchange)
  const prefix = parameter(request, 'annotation-prefix') ?? ''
  const token = parameter(request, 'continuation-token')
  const countMax = parseCount(request, 'max-annotation-results')
  const { annotations, nextToken } = annotationPage(record, prefix, token, countMax)
  return xmlAnswer(
    writeXml('ListObjectAnnotationsOutput', [
      ['Annotations', annotations.map(entryElement)],
      ['Bucket', bucket.record.name],
      ['Key', record.key],
      ['AnnotationPrefix', prefix],
      ['MaxAnnotationResults', countMax],
      ['AnnotationCount', annotations.length],
      token === undefined ? undefined : ['ContinuationToken', token],
      nextToken === undefined ? undefined : ['NextContinuationToken', nextToken],
    ]),
    versionOf(bucket, record),
  )
}

function nameOf({ request }: Exchange): string {
  const name = parameter(request, 'annotationName')
  if (name === undefined) {
    throw invalidArgument('An annotation name is missing.', 'annotationName', '')
  }
  checkAnnotationName(name)
  return name
}

/** Conditions, and what protects an annotation that exists. */
function refuseChange(exchange: Exchange, record: ObjectRecord, name: string): void {
  const ifMatch = header(exchange.request, 'x-amz-object-if-match')
  if (ifMatch !== undefined && !matchesEtag(ifMatch, record.etag)) {
    throw new S3Fault('PreconditionFailed', undefined, [['Condition', 'x-amz-object-if-match']])
  }
  if (record.encryption.kind === 'customer') {
    throw new S3Fault('InvalidRequest', 'Objects encrypted with SSE-C cannot have annotations.')
  }
  if (record.annotations.some((annotation) => annotation.name === name)) {
    refuseProtected(record.lock, exchange.now, bypassesGovernance(exchange))
  }
}

async function receivePayload(
  exchange: Exchange,
): Promise<{ readonly payload: Buffer; readonly facts: BodyFacts }> {
  const pieces: Buffer[] = []
  let size = 0
  const facts = await exchange.receive(true, (piece) => {
    size += piece.length
    if (size > ANNOTATION_BYTES_MAX) {
      throw new S3Fault('EntityTooLarge', undefined, [
        ['MaxSizeAllowed', String(ANNOTATION_BYTES_MAX)],
      ])
    }
    pieces.push(piece)
    return undefined
  })
  return { payload: Buffer.concat(pieces), facts }
}

/** The object may have been replaced, locked or removed while the payload came. */
function addAnnotation(
  exchange: Exchange,
  bucket: BucketStore,
  annotation: AnnotationRecord,
): ObjectRecord {
  try {
    const record = objectOf(exchange)
    refuseChange(exchange, record, annotation.name)
    bucket.replace({ ...record, annotations: withAnnotation(record.annotations, annotation) })
    return record
  } catch (error) {
    bucket.discard([annotation.segment])
    throw error
  }
}

/** The encryption of the object; an object without one counts as SSE-S3. */
function parentHeaders(bucket: BucketStore, record: ObjectRecord): Record<string, string> {
  const { encryption } = record
  const algorithm = encryption.kind === 'kms' ? encryption.algorithm : 'AES256'
  return { 'x-amz-server-side-encryption': algorithm, ...versionOf(bucket, record) }
}

function versionOf(bucket: BucketStore, record: ObjectRecord): Record<string, string> {
  return bucket.record.versioning === undefined
    ? {}
    : { 'x-amz-object-version-id': record.versionId }
}

function entryElement(annotation: AnnotationRecord): XmlElement {
  const { name, etag, lastModified, checksum, size } = annotation
  return [
    'AnnotationEntry',
    [
      ['AnnotationName', name],
      ['LastModified', new Date(lastModified).toISOString()],
      ['ETag', `"${etag}"`],
      checksum && ['ChecksumAlgorithm', checksum.algorithm],
      ['Size', size],
    ],
  ]
}
