import { failure, ok, type Result } from '../base/result.ts'
import { refusal, type S3Error } from '../s3/error.ts'
import { CHECKSUM_BYTES, type Checksum, type ChecksumAlgorithm, parseChecksum } from './checksum.ts'

/** A trailing checksum as it was received, its base64 text known to be one of that algorithm. */
export interface ChecksumTrailer {
  readonly algorithm: ChecksumAlgorithm
  /** `x-amz-checksum-…`, in lower case. */
  readonly name: string
  /** The checksum in base64, as received. */
  readonly value: string
}

const PREFIX = 'x-amz-checksum-'

/** The header or trailer that carries a checksum of that algorithm. */
export function checksumHeaderName(algorithm: ChecksumAlgorithm): string {
  return PREFIX + algorithm
}

/**
 * Reads `x-amz-trailer`: the algorithm of the one trailing checksum that it announces, undefined
 * where it announces nothing. Nothing but a checksum may follow a body: what S3 might take as a
 * header then has been neither signed nor judged.
 *
 * Fails with InvalidRequest for any other name and for more than one checksum. Empty elements are
 * allowed at the end only, as S3 does it.
 */
export function parseTrailerHeader(
  value: string | undefined,
): Result<ChecksumAlgorithm | undefined, S3Error> {
  const names = (value ?? '').split(',')
  while (names.length > 0 && names.at(-1)?.trim() === '') names.pop()
  let found: ChecksumAlgorithm | undefined
  let count = 0
  for (const name of names) {
    found = parseChecksumHeaderName(name.trim().toLowerCase())
    if (found === undefined) {
      return failure(
        refusal(
          'InvalidRequest',
          'trailer-not-supported',
          'The value specified in the x-amz-trailer header is not supported',
        ),
      )
    }
    count++
  }
  if (count > 1) return failure(multipleChecksums())
  return ok(found)
}

/** The algorithm of an `x-amz-checksum-…` name in lower case; undefined for any other name. */
export function parseChecksumHeaderName(name: string): ChecksumAlgorithm | undefined {
  if (!name.startsWith(PREFIX)) return undefined
  const algorithm = name.slice(PREFIX.length)
  return isChecksumAlgorithm(algorithm) ? algorithm : undefined
}

/** Why a trailing checksum is not one; undefined for a good one. S3's InvalidRequest. */
export function malformedChecksum(trailer: ChecksumTrailer): S3Error | undefined {
  if (parseChecksum(trailer.algorithm, trailer.value) !== undefined) return undefined
  return refusal(
    'InvalidRequest',
    'checksum-malformed',
    `Value for ${trailer.name} trailing header is invalid.`,
  )
}

/** Why the bytes do not have the checksum that their trailer says; undefined when they do. */
export function verifyTrailingChecksum(
  trailer: ChecksumTrailer,
  calculated: Checksum,
): S3Error | undefined {
  const malformed = malformedChecksum(trailer)
  if (malformed !== undefined) return malformed
  if (calculated.digest().toString('base64') === trailer.value) return undefined
  return refusal(
    'BadDigest',
    'checksum-mismatch',
    `The ${trailer.algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
  )
}

/** S3's refusal of a second checksum, be it a header or a trailer. */
export function multipleChecksums(): S3Error {
  return refusal(
    'InvalidRequest',
    'multiple-checksums',
    'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
  )
}

/**
 * The refusal of a trailing checksum that would have to be verified here and cannot be (XXHash):
 * to drop it would be to say that it was checked.
 */
export function checksumNotImplemented(algorithm: ChecksumAlgorithm): S3Error {
  const name = checksumHeaderName(algorithm)
  return refusal(
    'NotImplemented',
    'checksum-not-implemented',
    'A header you provided implies functionality that is not implemented',
    [
      ['Header', 'x-amz-trailer'],
      ['additionalMessage', `${name} cannot be verified by this endpoint`],
    ],
  )
}

function isChecksumAlgorithm(text: string): text is ChecksumAlgorithm {
  return Object.hasOwn(CHECKSUM_BYTES, text)
}
