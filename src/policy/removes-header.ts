import { encryptionFamilyOf } from '../s3/encryption-headers.ts'
import type { EncryptionEdit } from './decision.ts'

/** Returns whether the edit removes a client's header or form field; the name is in lower case. */
export function removesHeader(edit: EncryptionEdit, name: string): boolean {
  if (edit.kind === 'keep') return false
  switch (encryptionFamilyOf(name)) {
    case undefined:
      return false
    case 'source':
      return edit.sourceKeys
    case 'customer':
      return edit.kind === 'set' || edit.customerKeys
    case 'own':
      return edit.kind === 'set' || edit.ownHeaders
  }
}
