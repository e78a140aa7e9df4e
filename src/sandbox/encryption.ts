import { createHash } from 'node:crypto'
import type { HeaderList } from '../base/header-list.ts'
import { headerValue } from '../base/header-list.ts'
import { invalidArgument, S3Fault } from './fault.ts'
import type { KmsKeys } from './kms-keys.ts'

/** How an object, or a multipart upload, is encrypted. */
export type ObjectEncryption =
  /** Only by a quirk: stored without encryption. */
  | { readonly kind: 'none' }
  | { readonly kind: 's3' }
  | KmsEncryption
  /** SSE-C. The key's MD5, base64, is all that is kept of the key. */
  | { readonly kind: 'customer'; readonly keyMd5: string }

/** SSE-KMS or DSSE-KMS. */
export interface KmsEncryption {
  readonly kind: 'kms'
  readonly algorithm: 'aws:kms' | 'aws:kms:dsse'
  readonly keyArn: string
  readonly bucketKey: boolean
  /** As given: base64 of a JSON object. */
  readonly context: string | undefined
}

/** A bucket's default encryption. */
export interface BucketEncryption {
  readonly algorithm: 'AES256' | 'aws:kms' | 'aws:kms:dsse'
  /** As given to PutBucketEncryption. */
  readonly keyId: string | undefined
  readonly bucketKey: boolean
  readonly blocksCustomerKeys: boolean
}

/** What a new bucket has. */
export const DEFAULT_BUCKET_ENCRYPTION: BucketEncryption = {
  algorithm: 'AES256',
  keyId: undefined,
  bucketKey: false,
  blocksCustomerKeys: false,
}

const SSE = 'x-amz-server-side-encryption'
const KEY_ID = `${SSE}-aws-kms-key-id`
const CONTEXT = `${SSE}-context`
const BUCKET_KEY = `${SSE}-bucket-key-enabled`
const CUSTOMER = `${SSE}-customer-`

/** Prefix of the headers that hold the key of an SSE-C copy source. */
export const COPY_SOURCE_CUSTOMER_PREFIX = 'x-amz-copy-source-server-side-encryption-customer-'

/**
 * The encryption of a new object: from the request's headers (or form fields, as a list of the same
 * shape), else from the bucket's default. Throws as S3 does where headers contradict each other or
 * a key cannot be used.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
export function requestedEncryption(
  headers: HeaderList,
  bucket: BucketEncryption,
  keys: KmsKeys,
): ObjectEncryption {
  const algorithm = headerValue(headers, SSE)
  const keyMd5 = customerKeyMd5(headers, CUSTOMER)
  if (keyMd5 !== undefined) return customerEncryption(headers, bucket, keyMd5)
  switch (algorithm) {
    case undefined:
      refuseKmsHeaders(headers)
      return defaultEncryption(headers, bucket, keys)
    case 'AES256':
      refuseKmsHeaders(headers)
      return { kind: 's3' }
    case 'aws:kms':
    case 'aws:kms:dsse':
      return {
        kind: 'kms',
        algorithm,
        keyArn: keys.resolve(headerValue(headers, KEY_ID) ?? defaultKeyId(bucket, keys)),
        bucketKey: parseBucketKey(headers, algorithm, bucket),
        context: checkContext(headerValue(headers, CONTEXT)),
      }
    default:
      throw invalidArgument('The encryption method specified is not supported', SSE, algorithm)
  }
}

function customerEncryption(
  headers: HeaderList,
  bucket: BucketEncryption,
  keyMd5: string,
): ObjectEncryption {
  const algorithm = headerValue(headers, SSE)
  if (algorithm !== undefined || headerValue(headers, KEY_ID) !== undefined) {
    throw invalidArgument(
      'Server Side Encryption with Customer provided key is incompatible with the encryption method specified',
      SSE,
      algorithm ?? '',
    )
  }
  if (bucket.blocksCustomerKeys) {
    throw new S3Fault(
      'AccessDenied',
      'Access denied because this bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C).',
    )
  }
  return { kind: 'customer', keyMd5 }
}

/** A key id or a context without `aws:kms`. */
function refuseKmsHeaders(headers: HeaderList): void {
  const keyId = headerValue(headers, KEY_ID)
  if (keyId !== undefined) throw keyNeedsKms(keyId)
  const context = headerValue(headers, CONTEXT)
  if (context === undefined) return
  throw invalidArgument(
    'An encryption context requires HTTP header x-amz-server-side-encryption : aws:kms',
    CONTEXT,
    context,
  )
}

/**
 * Refuses encryption headers where S3 does: `x-amz-server-side-encryption` and its kin on every
 * operation that does not make an object, whatever the value.
 */
export function refuseEncryptionHeaders(headers: HeaderList): void {
  const algorithm = headerValue(headers, SSE)
  if (algorithm !== undefined) throw notSupported(SSE, algorithm)
  const keyId = headerValue(headers, KEY_ID)
  if (keyId !== undefined) throw keyNeedsKms(keyId)
  for (const name of [CONTEXT, BUCKET_KEY]) {
    const value = headerValue(headers, name)
    if (value !== undefined) throw notSupported(name, value)
  }
}

/** Refuses SSE-C headers on operations that have no use for them. */
export function refuseCustomerHeaders(headers: HeaderList): void {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (name.startsWith(CUSTOMER) || name.startsWith(COPY_SOURCE_CUSTOMER_PREFIX)) {
      throw notSupported(name, '')
    }
  }
}

/**
 * Checks the SSE-C headers and gives the key's MD5, base64; undefined where there are none. Throws
 * `InvalidEncryptionAlgorithmError` or `InvalidArgument`.
 */
export function customerKeyMd5(headers: HeaderList, prefix = CUSTOMER): string | undefined {
  const algorithm = headerValue(headers, `${prefix}algorithm`)
  const key = headerValue(headers, `${prefix}key`)
  const md5 = headerValue(headers, `${prefix}key-md5`)
  if (algorithm === undefined && key === undefined && md5 === undefined) return undefined
  if (algorithm === undefined) {
    throw invalidArgument(
      'Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.',
      `${prefix}algorithm`,
      'null',
    )
  }
  if (algorithm !== 'AES256') {
    throw new S3Fault('InvalidEncryptionAlgorithmError', undefined, [
      ['ArgumentName', `${prefix}algorithm`],
      ['ArgumentValue', algorithm],
    ])
  }
  if (key === undefined) {
    throw invalidArgument(
      'Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.',
      `${prefix}key`,
      'null',
    )
  }
  const octets = Buffer.from(key, 'base64')
  if (octets.length !== 32) {
    throw invalidArgument(
      'The secret key was invalid for the specified algorithm.',
      `${prefix}key`,
      'null',
    )
  }
  const calculated = createHash('md5').update(octets).digest('base64')
  if (md5 !== calculated) {
    throw invalidArgument(
      'The calculated MD5 hash of the key did not match the hash that was provided.',
      `${prefix}key-MD5`,
      md5 ?? 'null',
    )
  }
  return calculated
}

/** Demands the customer's key for an SSE-C object, and no key for another one. */
export function checkCustomerKey(
  encryption: ObjectEncryption,
  headers: HeaderList,
  prefix = CUSTOMER,
): void {
  const isStoredSo = encryption.kind === 'customer'
  if (isStoredSo && headerValue(headers, `${prefix}algorithm`) === undefined) {
    throw new S3Fault(
      'InvalidRequest',
      'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
    )
  }
  const keyMd5 = customerKeyMd5(headers, prefix)
  if (!isStoredSo && keyMd5 !== undefined) {
    throw new S3Fault(
      'InvalidRequest',
      'The encryption parameters are not applicable to this object.',
    )
  }
  if (isStoredSo && keyMd5 !== encryption.keyMd5) {
    throw new S3Fault(
      'AccessDenied',
      'Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.',
    )
  }
}

/** Demands, for parts of an SSE-C upload, the key that the upload began with; for others no key. */
export function refuseCustomerMismatch(encryption: ObjectEncryption, headers: HeaderList): void {
  const keyMd5 = customerKeyMd5(headers)
  const expected = encryption.kind === 'customer' ? encryption.keyMd5 : undefined
  if (keyMd5 === expected) return
  throw new S3Fault(
    'InvalidRequest',
    keyMd5 === undefined || expected === undefined
      ? 'The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.'
      : 'The provided encryption parameters did not match the ones used originally.',
  )
}

/** The encryption headers of an answer; the context only where the operation made the object. */
export function encryptionHeaders(
  encryption: ObjectEncryption,
  withContext = false,
): Record<string, string> {
  switch (encryption.kind) {
    case 'none':
      return {}
    case 's3':
      return { [SSE]: 'AES256' }
    case 'kms':
      return {
        [SSE]: encryption.algorithm,
        [KEY_ID]: encryption.keyArn,
        ...(encryption.bucketKey ? { [BUCKET_KEY]: 'true' } : {}),
        ...(withContext && encryption.context !== undefined
          ? { [CONTEXT]: encryption.context }
          : {}),
      }
    case 'customer':
      return {
        [`${CUSTOMER}algorithm`]: 'AES256',
        [`${CUSTOMER}key-MD5`]: encryption.keyMd5,
      }
  }
}

function defaultEncryption(
  headers: HeaderList,
  bucket: BucketEncryption,
  keys: KmsKeys,
): ObjectEncryption {
  if (bucket.algorithm === 'AES256') return { kind: 's3' }
  return {
    kind: 'kms',
    algorithm: bucket.algorithm,
    keyArn: keys.resolve(defaultKeyId(bucket, keys)),
    bucketKey: parseBucketKey(headers, bucket.algorithm, bucket),
    context: undefined,
  }
}

function defaultKeyId(bucket: BucketEncryption, keys: KmsKeys): string {
  return bucket.algorithm === 'AES256' ? keys.managedArn : (bucket.keyId ?? keys.managedArn)
}

function parseBucketKey(
  headers: HeaderList,
  algorithm: 'aws:kms' | 'aws:kms:dsse',
  bucket: BucketEncryption,
): boolean {
  const value = headerValue(headers, BUCKET_KEY)?.toLowerCase()
  if (value !== undefined && value !== 'true' && value !== 'false') {
    throw invalidArgument('Invalid value for bucket key', BUCKET_KEY, value)
  }
  if (algorithm === 'aws:kms:dsse') {
    if (value !== 'true') return false
    throw invalidArgument('DSSE-KMS does not support bucket keys.', BUCKET_KEY, value)
  }
  return value === undefined ? bucket.bucketKey : value === 'true'
}

function checkContext(context: string | undefined): string | undefined {
  if (context === undefined) return undefined
  const fault = invalidArgument(
    `The header '${CONTEXT}' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map`,
    CONTEXT,
    context,
  )
  const octets = Buffer.from(context, 'base64')
  if (octets.toString('base64').replace(/=+$/, '') !== context.replace(/=+$/, '')) throw fault
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(octets))
  } catch {
    throw fault
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw fault
  if (!Object.values(parsed).every((value) => typeof value === 'string')) throw fault
  return context
}

function keyNeedsKms(keyId: string): S3Fault {
  return invalidArgument(
    'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
    KEY_ID,
    keyId,
  )
}

function notSupported(name: string, value: string): S3Fault {
  return invalidArgument(`${name} header is not supported for this operation.`, name, value)
}
