import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from './error.ts'
import { refusal } from './refusals.ts'

const LENGTH_MIN = 3
const LENGTH_MAX = 63

/** Suffixes of names that address another endpoint, or a bucket by an alias. */
const RESERVED_SUFFIXES = [
  '-s3alias',
  '--ol-s3',
  '--x-s3',
  '--xa-s3',
  '--table-s3',
  '.mrap',
] as const
const RESERVED_PREFIXES = ['arn:', 'xn--', 'sthree-'] as const

/**
 * Checks a bucket name by the rules for new general purpose buckets: 3 to 63 characters of
 * `a-z0-9.-`, a letter or digit at both ends, no `..`, not an IPv4 address. Otherwise returns 400
 * InvalidBucketName, reason `bucket-name-invalid`. This includes names with `_` or upper case,
 * which old us-east-1 buckets may have.
 *
 * Access point aliases, directory buckets, multi-Region access points and ARNs are other names for
 * buckets. A rule that matches on the bucket name would miss them, so they are refused with reason
 * `bucket-name-reserved`, unless the operator lists them in `configuredNames`.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
export function parseBucketName(
  name: string,
  configuredNames?: ReadonlySet<string>,
): Result<string, S3Error> {
  if (configuredNames?.has(name)) return ok(name)
  if (isReserved(name)) return failure(refusal('bucket-name-reserved', { name }))
  return isBucketName(name) ? ok(name) : failure(refusal('bucket-name-invalid', { name }))
}

function isReserved(name: string): boolean {
  for (const prefix of RESERVED_PREFIXES) {
    if (name.startsWith(prefix)) return true
  }
  for (const suffix of RESERVED_SUFFIXES) {
    if (name.endsWith(suffix)) return true
  }
  return false
}

export function isBucketName(name: string): boolean {
  const { length } = name
  if (length < LENGTH_MIN || length > LENGTH_MAX) return false
  if (!isAlphanumeric(name.charCodeAt(0)) || !isAlphanumeric(name.charCodeAt(length - 1))) {
    return false
  }
  for (let i = 1; i < length - 1; i++) {
    const code = name.charCodeAt(i)
    if (!isAlphanumeric(code) && code !== 0x2d && code !== 0x2e) return false
  }
  return !name.includes('..') && !isIpv4(name)
}

/** `a-z` and `0-9`. */
function isAlphanumeric(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39)
}

/** Four numbers; S3 does not check that each is below 256. */
function isIpv4(name: string): boolean {
  let dots = 0
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code === 0x2e) dots++
    else if (code < 0x30 || code > 0x39) return false
  }
  return dots === 3
}
