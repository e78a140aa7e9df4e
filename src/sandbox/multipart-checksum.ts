import { type HeaderList, headerValue } from '../base/header-list.ts'
import {
  type Checksum,
  type ChecksumAlgorithm,
  compareChecksum,
  compositeChecksum,
  expectedChecksum,
  parseChecksumAlgorithm,
} from './checksum.ts'
import { type CrcPiece, combineCrcs } from './crc-combine.ts'
import { S3Fault } from './fault.ts'
import type { PartRecord, UploadRecord } from './records.ts'

/** The checksum settings of CreateMultipartUpload. */
type UploadChecksum = Pick<UploadRecord, 'checksumAlgorithm' | 'checksumType'>

/**
 * Returns the checksum algorithm and type that CreateMultipartUpload asks for. The default type of
 * CRC64NVME is FULL_OBJECT, of all others COMPOSITE. Throws `InvalidRequest`.
 *
 * Source:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html (the
 * types of each algorithm); texts as recorded from S3 by LocalStack
 */
export function readUploadChecksum(headers: HeaderList): UploadChecksum {
  const name = headerValue(headers, 'x-amz-checksum-algorithm')
  const type = headerValue(headers, 'x-amz-checksum-type')?.toUpperCase()
  if (name === undefined) {
    if (type === undefined) return { checksumAlgorithm: undefined, checksumType: 'FULL_OBJECT' }
    throw new S3Fault(
      'InvalidRequest',
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    )
  }
  const algorithm = parseChecksumAlgorithm(name)
  if (algorithm === undefined) {
    throw new S3Fault('InvalidRequest', 'Checksum algorithm provided is unsupported.')
  }
  if (type !== undefined && type !== 'FULL_OBJECT' && type !== 'COMPOSITE') {
    throw new S3Fault('InvalidRequest', 'Value for x-amz-checksum-type header is invalid.')
  }
  const checksumType = type ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE')
  const isHash = algorithm === 'SHA1' || algorithm === 'SHA256'
  if (
    checksumType === (isHash ? 'FULL_OBJECT' : 'COMPOSITE') &&
    (isHash || algorithm === 'CRC64NVME')
  ) {
    throw new S3Fault(
      'InvalidRequest',
      `The ${checksumType} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    )
  }
  return { checksumAlgorithm: algorithm, checksumType }
}

/** Demands a part's checksum in the upload's algorithm, if it has one. Throws `InvalidRequest`. */
export function checkPartAlgorithm(
  upload: UploadChecksum,
  given: ChecksumAlgorithm | undefined,
): void {
  const { checksumAlgorithm } = upload
  if (checksumAlgorithm !== undefined && checksumAlgorithm !== given) {
    throw algorithmMismatch(checksumAlgorithm, given)
  }
}

/**
 * Returns the checksum of an object made of parts; undefined if a part has none in the upload's
 * algorithm. COMPOSITE: the checksum of the parts' checksums; FULL_OBJECT: the parts' CRCs
 * combined.
 */
export function objectChecksum(
  upload: UploadChecksum,
  parts: readonly Pick<PartRecord, 'checksum' | 'size'>[],
): Checksum | undefined {
  const algorithm = upload.checksumAlgorithm
  if (algorithm === undefined) return undefined
  const pieces: CrcPiece[] = []
  for (const { checksum, size } of parts) {
    if (checksum?.algorithm !== algorithm) return undefined
    pieces.push({ value: checksum.value, size })
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

/**
 * Compares the object's checksum with the headers of CompleteMultipartUpload. A composite value may
 * have `-<parts>` or not (minio/minio#19670). Throws `InvalidRequest` or `BadDigest`.
 */
export function checkAnnouncedChecksum(
  headers: HeaderList,
  upload: UploadChecksum,
  checksum: Checksum | undefined,
): void {
  const type = headerValue(headers, 'x-amz-checksum-type')?.toUpperCase()
  if (type !== undefined && type !== upload.checksumType) {
    throw new S3Fault(
      'InvalidRequest',
      `The upload was created using the ${upload.checksumType} checksum mode. The complete request must use the same checksum mode.`,
    )
  }
  const isComposite = checksum?.type === 'COMPOSITE'
  const suffix = isComposite ? checksum.value.slice(checksum.value.indexOf('-')) : ''
  const announced = expectedChecksum(isComposite ? withoutSuffix(headers, suffix) : headers)
  if (announced?.value === undefined) return
  if (checksum?.algorithm !== announced.algorithm) {
    throw algorithmMismatch(upload.checksumAlgorithm, announced.algorithm)
  }
  compareChecksum(announced.algorithm, announced.value + suffix, checksum.value)
}

function withoutSuffix(headers: HeaderList, suffix: string): HeaderList {
  return headers.map((text, i) =>
    i % 2 === 1 && text.endsWith(suffix) && headers[i - 1]?.startsWith('x-amz-checksum-')
      ? text.slice(0, -suffix.length)
      : text,
  )
}

function algorithmMismatch(
  expected: ChecksumAlgorithm | undefined,
  given: ChecksumAlgorithm | undefined,
): S3Fault {
  const name = (algorithm: ChecksumAlgorithm | undefined) => algorithm?.toLowerCase() ?? 'null'
  return new S3Fault(
    'InvalidRequest',
    `Checksum Type mismatch occurred, expected checksum Type: ${name(expected)}, actual checksum Type: ${name(given)}`,
  )
}
