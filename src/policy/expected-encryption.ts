import { combinedValue, type HeaderList, headerValue } from '../base/header-list.ts'

/** The encryption that S3 has to confirm: `x-amz-server-side-encryption` and its key. */
export interface ExpectedEncryption {
  readonly algorithm: 'aws:kms' | 'aws:kms:dsse'
  /** As S3 spells it in answers: the full key ARN at AWS, whatever is configured elsewhere. */
  readonly keyId: string
}

/** What an answer says of an object's encryption, compared with what the policy expects. */
export type Confirmation = 'confirmed' | 'missing' | 'mismatched'

/**
 * Compares an answer's headers with the expectation. Silence is `missing`, which may be looked up: that
 * of both headers, or of the key alone beside the right algorithm. Every other difference is
 * `mismatched`, also two values that differ, and an answer that names SSE-C.
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
  return keyId === expected.keyId ? 'confirmed' : 'mismatched'
}

/** How an object that is read is encrypted: as the policy says, otherwise, or not at all. */
export type ReadEncryption = 'policy' | 'other' | 'none'

/** Classifies what an answer to GET or HEAD says of the object. */
export function readEncryption(expected: ExpectedEncryption, answer: HeaderList): ReadEncryption {
  switch (confirmEncryption(expected, answer)) {
    case 'confirmed':
      return 'policy'
    case 'mismatched':
      return 'other'
    case 'missing':
      return headerValue(answer, 'x-amz-server-side-encryption') === undefined ? 'none' : 'other'
  }
}
