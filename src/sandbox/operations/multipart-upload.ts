import { randomBytes } from 'node:crypto'
import { encryptionHeaders } from '../encryption.ts'
import { type Answer, bucketOf, type Exchange, emptyAnswer, keyOf, xmlAnswer } from '../exchange.ts'
import { S3Fault } from '../fault.ts'
import { readUploadChecksum } from '../multipart-checksum.ts'
import type { UploadRecord } from '../records.ts'
import { parameter } from '../request.ts'
import { writeXml } from '../xml.ts'
import { readObjectHead } from './object-head.ts'

/** CreateMultipartUpload: seals the encryption of the object to be. */
export function createMultipartUpload(exchange: Exchange): Answer {
  const { request } = exchange
  const bucket = bucketOf(exchange)
  const checksum = readUploadChecksum(request.headers)
  const upload: UploadRecord = {
    ...readObjectHead(request.headers, bucket.record, exchange),
    id: randomBytes(24).toString('hex'),
    key: keyOf(exchange),
    initiated: exchange.now,
    ...checksum,
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
      ...(checksum.checksumAlgorithm === undefined
        ? {}
        : {
            'x-amz-checksum-algorithm': checksum.checksumAlgorithm,
            'x-amz-checksum-type': checksum.checksumType,
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

/** The upload that the request names. Throws `NoSuchBucket` or `NoSuchUpload`. */
export function uploadOf(exchange: Exchange): UploadRecord {
  const id = parameter(exchange.request, 'uploadId') ?? ''
  const upload = bucketOf(exchange).findUpload(id)
  if (upload === undefined || upload.key !== keyOf(exchange)) {
    throw new S3Fault('NoSuchUpload', undefined, [['UploadId', id]])
  }
  return upload
}
