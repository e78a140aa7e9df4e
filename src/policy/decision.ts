import type { HeaderList } from '../base/header-list.ts'
import type { S3Error } from '../s3/error.ts'
import type { ExpectedEncryption } from './expected-encryption.ts'
import type { GuardName, RequiredTag } from './guards.ts'

/** The policy's decision on one request. */
export type Decision = Allow | Deny

/** The request is sent to S3, under the obligation. */
export interface Allow {
  readonly kind: 'allow'
  /** The matching rule's name; undefined if no rule applies to the operation. */
  readonly rule: string | undefined
  readonly obligation: Obligation
  /** In mode `observe`: the decision that `enforce` would make. */
  readonly observed: Decision | undefined
}

/** The request is refused. */
export interface Deny {
  readonly kind: 'deny'
  readonly rule: string | undefined
  readonly error: S3Error
  /** Set if a guard refuses it: that guard, alone. */
  readonly guards?: readonly GuardName[] | undefined
}

/** The changes and checks that the proxy must apply to an allowed request. */
export interface Obligation {
  readonly encryption: EncryptionEdit
  /** The label for `sealgate_encryption_total`; undefined if it is not an upload. */
  readonly action: EncryptionAction | undefined
  /** Why the upload is exempt, in the operator's words; undefined if it is not exempt. */
  readonly exemption: string | undefined
  /** The encryption that S3 must confirm for a write; undefined if none. */
  readonly confirm: ExpectedEncryption | undefined
  /** The encryption that a read object should have; undefined if it is not checked. */
  readonly readCheck: ReadCheck | undefined
  /** The guards that judged the request; undefined if none did. */
  readonly guards: GuardObligation | undefined
}

/** What the guards of a rule leave to be done. */
export interface GuardObligation {
  /** Those that judged the request. */
  readonly names: readonly GuardName[]
  /** What the body must not say; undefined if it is not inspected. */
  readonly body: BodyGuard | undefined
  /** Header fields, or fields of a form, that replace the client's; names in lower case. */
  readonly set: HeaderList
  /** The limit of a form's file, which is only known when it has passed. */
  readonly fileBytesMax: number | undefined
  /** The guard for which S3 must get the checksum of the body; undefined if none. */
  readonly wantsChecksum: GuardName | undefined
  /** The size that S3 must be asked for before the request is sent; undefined if none. */
  readonly size: SizeLookUp | undefined
}

/** The size of an object that a request writes without stating it. `rule`: for the message of the refusal. */
export interface SizeLookUp {
  readonly of: 'source' | 'parts'
  readonly rule: string
  readonly bytesMax: number
}

/** How a guard judges a body in XML. `rule`: for the message of the refusal. */
export type BodyGuard =
  | { readonly kind: 'acl'; readonly rule: string }
  | { readonly kind: 'tagging'; readonly rule: string; readonly tags: readonly RequiredTag[] }

/**
 * The change to a request's encryption headers: `keep` leaves the client's; `strip` removes the
 * named families; `set` removes all seven for the object and adds ours. Those for the source of a
 * copy only affect a read, so they stay unless `sourceKeys` is true.
 */
export type EncryptionEdit =
  | { readonly kind: 'keep' }
  | {
      readonly kind: 'strip'
      /** The four `x-amz-server-side-encryption…` headers of S3's own keys. */
      readonly ownHeaders: boolean
      /** The three SSE-C headers for the object. */
      readonly customerKeys: boolean
      /** The three SSE-C headers for the source of a copy. */
      readonly sourceKeys: boolean
    }
  | { readonly kind: 'set'; readonly headers: HeaderList; readonly sourceKeys: boolean }

/** The label `action` of the metric `sealgate_encryption_total`. */
export type EncryptionAction = 'added' | 'overridden' | 'unchanged' | 'exempt' | 'refused'

/** How to judge a read by S3's answer. */
export interface ReadCheck {
  readonly expected: ExpectedEncryption
  readonly deny: boolean
}
