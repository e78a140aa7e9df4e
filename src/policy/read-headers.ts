import type { HeaderList } from '../base/header-list.ts'
import { encryptionFamilyOf, isEncryptionHeader } from '../s3/encryption-headers.ts'
import { refusal, type S3Error } from '../s3/error.ts'
import type { Policy } from './policy.ts'

/**
 * The error code for encryption headers on GET and HEAD. S3 itself answers `InvalidArgument`, but
 * its documentation says "HTTP 400 BadRequest"; Sealgate follows the documentation.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-kms-encryption.html
 */
const READ_ENCRYPTION_HEADERS_CODE = 'BadRequest'

/**
 * Returns the refusal of a GET or HEAD with these headers, even if the request has other faults;
 * undefined if the policy accepts them. Uses names only, so that the request need not be
 * well-formed.
 */
export function refuseReadHeaders(policy: Policy, headers: HeaderList): S3Error | undefined {
  if (policy.mode !== 'enforce') return undefined
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (isEncryptionHeader(name) && refuses(policy, name)) return readHeaderError(name)
  }
  return undefined
}

/** Returns whether misplaced encryption headers are removed, signed or not. */
export function stripsMisplacedHeaders(policy: Policy): boolean {
  return policy.mode === 'enforce' && policy.misplacedEncryptionHeaders === 'strip'
}

/** The refusal of a read with that header. */
export function readHeaderError(name: string): S3Error {
  return refusal(
    READ_ENCRYPTION_HEADERS_CODE,
    'encryption-headers-on-read',
    `${name} header is not supported for this operation.`,
    [['ArgumentName', name]],
  )
}

function refuses(policy: Policy, name: string): boolean {
  return encryptionFamilyOf(name) === 'own'
    ? policy.misplacedEncryptionHeaders === 'reject'
    : policy.reads.customerKeys === 'reject'
}
