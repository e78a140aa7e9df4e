import { combinedValue, type HeaderList, headerValue } from '../base/header-list.ts'
import { isSameMultiRegionKey } from './multi-region-key.ts'

/** The encryption that S3 must confirm: `x-amz-server-side-encryption` and its key. */
export interface ExpectedEncryption {
  readonly algorithm: 'aws:kms' | 'aws:kms:dsse'
  /**
   * As S3 writes it in answers: the full key ARN for AWS, the configured string for other servers.
   */
  readonly keyId: string
  /**
   * `accept`: `keyId` is a multi-Region key, and its replicas in other Regions are accepted too.
   */
  readonly replicas: 'accept' | 'reject'
}

/** The result of comparing an answer's encryption with the expected one. */
export type Confirmation = 'confirmed' | 'missing' | 'mismatched'

/**
 * Compares an answer's headers with the expected encryption. `missing` if the answer has neither
 * header, or has the right algorithm without a key; the caller may then look it up. Every other
 * difference is `mismatched`, including two values that differ, and an answer that names SSE-C.
 *
 * `aws:fsx` (objects on an FSx file system) and `aws:backup` (objects of a backup vault) are
 * encrypted by these services and S3 names no key. They never match the rule's encryption, whatever
 * key the service uses.
 *
 * Source:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html#API_PutObject_ResponseSyntax
 */
export function confirmEncryption(expected: ExpectedEncryption, answer: HeaderList): Confirmation {
  const algorithm = combinedValue(answer, 'x-amz-server-side-encryption')
  const keyId = combinedValue(answer, 'x-amz-server-side-encryption-aws-kms-key-id')
  const customer = headerValue(answer, 'x-amz-server-side-encryption-customer-algorithm')
  if (customer !== undefined) return 'mismatched'
  if (algorithm === undefined && keyId === undefined) return 'missing'
  if (algorithm !== expected.algorithm) return 'mismatched'
  if (keyId === undefined) return 'missing'
  return isExpectedKey(expected, keyId) ? 'confirmed' : 'mismatched'
}

/** Returns whether a key id, from an answer or from a client, is the expected key. */
export function isExpectedKey(
  { keyId, replicas }: Pick<ExpectedEncryption, 'keyId' | 'replicas'>,
  other: string,
): boolean {
  return other === keyId || (replicas === 'accept' && isSameMultiRegionKey(keyId, other))
}

/**
 * The encryption of a read object: as the policy requires; another key (of KMS, the client, FSx or a
 * backup vault); S3's own keys (`AES256`, S3's default since 2023); or none named by S3.
 */
export type ReadEncryption = 'policy' | 'other-key' | 'sse-s3' | 'none'

/** Classifies an answer to GET or HEAD by the object's encryption. */
export function readEncryption(expected: ExpectedEncryption, answer: HeaderList): ReadEncryption {
  const confirmation = confirmEncryption(expected, answer)
  if (confirmation === 'confirmed') return 'policy'
  const algorithm = combinedValue(answer, 'x-amz-server-side-encryption')
  if (algorithm === undefined) return confirmation === 'missing' ? 'none' : 'other-key'
  const namesKey =
    headerValue(answer, 'x-amz-server-side-encryption-aws-kms-key-id') !== undefined ||
    headerValue(answer, 'x-amz-server-side-encryption-customer-algorithm') !== undefined
  return algorithm === 'AES256' && !namesKey ? 'sse-s3' : 'other-key'
}
