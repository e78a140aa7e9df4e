import { combinedValue, type HeaderList, headerValue } from '../base/header-list.ts'
import { isSameMultiRegionKey } from './multi-region-key.ts'

/** The encryption that S3 has to confirm: `x-amz-server-side-encryption` and its key. */
export interface ExpectedEncryption {
  readonly algorithm: 'aws:kms' | 'aws:kms:dsse'
  /** As S3 spells it in answers: the full key ARN at AWS, whatever is configured elsewhere. */
  readonly keyId: string
  /** `accept`: `keyId` is a multi-Region key, and the same key under another Region counts as well. */
  readonly replicas: 'accept' | 'reject'
}

/** What an answer says of an object's encryption, compared with what the policy expects. */
export type Confirmation = 'confirmed' | 'missing' | 'mismatched'

/**
 * Compares an answer's headers with the expectation. Silence is `missing`, which may be looked up: that
 * of both headers, or of the key alone beside the right algorithm. Every other difference is
 * `mismatched`, also two values that differ, and an answer that names SSE-C.
 *
 * `aws:fsx` (objects on a file system of FSx) and `aws:backup` (those of a backup vault) are encrypted
 * by these services, S3 names no key: they are not the rule's encryption, whatever key stands behind.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html#API_PutObject_ResponseSyntax
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

/** Whether a key id, of an answer or of a client, is the key that is expected. */
export function isExpectedKey(
  { keyId, replicas }: Pick<ExpectedEncryption, 'keyId' | 'replicas'>,
  other: string,
): boolean {
  return other === keyId || (replicas === 'accept' && isSameMultiRegionKey(keyId, other))
}

/**
 * How an object that is read is encrypted: as the policy says; under another key (of KMS, of the client,
 * of FSx or a backup vault); by S3's own keys (`AES256`, S3's default since 2023); or S3 names nothing.
 */
export type ReadEncryption = 'policy' | 'other-key' | 'sse-s3' | 'none'

/** Classifies what an answer to GET or HEAD says of the object. */
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
