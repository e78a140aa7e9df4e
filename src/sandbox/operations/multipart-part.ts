import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type BucketStore, newFileName } from '../bucket-store.ts'
import {
  type Checksum,
  type ChecksumAlgorithm,
  expectedChecksum,
  startChecksum,
} from '../checksum.ts'
import { refuseCustomerMismatch } from '../customer-key.ts'
import { DataFileWriter } from '../data-file.ts'
import { encryptionHeaders } from '../encryption.ts'
import { type Answer, bucketOf, type Exchange, emptyAnswer, xmlAnswer } from '../exchange.ts'
import { invalidArgument, S3Fault } from '../fault.ts'
import { checkPartAlgorithm } from '../multipart-checksum.ts'
import { checkLockDigest } from '../object-lock-headers.ts'
import type { PartRecord, UploadRecord } from '../records.ts'
import { header, parameter } from '../request.ts'
import { writeXml } from '../xml.ts'
import { copyResult, errorIn200 } from './copy-object.ts'
import { type CopySource, findCopySource, sourceVersionHeaders } from './copy-source.ts'
import { type ByteRange, fileRanges } from './get-object.ts'
import { uploadOf } from './multipart-upload.ts'
import { etagOf, hasMd5Etag } from './object-head.ts'
import { checksumHeaders, wholeSeconds } from './put-object.ts'
import { storeBody } from './store-body.ts'

const PART_NUMBER_MAX = 10_000

/** UploadPart. */
export async function uploadPart(exchange: Exchange): Promise<Answer> {
  const bucket = bucketOf(exchange)
  const number = partNumber(exchange)
  const upload = judgedUpload(exchange)
  checkLockDigest(upload.lock, exchange.request.headers, 'Put Part')
  checkPartAlgorithm(upload, expectedChecksum(exchange.request.wireHeaders)?.algorithm)
  const { segment, facts } = await storeBody(exchange, bucket, hasMd5Etag(upload.encryption))
  const part: PartRecord = {
    number,
    size: segment.size,
    etag: etagOf(upload.encryption, facts.md5),
    lastModified: wholeSeconds(exchange.now),
    checksum: facts.checksum,
    segments: [segment],
  }
  keepPart(bucket, upload, part)
  return emptyAnswer(200, {
    etag: `"${part.etag}"`,
    ...checksumHeaders(part.checksum),
    ...encryptionHeaders(upload.encryption),
  })
}

/** UploadPartCopy: of a whole object or of a range. */
export async function uploadPartCopy(exchange: Exchange): Promise<Answer> {
  const bucket = bucketOf(exchange)
  const number = partNumber(exchange)
  const upload = judgedUpload(exchange)
  const source = findCopySource(exchange)
  const { start, size } = copyRange(exchange, source)
  if (exchange.quirks.copyErrorIn200) return errorIn200()
  const { file, md5, checksum } = await copyData(
    bucket,
    source,
    { start, size },
    upload.checksumAlgorithm,
  )
  const part: PartRecord = {
    number,
    size,
    etag: etagOf(upload.encryption, md5),
    lastModified: wholeSeconds(exchange.now),
    checksum,
    segments: [{ file, size }],
  }
  keepPart(bucket, upload, part)
  return xmlAnswer(writeXml('CopyPartResult', copyResult(part)), {
    ...sourceVersionHeaders(source),
    ...encryptionHeaders(upload.encryption),
  })
}

/** The upload; SSE-C parameters and the KMS key are checked as for every part. */
function judgedUpload(exchange: Exchange): UploadRecord {
  const upload = uploadOf(exchange)
  refuseCustomerMismatch(upload.encryption, exchange.request.headers)
  if (upload.encryption.kind === 'kms') exchange.keys.checkUsable(upload.encryption.keyArn)
  return upload
}

function partNumber(exchange: Exchange): number {
  const value = parameter(exchange.request, 'partNumber') ?? ''
  const number = Number(value)
  if (/^\d{1,5}$/.test(value) && number >= 1 && number <= PART_NUMBER_MAX) return number
  throw invalidArgument(
    'Part number must be an integer between 1 and 10000, inclusive',
    'partNumber',
    value,
  )
}

function keepPart(bucket: BucketStore, upload: UploadRecord, part: PartRecord): void {
  if (bucket.putPart(upload.id, part)) return
  // The upload was aborted or completed while the part was received.
  bucket.discard(part.segments)
  throw new S3Fault('NoSuchUpload', undefined, [['UploadId', upload.id]])
}

function copyRange(exchange: Exchange, source: CopySource): ByteRange {
  const value = header(exchange.request, 'x-amz-copy-source-range')
  if (value === undefined) return { start: 0, size: source.record.size }
  const match = /^bytes=(\d+)-(\d+)$/.exec(value)
  const first = Number(match?.[1])
  const last = Number(match?.[2])
  if (match === null || first > last) {
    throw invalidArgument(
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      'x-amz-copy-source-range',
      value,
    )
  }
  if (last >= source.record.size) {
    throw invalidArgument(
      `Range specified is not valid for source object of size: ${source.record.size}`,
      'x-amz-copy-source-range',
      value,
    )
  }
  return { start: first, size: last - first + 1 }
}

interface CopiedData {
  readonly file: string
  readonly md5: string
  readonly checksum: Checksum | undefined
}

/** Copies a stretch of an object to a new file; the checksum is in the upload's algorithm. */
async function copyData(
  bucket: BucketStore,
  source: CopySource,
  { start, size }: ByteRange,
  algorithm: ChecksumAlgorithm | undefined,
): Promise<CopiedData> {
  const file = newFileName()
  const writer = new DataFileWriter(bucket.dataPath(file))
  const hash = createHash('md5')
  const checksum = algorithm === undefined ? undefined : startChecksum(algorithm)
  const release = source.bucket.pin(source.record.segments)
  try {
    for (const range of fileRanges(source.bucket, source.record, start, size)) {
      const stream = createReadStream(range.path, {
        start: range.start,
        end: range.start + range.size - 1,
        highWaterMark: 1 << 20,
      })
      for await (const data of stream) {
        const piece: Buffer = data
        hash.update(piece)
        checksum?.update(piece)
        const held = writer.write(piece)
        if (held !== undefined) await held
      }
    }
    await writer.finish()
    return {
      file,
      md5: hash.digest('hex'),
      checksum:
        algorithm === undefined || checksum === undefined
          ? undefined
          : { algorithm, value: checksum.digest().toString('base64'), type: 'FULL_OBJECT' },
    }
  } catch (error) {
    await writer.discard()
    throw error
  } finally {
    release()
  }
}
