import type { HeaderList } from '../base/header-list.ts'
import { headerValue } from '../base/header-list.ts'
import { CUSTOMER_PREFIX, customerKeyMd5 } from './customer-key.ts'
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
interface KmsEncryption {
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

/** The default of a new bucket. */
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
  const keyMd5 = customerKeyMd5(headers)
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

/** The encryption headers of an answer; the context only if the operation created the object. */
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
        [`${CUSTOMER_PREFIX}algorithm`]: 'AES256',
        [`${CUSTOMER_PREFIX}key-MD5`]: encryption.keyMd5,
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
  const bytes = Buffer.from(context, 'base64')
  if (bytes.toString('base64').replace(/={1,2}$/, '') !== context.replace(/={1,2}$/, ''))
    throw fault
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
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
