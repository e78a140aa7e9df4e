import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { CHECKSUM_BYTES, type Checksum, type ChecksumAlgorithm, parseChecksum } from './checksum.ts'

/** A trailing checksum as received; its base64 text has the form of its algorithm. */
export interface ChecksumTrailer {
  readonly algorithm: ChecksumAlgorithm
  /** `x-amz-checksum-…`, in lower case. */
  readonly name: string
  /** The checksum in base64, as received. */
  readonly value: string
}

const PREFIX = 'x-amz-checksum-'

/** Returns the name of the header or trailer with a checksum of that algorithm. */
export function checksumHeaderName(algorithm: ChecksumAlgorithm): string {
  return PREFIX + algorithm
}

/**
 * Parses `x-amz-trailer`: returns the algorithm of the one announced checksum, undefined if none is
 * announced. Only a checksum may follow a body, because other trailers are neither signed nor
 * judged, and S3 could read them as headers.
 *
 * Fails with InvalidRequest for any other name and for more than one checksum. Empty elements are
 * allowed at the end only, as in S3.
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
      return failure(refusal('trailer-not-supported'))
    }
    count++
  }
  if (count > 1) return failure(refusal('multiple-checksums'))
  return ok(found)
}

/**
 * Returns the algorithm of an `x-amz-checksum-…` name in lower case; undefined for any other name.
 */
export function parseChecksumHeaderName(name: string): ChecksumAlgorithm | undefined {
  if (!name.startsWith(PREFIX)) return undefined
  const algorithm = name.slice(PREFIX.length)
  return isChecksumAlgorithm(algorithm) ? algorithm : undefined
}

/**
 * Returns S3's InvalidRequest for a malformed trailing checksum; undefined if it is well-formed.
 */
export function malformedChecksum(trailer: ChecksumTrailer): S3Error | undefined {
  if (parseChecksum(trailer.algorithm, trailer.value) !== undefined) return undefined
  return refusal('checksum-malformed', { name: trailer.name })
}

/** Returns the error if the bytes do not match their trailing checksum; undefined if they do. */
export function verifyTrailingChecksum(
  trailer: ChecksumTrailer,
  calculated: Checksum,
): S3Error | undefined {
  const malformed = malformedChecksum(trailer)
  if (malformed !== undefined) return malformed
  if (calculated.digest().toString('base64') === trailer.value) return undefined
  return refusal('checksum-mismatch', { algorithm: trailer.algorithm.toUpperCase() })
}

function isChecksumAlgorithm(text: string): text is ChecksumAlgorithm {
  return Object.hasOwn(CHECKSUM_BYTES, text)
}
