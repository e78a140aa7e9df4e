import type { HeaderList } from '../base/header-list.ts'
import { encryptionFamilyOf, isEncryptionHeader } from '../s3/encryption-headers.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import type { Policy } from './policy.ts'

/**
 * Returns the refusal of a GET or HEAD with these headers, even if the request has other faults;
 * undefined if the policy accepts them. Uses names only, so that the request need not be
 * well-formed.
 */
export function refuseReadHeaders(policy: Policy, headers: HeaderList): S3Error | undefined {
  if (policy.mode !== 'enforce') return undefined
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (isEncryptionHeader(name) && refuses(policy, name)) {
      return refusal('encryption-headers-on-read', { name })
    }
  }
  return undefined
}

/** Returns whether misplaced encryption headers are removed, signed or not. */
export function stripsMisplacedHeaders(policy: Policy): boolean {
  return policy.mode === 'enforce' && policy.misplacedEncryptionHeaders === 'strip'
}

function refuses(policy: Policy, name: string): boolean {
  return encryptionFamilyOf(name) === 'own'
    ? policy.misplacedEncryptionHeaders === 'reject'
    : policy.reads.customerKeys === 'reject'
}
