import type { HeaderList } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from './error.ts'
import { refusal } from './refusals.ts'

/** The headers that select the encryption with which S3 stores an object. */
export const SSE_HEADER = 'x-amz-server-side-encryption'
export const SSE_KEY_ID_HEADER = 'x-amz-server-side-encryption-aws-kms-key-id'
export const SSE_CONTEXT_HEADER = 'x-amz-server-side-encryption-context'
export const SSE_BUCKET_KEY_HEADER = 'x-amz-server-side-encryption-bucket-key-enabled'

/** SSE-C: the client's own key for the object. */
export const CUSTOMER_ALGORITHM_HEADER = 'x-amz-server-side-encryption-customer-algorithm'
const CUSTOMER_KEY_HEADER = 'x-amz-server-side-encryption-customer-key'
const CUSTOMER_KEY_MD5_HEADER = 'x-amz-server-side-encryption-customer-key-md5'

/** SSE-C: the client's own key for the source of a copy. */
const COPY_SOURCE_CUSTOMER_ALGORITHM_HEADER =
  'x-amz-copy-source-server-side-encryption-customer-algorithm'
const COPY_SOURCE_CUSTOMER_KEY_HEADER = 'x-amz-copy-source-server-side-encryption-customer-key'
const COPY_SOURCE_CUSTOMER_KEY_MD5_HEADER =
  'x-amz-copy-source-server-side-encryption-customer-key-md5'

/** The encryption that a request asks for. Values as received, trimmed; an empty value is kept. */
export interface RequestedEncryption {
  readonly algorithm: string | undefined
  readonly keyId: string | undefined
  readonly context: string | undefined
  readonly bucketKey: string | undefined
  /** True if the request has any of the three SSE-C headers for the object. */
  readonly hasCustomerKey: boolean
  /** True if the request has any of the three SSE-C headers for the source of a copy. */
  readonly hasCopySourceCustomerKey: boolean
}

/** The value for requests without encryption headers; shared by all of them. */
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
 * Returns whether a (lower-case) name is an encryption header: one of the ten, or any other with
 * the same prefix. Code that removes headers by this test therefore removes unknown ones too.
 */
export function isEncryptionHeader(name: string): boolean {
  // Comparing lengths first keeps the scan cheap for requests without such headers.
  if (name.length < SSE_HEADER.length) return false
  return name.startsWith(SSE_HEADER) || name.startsWith(COPY_SOURCE_PREFIX)
}

/**
 * Returns the family of a (lower-case) name: `own` for S3's keys, `customer` for SSE-C of the
 * object, `source` for SSE-C of the copy source. Undefined if it is not an encryption header.
 */
export function encryptionFamilyOf(name: string): 'own' | 'customer' | 'source' | undefined {
  if (!isEncryptionHeader(name)) return undefined
  if (name.startsWith(COPY_SOURCE_PREFIX)) return 'source'
  return name.startsWith(CUSTOMER_PREFIX) ? 'customer' : 'own'
}

/**
 * Reads the encryption headers of a request. Refused with 400 InvalidArgument: a duplicate header,
 * `duplicate-header` (node:http and SigV4 join duplicates differently), and an unknown header of
 * the family, `encryption-header-unknown`. Header values are not checked here.
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
    if (!KNOWN.has(name)) return failure(refusal('encryption-header-unknown', { name }))
    if (seen.has(name)) return failure(refusal('duplicate-header', { name }))
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
