import type { HeaderList } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import { refusal, type S3Error } from './error.ts'

/** The headers that name the encryption under which S3 stores an object. */
export const SSE_HEADER = 'x-amz-server-side-encryption'
export const SSE_KEY_ID_HEADER = 'x-amz-server-side-encryption-aws-kms-key-id'
export const SSE_CONTEXT_HEADER = 'x-amz-server-side-encryption-context'
export const SSE_BUCKET_KEY_HEADER = 'x-amz-server-side-encryption-bucket-key-enabled'

/** SSE-C: the client's own key, for the object. */
export const CUSTOMER_ALGORITHM_HEADER = 'x-amz-server-side-encryption-customer-algorithm'
const CUSTOMER_KEY_HEADER = 'x-amz-server-side-encryption-customer-key'
const CUSTOMER_KEY_MD5_HEADER = 'x-amz-server-side-encryption-customer-key-md5'

/** SSE-C: the client's own key, for the source of a copy. */
const COPY_SOURCE_CUSTOMER_ALGORITHM_HEADER =
  'x-amz-copy-source-server-side-encryption-customer-algorithm'
const COPY_SOURCE_CUSTOMER_KEY_HEADER = 'x-amz-copy-source-server-side-encryption-customer-key'
const COPY_SOURCE_CUSTOMER_KEY_MD5_HEADER =
  'x-amz-copy-source-server-side-encryption-customer-key-md5'

/** What a request asks for; values as received, without spaces around them, an empty one too. */
export interface RequestedEncryption {
  readonly algorithm: string | undefined
  readonly keyId: string | undefined
  readonly context: string | undefined
  readonly bucketKey: string | undefined
  /** Any of the three SSE-C headers for the object. */
  readonly hasCustomerKey: boolean
  /** Any of the three SSE-C headers for the source of a copy. */
  readonly hasCopySourceCustomerKey: boolean
}

/** A request without encryption headers: one value for all of them. */
export const NO_ENCRYPTION: RequestedEncryption = {
  algorithm: undefined,
  keyId: undefined,
  context: undefined,
  bucketKey: undefined,
  hasCustomerKey: false,
  hasCopySourceCustomerKey: false,
}

const COPY_SOURCE_PREFIX = 'x-amz-copy-source-server-side-encryption'
const CUSTOMER_PREFIX = `${SSE_HEADER}-customer-`

/**
 * Tells whether a (lower-case) name is of the encryption headers: the ten, and any other that
 * begins like one of them, so that what is taken off by this test leaves none behind.
 */
export function isEncryptionHeader(name: string): boolean {
  // The lengths keep the scan of a plain request to comparisons of numbers.
  if (name.length < SSE_HEADER.length) return false
  return name.startsWith(SSE_HEADER) || name.startsWith(COPY_SOURCE_PREFIX)
}

/**
 * Which of the three families a (lower-case) name is of: `own` for S3's keys, `customer` for SSE-C of
 * the object, `source` for SSE-C of the source of a copy. Undefined: not an encryption header.
 */
export function encryptionFamilyOf(name: string): 'own' | 'customer' | 'source' | undefined {
  if (!isEncryptionHeader(name)) return undefined
  if (name.startsWith(COPY_SOURCE_PREFIX)) return 'source'
  return name.startsWith(CUSTOMER_PREFIX) ? 'customer' : 'own'
}

/**
 * Reads the encryption headers of a request. A header that is there twice is refused, 400
 * InvalidArgument `duplicate-header` (node:http would join the values, SigV4 joins them otherwise);
 * so is an unknown one of that family, `encryption-header-unknown`. Header values are not judged.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
export function readEncryptionHeaders(headers: HeaderList): Result<RequestedEncryption, S3Error> {
  for (let i = 0; i < headers.length; i += 2) {
    if (isEncryptionHeader(headers[i] ?? '')) return readFrom(headers, i)
  }
  return ok(NO_ENCRYPTION)
}

function readFrom(headers: HeaderList, start: number): Result<RequestedEncryption, S3Error> {
  const seen = new Map<string, string>()
  for (let i = start; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (!isEncryptionHeader(name)) continue
    if (!KNOWN.has(name)) return failure(unknownHeader(name))
    if (seen.has(name)) return failure(duplicateHeader(name))
    seen.set(name, (headers[i + 1] ?? '').trim())
  }
  return ok({
    algorithm: seen.get(SSE_HEADER),
    keyId: seen.get(SSE_KEY_ID_HEADER),
    context: seen.get(SSE_CONTEXT_HEADER),
    bucketKey: seen.get(SSE_BUCKET_KEY_HEADER),
    hasCustomerKey:
      seen.has(CUSTOMER_ALGORITHM_HEADER) ||
      seen.has(CUSTOMER_KEY_HEADER) ||
      seen.has(CUSTOMER_KEY_MD5_HEADER),
    hasCopySourceCustomerKey:
      seen.has(COPY_SOURCE_CUSTOMER_ALGORITHM_HEADER) ||
      seen.has(COPY_SOURCE_CUSTOMER_KEY_HEADER) ||
      seen.has(COPY_SOURCE_CUSTOMER_KEY_MD5_HEADER),
  })
}

const KNOWN: ReadonlySet<string> = new Set([
  SSE_HEADER,
  SSE_KEY_ID_HEADER,
  SSE_CONTEXT_HEADER,
  SSE_BUCKET_KEY_HEADER,
  CUSTOMER_ALGORITHM_HEADER,
  CUSTOMER_KEY_HEADER,
  CUSTOMER_KEY_MD5_HEADER,
  COPY_SOURCE_CUSTOMER_ALGORITHM_HEADER,
  COPY_SOURCE_CUSTOMER_KEY_HEADER,
  COPY_SOURCE_CUSTOMER_KEY_MD5_HEADER,
])

function duplicateHeader(name: string): S3Error {
  return refusal('InvalidArgument', 'duplicate-header', `The header ${name} is there twice.`, [
    ['ArgumentName', name],
  ])
}

/** The user guide once spelled the bucket key's header with `-aws-`; S3 does not know that one. */
function unknownHeader(name: string): S3Error {
  return refusal(
    'InvalidArgument',
    'encryption-header-unknown',
    `The header ${name} is not an encryption header of S3.`,
    [['ArgumentName', name]],
  )
}
