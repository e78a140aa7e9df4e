import { createHash } from 'node:crypto'
import { type HeaderList, headerValue } from '../base/header-list.ts'
import type { ObjectEncryption } from './encryption.ts'
import { invalidArgument, S3Fault } from './fault.ts'

/** Prefix of the headers that hold a customer's key (SSE-C). */
export const CUSTOMER_PREFIX = 'x-amz-server-side-encryption-customer-'

/** Prefix of the headers that hold the key of an SSE-C copy source. */
export const COPY_SOURCE_CUSTOMER_PREFIX = 'x-amz-copy-source-server-side-encryption-customer-'

/** Refuses SSE-C headers on operations that have no use for them. */
export function refuseCustomerHeaders(headers: HeaderList): void {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (name.startsWith(CUSTOMER_PREFIX) || name.startsWith(COPY_SOURCE_CUSTOMER_PREFIX)) {
      throw invalidArgument(`${name} header is not supported for this operation.`, name, '')
    }
  }
}

/**
 * Checks the SSE-C headers and returns the key's MD5 in base64; undefined if there are none. Throws
 * `InvalidEncryptionAlgorithmError` or `InvalidArgument`.
 */
export function customerKeyMd5(headers: HeaderList, prefix = CUSTOMER_PREFIX): string | undefined {
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
  const bytes = Buffer.from(key, 'base64')
  if (bytes.length !== 32) {
    throw invalidArgument(
      'The secret key was invalid for the specified algorithm.',
      `${prefix}key`,
      'null',
    )
  }
  const calculated = createHash('md5').update(bytes).digest('base64')
  if (md5 !== calculated) {
    throw invalidArgument(
      'The calculated MD5 hash of the key did not match the hash that was provided.',
      `${prefix}key-MD5`,
      md5 ?? 'null',
    )
  }
  return calculated
}

/** Requires the customer's key for an SSE-C object, and no key for others. */
export function checkCustomerKey(
  encryption: ObjectEncryption,
  headers: HeaderList,
  prefix = CUSTOMER_PREFIX,
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
