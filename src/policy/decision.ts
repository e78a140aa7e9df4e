import type { HeaderList } from '../base/header-list.ts'
import type { S3Error } from '../s3/error.ts'
import type { ExpectedEncryption } from './expected-encryption.ts'

/** What the policy says of one request. */
export type Decision = Allow | Deny

/** The request goes on, under the obligation. */
export interface Allow {
  readonly kind: 'allow'
  /** The matching rule's name; undefined where no rule is asked. */
  readonly rule: string | undefined
  readonly obligation: Obligation
  /** Mode `observe`: what would have been decided. */
  readonly observed: Decision | undefined
}

/** The request is refused. */
export interface Deny {
  readonly kind: 'deny'
  readonly rule: string | undefined
  readonly error: S3Error
}

/** What the proxy has to do to a request that is allowed. */
export interface Obligation {
  readonly encryption: EncryptionEdit
  /** The word for `sealgate_encryption_total`; undefined: not an upload. */
  readonly action: EncryptionAction | undefined
  /** Why the upload is exempt, in the operator's words; undefined: it is not. */
  readonly exemption: string | undefined
  /** What S3 has to confirm of a write; undefined: nothing. */
  readonly confirm: ExpectedEncryption | undefined
  /** What an object read should be under; undefined: not asked. */
  readonly readCheck: ReadCheck | undefined
}

/**
 * What happens to the encryption headers of a request: `keep` the client's; `strip` the families that
 * are named; or take off those for the object, all seven, and `set` ours. Those for the source of a
 * copy read, so they stay unless `sourceKeys` says otherwise.
 */
export type EncryptionEdit =
  | { readonly kind: 'keep' }
  | {
      readonly kind: 'strip'
      /** The four `x-amz-server-side-encryption…` of S3's own keys. */
      readonly ownHeaders: boolean
      /** The three of SSE-C for the object. */
      readonly customerKeys: boolean
      /** The three of SSE-C for the source of a copy. */
      readonly sourceKeys: boolean
    }
  | { readonly kind: 'set'; readonly headers: HeaderList; readonly sourceKeys: boolean }

/** The label `action` of the metric `sealgate_encryption_total`. */
export type EncryptionAction = 'added' | 'overridden' | 'unchanged' | 'exempt' | 'refused'

/** How a read is judged by what S3 says of the object. */
export interface ReadCheck {
  readonly expected: ExpectedEncryption
  readonly deny: boolean
}
