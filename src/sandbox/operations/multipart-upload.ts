import { createHash, randomBytes } from 'node:crypto'
import type { BucketStore } from '../bucket-store.ts'
import {
  type Checksum,
  compareChecksum,
  compositeChecksum,
  expectedChecksum,
  parseChecksumAlgorithm,
} from '../checksum.ts'
import { type CrcPiece, combineCrcs } from '../crc-combine.ts'
import { refuseCustomerMismatch } from '../customer-key.ts'
import { encryptionHeaders } from '../encryption.ts'
import {
  type Answer,
  bucketOf,
  type Exchange,
  emptyAnswer,
  keyOf,
  totalSize,
  xmlAnswer,
} from '../exchange.ts'
import { S3Fault } from '../fault.ts'
import type { ObjectRecord, PartRecord, UploadRecord } from '../records.ts'
import { header, parameter } from '../request.ts'
import { children, childText, readXml, writeXml, type XmlNode } from '../xml.ts'
import { errorIn200 } from './copy-object.ts'
import { checkWriteConditions, readObjectHead } from './object-head.ts'
import { wholeSeconds } from './put-object.ts'

/** All parts but the last are 5 MiB at least. */
const PART_BYTES_MIN = 5 * 1024 ** 2

/** CreateMultipartUpload: seals the encryption of the object to be. */
export function createMultipartUpload(exchange: Exchange): Answer {
  const { request } = exchange
  const bucket = bucketOf(exchange)
  const algorithm = header(request, 'x-amz-checksum-algorithm')
  const checksumAlgorithm = algorithm === undefined ? undefined : parseChecksumAlgorithm(algorithm)
  if (algorithm !== undefined && checksumAlgorithm === undefined) {
    throw new S3Fault('InvalidRequest', 'Checksum algorithm provided is unsupported.')
  }
  const checksumType = header(request, 'x-amz-checksum-type')?.toUpperCase()
  const isFull = checksumType === 'FULL_OBJECT' || checksumAlgorithm === 'CRC64NVME'
  const upload: UploadRecord = {
    ...readObjectHead(request.headers, bucket.record, exchange),
    id: randomBytes(24).toString('hex'),
    key: keyOf(exchange),
    initiated: exchange.now,
    checksumAlgorithm,
    checksumType: isFull ? 'FULL_OBJECT' : 'COMPOSITE',
    accessKeyId: exchange.authentication?.account.accessKeyId ?? '',
  }
  bucket.putUpload(upload)
  return xmlAnswer(
    writeXml('InitiateMultipartUploadResult', [
      ['Bucket', bucket.record.name],
      ['Key', upload.key],
      ['UploadId', upload.id],
    ]),
    {
      ...(checksumAlgorithm === undefined
        ? {}
        : {
            'x-amz-checksum-algorithm': checksumAlgorithm,
            'x-amz-checksum-type': upload.checksumType,
          }),
      ...encryptionHeaders(upload.encryption, true),
    },
  )
}

/** AbortMultipartUpload. */
export function abortMultipartUpload(exchange: Exchange): Answer {
  const upload = uploadOf(exchange)
  bucketOf(exchange).removeUpload(upload.id, [])
  return emptyAnswer(204)
}

/** CompleteMultipartUpload: the object takes the parts' files, in order. */
export function completeMultipartUpload(exchange: Exchange): Answer {
  const { request, quirks } = exchange
  const bucket = bucketOf(exchange)
  const upload = uploadOf(exchange)
  refuseCustomerMismatch(upload.encryption, request.headers)
  const parts = listedParts(exchange, bucket, upload)
  checkWriteConditions(request, bucket.find(upload.key))
  if (quirks.copyErrorIn200) return errorIn200()
  const segments = parts.flatMap((part) => part.segments)
  const checksum = checksumOfParts(upload, parts)
  checkAnnounced(exchange, checksum)
  const record: ObjectRecord = {
    headers: upload.headers,
    tags: upload.tags,
    encryption: upload.encryption,
    key: upload.key,
    size: totalSize(segments),
    etag: multipartEtag(parts),
    lastModified: wholeSeconds(exchange.now),
    checksum,
    segments,
    partCount: parts.length,
  }
  bucket.put(record)
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
    isSilent ? {} : encryptionHeaders(record.encryption),
  )
}

/** The upload that the request names. Throws `NoSuchBucket` or `NoSuchUpload`. */
export function uploadOf(exchange: Exchange): UploadRecord {
  const id = parameter(exchange.request, 'uploadId') ?? ''
  const upload = bucketOf(exchange).findUpload(id)
  if (upload === undefined || upload.key !== keyOf(exchange)) {
    throw new S3Fault('NoSuchUpload', undefined, [['UploadId', id]])
  }
  return upload
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
  if (part.checksum === undefined) return true
  const given = childText(node, `Checksum${part.checksum.algorithm}`)
  return given === undefined || given === part.checksum.value
}

/** The object's checksum, where every part has one of the upload's algorithm. */
function checksumOfParts(upload: UploadRecord, parts: readonly PartRecord[]): Checksum | undefined {
  const algorithm = parseChecksumAlgorithm(upload.checksumAlgorithm ?? '')
  if (algorithm === undefined) return undefined
  const pieces: CrcPiece[] = []
  for (const part of parts) {
    if (part.checksum?.algorithm !== algorithm) return undefined
    pieces.push({ value: part.checksum.value, size: part.size })
  }
  if (upload.checksumType === 'COMPOSITE') {
    return compositeChecksum(
      algorithm,
      pieces.map(({ value }) => value),
    )
  }
  const value = combineCrcs(algorithm, pieces)
  return value === undefined ? undefined : { algorithm, value, type: 'FULL_OBJECT' }
}

/** A checksum header of the request speaks of the object. */
function checkAnnounced(exchange: Exchange, checksum: Checksum | undefined): void {
  const announced = expectedChecksum(exchange.request.headers)
  if (announced?.value === undefined || checksum?.algorithm !== announced.algorithm) return
  compareChecksum(announced.algorithm, announced.value, checksum.value)
}
