import { createHash } from 'node:crypto'
import type { BucketStore } from '../bucket-store.ts'
import { CHECKSUM_ALGORITHMS } from '../checksum.ts'
import { refuseCustomerMismatch } from '../customer-key.ts'
import { encryptionHeaders } from '../encryption.ts'
import { type Answer, bucketOf, type Exchange, totalSize, xmlAnswer } from '../exchange.ts'
import { S3Fault } from '../fault.ts'
import { versionHeaders } from '../find-version.ts'
import { checkAnnouncedChecksum, objectChecksum } from '../multipart-checksum.ts'
import { withDefault } from '../object-lock.ts'
import type { PartRecord, UploadRecord } from '../records.ts'
import { header } from '../request.ts'
import { children, childText, readXml, writeXml, type XmlNode } from '../xml.ts'
import { errorIn200 } from './copy-object.ts'
import { uploadOf } from './multipart-upload.ts'
import { checkWriteConditions } from './object-head.ts'
import { wholeSeconds } from './put-object.ts'

/** All parts but the last are 5 MiB at least. */
const PART_BYTES_MIN = 5 * 1024 ** 2

/**
 * CompleteMultipartUpload: the object gets the parts' files, in order.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html; texts
 * of the checksum and size faults as recorded from S3 (boto/s3transfer#241, LocalStack)
 */
export function completeMultipartUpload(exchange: Exchange): Answer {
  const { request, quirks } = exchange
  const bucket = bucketOf(exchange)
  const upload = uploadOf(exchange)
  refuseCustomerMismatch(upload.encryption, request.headers)
  const parts = listedParts(exchange, bucket, upload)
  if (!quirks.noCompleteIfMatch) checkWriteConditions(request, bucket.find(upload.key))
  const segments = parts.flatMap((part) => part.segments)
  const size = totalSize(segments)
  checkObjectSize(exchange, size)
  const checksum = objectChecksum(upload, parts)
  checkAnnouncedChecksum(request.headers, upload, checksum)
  if (quirks.copyErrorIn200) return errorIn200()
  const record = bucket.put({
    headers: upload.headers,
    tags: upload.tags,
    encryption: upload.encryption,
    acl: upload.acl,
    lock: withDefault(upload.lock, bucket.record.lock, exchange.now),
    key: upload.key,
    size,
    etag: multipartEtag(parts),
    lastModified: wholeSeconds(exchange.now),
    checksum,
    segments,
    parts: parts.map(({ number, size, checksum }) => ({ number, size, checksum })),
  })
  bucket.removeUpload(upload.id, segments)
  // SSE-C objects are not confirmed here.
  const isSilent = quirks.silentComplete === true || record.encryption.kind === 'customer'
  return xmlAnswer(
    writeXml('CompleteMultipartUploadResult', [
      ['Location', `http://${header(request, 'host') ?? ''}${request.rawPath}`],
      ['Bucket', bucket.record.name],
      ['Key', record.key],
      ['ETag', `"${record.etag}"`],
      checksum && [`Checksum${checksum.algorithm}`, checksum.value],
      checksum && ['ChecksumType', checksum.type],
    ]),
    {
      ...versionHeaders(bucket, record),
      ...(isSilent ? {} : encryptionHeaders(record.encryption)),
    },
  )
}

/** MD5 of the parts' ETags, and how many. */
function multipartEtag(parts: readonly PartRecord[]): string {
  const hash = createHash('md5')
  for (const part of parts) hash.update(Buffer.from(part.etag, 'hex'))
  return `${hash.digest('hex')}-${parts.length}`
}

function listedParts(
  exchange: Exchange,
  bucket: BucketStore,
  upload: UploadRecord,
): readonly PartRecord[] {
  const listed = children(readXml(exchange.document, 'CompleteMultipartUpload'), 'Part')
  if (listed.length === 0) throw new S3Fault('MalformedXML')
  const stored = new Map(bucket.parts(upload.id).map((part) => [part.number, part]))
  const numbers = listed.map((node) => Number(childText(node, 'PartNumber')))
  for (const [i, number] of numbers.entries()) {
    if (!Number.isInteger(number) || number < 1) throw new S3Fault('MalformedXML')
    if (number <= (numbers[i - 1] ?? 0)) throw new S3Fault('InvalidPartOrder')
  }
  return listed.map((node, i) => {
    const part = stored.get(numbers[i] ?? 0)
    if (part !== undefined) demandPartChecksum(node, upload, part)
    if (part === undefined || !matchesPart(node, part)) {
      throw new S3Fault('InvalidPart', undefined, [
        ['UploadId', upload.id],
        ['PartNumber', String(numbers[i])],
        ['ETag', childText(node, 'ETag') ?? ''],
      ])
    }
    if (part.size < PART_BYTES_MIN && i < listed.length - 1) {
      throw new S3Fault('EntityTooSmall', undefined, [
        ['ProposedSize', String(part.size)],
        ['MinSizeAllowed', String(PART_BYTES_MIN)],
        ['PartNumber', String(part.number)],
        ['ETag', part.etag],
      ])
    }
    return part
  })
}

function matchesPart(node: XmlNode, part: PartRecord): boolean {
  if (childText(node, 'ETag')?.replaceAll('"', '') !== part.etag) return false
  return CHECKSUM_ALGORITHMS.every((algorithm) => {
    const given = childText(node, `Checksum${algorithm}`)
    return (
      given === undefined ||
      (part.checksum?.algorithm === algorithm && given === part.checksum.value)
    )
  })
}

/** COMPOSITE: the list names each part's checksum; FULL_OBJECT: it may. Throws `InvalidRequest`. */
function demandPartChecksum(node: XmlNode, upload: UploadRecord, part: PartRecord): void {
  const algorithm = upload.checksumAlgorithm
  if (algorithm === undefined || upload.checksumType === 'FULL_OBJECT') return
  if (childText(node, `Checksum${algorithm}`) !== undefined) return
  throw new S3Fault(
    'InvalidRequest',
    `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${part.number} in the request.`,
  )
}

/** `x-amz-mp-object-size`, if sent, must be the sum of the parts. Throws `InvalidRequest`. */
function checkObjectSize(exchange: Exchange, size: number): void {
  const value = header(exchange.request, 'x-amz-mp-object-size')
  if (value === undefined || value === String(size)) return
  throw new S3Fault(
    'InvalidRequest',
    `The provided 'x-amz-mp-object-size' header value ${value} does not match what was computed: ${size}`,
  )
}
