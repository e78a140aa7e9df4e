import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { BucketStore } from '../bucket-store.ts'
import {
  type Checksum,
  type ChecksumAlgorithm,
  parseChecksumAlgorithm,
  type RunningChecksum,
  startChecksum,
} from '../checksum.ts'
import type { ObjectEncryption } from '../encryption.ts'
import { encryptionHeaders } from '../encryption.ts'
import { type Answer, bucketOf, type Exchange, keyOf, xmlAnswer } from '../exchange.ts'
import { invalidArgument, S3Fault } from '../fault.ts'
import { versionHeaders } from '../find-version.ts'
import { withDefault } from '../object-lock.ts'
import { requestedLock } from '../object-lock-headers.ts'
import type { AnnotationRecord, ObjectHead, ObjectRecord, Segment } from '../records.ts'
import { header } from '../request.ts'
import { writeError, writeXml, type XmlElement } from '../xml.ts'
import { type CopySource, findCopySource, sourceVersionHeaders } from './copy-source.ts'
import {
  aclOfWrite,
  checkWriteConditions,
  encryptionOfWrite,
  etagOf,
  hasMd5Etag,
  readKeptHeaders,
  readTagHeader,
} from './object-head.ts'
import { wholeSeconds } from './put-object.ts'

const COPY_BYTES_MAX = 5 * 1024 ** 3

/**
 * CopyObject. Without encryption headers the copy gets the destination bucket's default, whatever
 * the source has; the data is linked, not copied.
 */
export async function copyObject(exchange: Exchange): Promise<Answer> {
  const { request, quirks } = exchange
  const bucket = bucketOf(exchange)
  const source = findCopySource(exchange)
  if (quirks.noEncryptedCopy && source.record.encryption.kind === 'kms') {
    throw new S3Fault('NotImplemented')
  }
  const isInPlace =
    source.bucket === bucket && source.record.key === keyOf(exchange) && !source.isVersionNamed
  const requested = encryptionOfWrite(request.headers, bucket.record, exchange)
  const isSilent = quirks.silentCopy === true && requested.kind === 'kms'
  const encryption: ObjectEncryption = isSilent ? { kind: 'none' } : requested
  const requestedLocks = requestedLock(request.headers, bucket.record.lock, exchange.now)
  const lock = withDefault(requestedLocks, bucket.record.lock, exchange.now)
  const directive = directiveOf(exchange, 'x-amz-metadata-directive')
  if (isInPlace && directive === 'COPY' && !changesAnything(exchange, source.record, encryption)) {
    throw new S3Fault(
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    )
  }
  if (source.record.size > COPY_BYTES_MAX) {
    throw new S3Fault(
      'InvalidRequest',
      'The specified copy source is larger than the maximum allowable size for a copy source: 5368709120',
    )
  }
  checkDestination(exchange, bucket)
  if (quirks.copyErrorIn200) return errorIn200()
  const record = await makeCopy(exchange, bucket, source, {
    encryption,
    // The source's ACL and lock are never copied.
    acl: aclOfWrite(request.headers, bucket.record),
    lock,
    headers: copiedHeaders(exchange, source.record, directive),
    tags:
      directiveOf(exchange, 'x-amz-tagging-directive') === 'REPLACE'
        ? readTagHeader(request.headers)
        : source.record.tags,
  })
  return xmlAnswer(writeXml('CopyObjectResult', copyResult(record)), {
    ...versionHeaders(bucket, record),
    ...sourceVersionHeaders(source),
    ...(isSilent ? {} : encryptionHeaders(record.encryption, true)),
  })
}

function checkDestination(exchange: Exchange, bucket: BucketStore): void {
  if (exchange.quirks.noCopyIfMatch) return
  checkWriteConditions(exchange.request, bucket.find(keyOf(exchange)))
}

/** `LastModified`, `ETag` and the checksum: of an object or a part that was copied. */
export function copyResult(
  record: Pick<ObjectRecord, 'etag' | 'lastModified' | 'checksum'>,
): readonly (XmlElement | undefined)[] {
  const { checksum } = record
  return [
    ['LastModified', new Date(record.lastModified).toISOString()],
    ['ETag', `"${record.etag}"`],
    checksum && [`Checksum${checksum.algorithm}`, checksum.value],
    checksum && ['ChecksumType', checksum.type],
  ]
}

/** 200 whose body is an error: what S3 answers when it fails after it began to answer. */
export function errorIn200(): Answer {
  return xmlAnswer(writeError(new S3Fault('InternalError'), '', ''))
}

async function makeCopy(
  exchange: Exchange,
  bucket: BucketStore,
  source: CopySource,
  head: ObjectHead,
): Promise<ObjectRecord> {
  const { record } = source
  const annotations = copiedAnnotations(exchange, record)
  const release = source.bucket.pin([...record.segments, ...annotations.map(segmentOf)])
  try {
    const { md5, checksum } = await digestsOfCopy(exchange, source, head)
    // Another write may have come while the data was read.
    checkDestination(exchange, bucket)
    return bucket.put({
      ...head,
      key: keyOf(exchange),
      size: record.size,
      etag: etagOf(head.encryption, md5),
      lastModified: wholeSeconds(exchange.now),
      checksum,
      segments: record.segments.map((segment) => bucket.linkData(source.bucket, segment)),
      parts: undefined,
      annotations: annotations.map((annotation) => {
        return { ...annotation, segment: bucket.linkData(source.bucket, annotation.segment) }
      }),
    })
  } finally {
    release()
  }
}

/** The digests of a copy's data, known or computed. */
interface CopyDigests {
  /** Hex; only if the copy's ETag is computed from it. */
  readonly md5: string | undefined
  readonly checksum: Checksum | undefined
}

/**
 * Returns the copy's MD5 and checksum. The algorithm is the request's, otherwise the source's; the
 * copy is a single piece, so a composite checksum is computed again. Data is only read if
 * necessary.
 */
async function digestsOfCopy(
  exchange: Exchange,
  { bucket, record }: CopySource,
  head: ObjectHead,
): Promise<CopyDigests> {
  const algorithm = requestedAlgorithm(exchange) ?? record.checksum?.algorithm
  const isKnown = record.checksum?.type === 'FULL_OBJECT' && record.checksum.algorithm === algorithm
  const hasUsableMd5 = hasMd5Etag(record.encryption) && record.parts === undefined
  const md5 = hasMd5Etag(head.encryption) && !hasUsableMd5 ? createHash('md5') : undefined
  const checksum = algorithm === undefined || isKnown ? undefined : startChecksum(algorithm)
  await feed(
    bucket,
    record.segments,
    [md5, checksum].filter((digest) => digest !== undefined),
  )
  return {
    md5: md5?.digest('hex') ?? (hasUsableMd5 ? record.etag : undefined),
    checksum:
      algorithm === undefined || checksum === undefined
        ? record.checksum
        : { algorithm, value: checksum.digest().toString('base64'), type: 'FULL_OBJECT' },
  }
}

/** Feeds data into digests; does not read it if there are none. */
async function feed(
  bucket: BucketStore,
  segments: readonly Segment[],
  digests: readonly RunningChecksum[],
): Promise<void> {
  if (digests.length === 0) return
  for (const { file } of segments) {
    const stream = createReadStream(bucket.dataPath(file), { highWaterMark: 1 << 20 })
    for await (const data of stream) {
      const piece: Buffer = data
      for (const digest of digests) digest.update(piece)
    }
  }
}

function requestedAlgorithm({ request }: Exchange): ChecksumAlgorithm | undefined {
  const name = header(request, 'x-amz-checksum-algorithm')
  const algorithm = name === undefined ? undefined : parseChecksumAlgorithm(name)
  if (name !== undefined && algorithm === undefined) {
    throw new S3Fault('InvalidRequest', 'Checksum algorithm provided is unsupported.')
  }
  return algorithm
}

/** `x-amz-object-annotation-directive`: annotations are copied unless it is EXCLUDE. */
function copiedAnnotations(
  { request }: Exchange,
  source: ObjectRecord,
): readonly AnnotationRecord[] {
  const name = 'x-amz-object-annotation-directive'
  const value = header(request, name) ?? 'COPY'
  if (value === 'COPY') return source.annotations
  if (value === 'EXCLUDE') return []
  throw invalidArgument('Unknown annotation directive.', name, value)
}

function segmentOf({ segment }: AnnotationRecord): Segment {
  return segment
}

function copiedHeaders(
  exchange: Exchange,
  source: ObjectRecord,
  directive: 'COPY' | 'REPLACE',
): Readonly<Record<string, string>> {
  const given = readKeptHeaders(exchange.request.headers)
  if (directive === 'REPLACE') return given
  // Storage class and redirect location are never copied.
  const copied: Record<string, string> = {}
  for (const [name, value] of Object.entries(source.headers)) {
    if (name !== 'x-amz-storage-class' && name !== 'x-amz-website-redirect-location') {
      copied[name] = value
    }
  }
  for (const name of ['x-amz-storage-class', 'x-amz-website-redirect-location']) {
    const value = given[name]
    if (value !== undefined) copied[name] = value
  }
  return copied
}

function directiveOf(exchange: Exchange, name: string): 'COPY' | 'REPLACE' {
  const value = header(exchange.request, name) ?? 'COPY'
  if (value !== 'COPY' && value !== 'REPLACE') {
    throw invalidArgument('Unknown metadata directive.', name, value)
  }
  return value
}

function changesAnything(
  exchange: Exchange,
  source: ObjectRecord,
  encryption: ObjectEncryption,
): boolean {
  return (
    header(exchange.request, 'x-amz-server-side-encryption') !== undefined ||
    header(exchange.request, 'x-amz-storage-class') !== undefined ||
    header(exchange.request, 'x-amz-website-redirect-location') !== undefined ||
    encryption.kind !== source.encryption.kind
  )
}
