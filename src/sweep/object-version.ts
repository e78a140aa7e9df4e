import type { HeaderList } from '../base/header-list.ts'

/** One version of an object, as S3 names it. */
export interface ObjectVersion {
  readonly bucket: string
  /** Decoded. */
  readonly key: string
  /**
   * `null` (the text) is S3's null version of a bucket that has versioning. Undefined: the bucket
   * never had versioning, and there is only one version.
   */
  readonly versionId: string | undefined
}

/** How S3 stores an object version, as its answer to HEAD says. */
export type ObjectEncryption =
  /** Stored before S3 encrypted everything, or on a server that does not. */
  | { readonly kind: 'none' }
  /** `AES256`: S3's own key. */
  | { readonly kind: 'sse-s3' }
  | {
      readonly kind: 'sse-kms'
      readonly algorithm: 'aws:kms' | 'aws:kms:dsse'
      readonly keyId: string
      readonly bucketKey: boolean
    }
  /** SSE-C: HEAD without the client's key is 400, so that nothing else is known of the version. */
  | { readonly kind: 'customer-key' }
  /** A service that encrypts under a key that S3 does not name: `aws:fsx`, `aws:backup`. */
  | { readonly kind: 'service'; readonly algorithm: string }
  /** S3 did not say: a right is missing, or the version is gone. Nothing is done then. */
  | { readonly kind: 'unknown' }

/** S3 Object Lock of one version. */
export interface ObjectLock {
  readonly retention:
    | {
        readonly mode: 'GOVERNANCE' | 'COMPLIANCE'
        /** ISO 8601. */
        readonly until: string
      }
    | undefined
  readonly hasLegalHold: boolean
  readonly hasEventHold: boolean
}

/** The facts of an object version that decide what a sweep does with it. */
export interface ObjectState {
  readonly version: ObjectVersion
  /** The version that a GET without a version id returns. */
  readonly isCurrent: boolean
  /** With its quotes, as `If-Match` takes it. */
  readonly etag: string
  readonly bytes: number
  /** ISO 8601, in seconds. */
  readonly lastModified: string
  /** `STANDARD` if S3 names none. */
  readonly storageClass: string
  /** The data must be restored before it can be copied. */
  readonly isArchived: boolean
  readonly encryption: ObjectEncryption
  readonly lock: ObjectLock
}

/** What the policy wants of an object: the decision on an upload of its key. */
export type Target =
  | EncryptTarget
  /** `reason`: the operator's words. */
  | { readonly kind: 'exempt'; readonly rule: string; readonly reason: string }
  /** `client`: rules match by client, and nobody knows who wrote the object. `no-rule`: uploads of the key are refused. */
  | { readonly kind: 'undecided'; readonly reason: 'client' | 'no-rule' }

/** The encryption that the rule sets. */
export interface EncryptTarget {
  readonly kind: 'encrypt'
  readonly rule: string
  readonly algorithm: 'aws:kms' | 'aws:kms:dsse'
  readonly keyId: string
  readonly replicas: 'accept' | 'reject'
  /** Undefined: the rule leaves it to the bucket. */
  readonly bucketKey: boolean | undefined
  /** The encryption headers of an upload, as the proxy sends them; the encryption context is among them. */
  readonly headers: HeaderList
}

/**
 * How a version gets another key: UpdateObjectEncryption; CopyObject onto itself; a multipart upload
 * whose parts are copied, above 5 GiB and for what was uploaded in parts.
 */
export type Method = 'update' | 'copy' | 'multipart-copy'

/** Losses that an operator accepts by name, in the order in which they are shown. */
export const LOSSES = [
  'new-version',
  'last-modified',
  'etag',
  'unversioned-overwrite',
  'events',
  'replication',
  'acl-window',
  'lock-remains',
] as const

/** A loss that has to be accepted before anything causes it. */
export type AcceptedLoss = (typeof LOSSES)[number]

/** A method that works for a version, and what it costs besides requests. */
export interface Way {
  readonly method: Method
  readonly losses: readonly AcceptedLoss[]
}

/** The classes of versions, in the order in which they are shown. */
export const OBJECT_CLASSES = [
  'sealed',
  'exempt',
  'update',
  'copy',
  'locked',
  'archived',
  'cannot',
  'customer-key',
  'undecided',
  'cannot-know',
  'moving',
  'gone',
] as const

/**
 * `sealed`, `exempt`: nothing to do. `update`, `copy`: the method. `locked`: Object Lock; a copy may
 * be possible. `archived`: a copy needs a restore. `cannot`: no method. `customer-key`: SSE-C.
 * `undecided`: no rule decides. `cannot-know`: a right for reading is missing. `moving`: changed by
 * others again and again. `gone`: deleted since it was listed.
 */
export type ObjectClass = (typeof OBJECT_CLASSES)[number]

/** What a sweep does with a version. */
export interface Classification {
  readonly class: ObjectClass
  /** Why, in one of the words of docs/sweep.md, or the operator's words of an exempt rule. */
  readonly reason: string | undefined
  /** Undefined: nothing is done. */
  readonly way: Way | undefined
}

/** What the server can do with a version under the target's key. */
export interface ServerAbilities {
  /** It has UpdateObjectEncryption, and takes this key. */
  readonly update: boolean
  /** CopyObject stores under this key, and only while its conditions hold. */
  readonly copy: boolean
  /** CopyObject reads what is under a KMS key. */
  readonly copyFromKms: boolean
  /** UploadPartCopy and CompleteMultipartUpload do the same for parts. */
  readonly copyInParts: boolean
}

/** Without any method. */
export const NO_ABILITIES: ServerAbilities = {
  update: false,
  copy: false,
  copyFromKms: false,
  copyInParts: false,
}

/** The settings of a bucket that decide what a copy loses. */
export interface BucketFacts {
  readonly bucket: string
  readonly versioning: 'enabled' | 'suspended' | 'never'
  /** ACLs are off (bucket owner enforced); undefined: S3 did not say, so ACLs are read. */
  readonly isOwnerEnforced: boolean | undefined
  /** Somebody gets events of new objects; true also if S3 did not say. */
  readonly sendsEvents: boolean
  /** New objects are replicated; true also if S3 did not say. */
  readonly isReplicated: boolean
  /** Undefined: S3 did not say, so each copy asks. */
  readonly hasObjectLock?: boolean | undefined
  /** False: the server does not know annotations; undefined: S3 is asked for each object. */
  readonly hasAnnotations?: boolean | undefined
  /** The canonical id of the bucket's owner; undefined: S3 did not say. */
  readonly ownerId?: string | undefined
  /** The bucket's setting, for rules that have none. */
  readonly bucketKeyDefault?: boolean | undefined
}

/** How the re-sealing of one version ended. */
export type ResealOutcome =
  | {
      readonly kind: 'done'
      readonly method: Method
      readonly before: ObjectState
      /** As read afterwards. A copy has another version id. */
      readonly after: ObjectState
      /** `x-amz-request-id` of the answer to the change; undefined: it was found done. */
      readonly upstreamRequestId: string | undefined
    }
  /** ETag, version or lock are not the plan's any more; nothing was changed. */
  | { readonly kind: 'changed' }
  /** Nothing was changed. `needs`: losses to accept first. */
  | {
      readonly kind: 'left'
      readonly class: ObjectClass
      readonly reason: string
      readonly needs: readonly AcceptedLoss[]
    }
  | ResealFailure

/** It did not work, or properties differ afterwards. */
export interface ResealFailure {
  readonly kind: 'failed'
  /** `before`: nothing was changed. `request`: S3 refused, or the end is unknown. `after`: changed, and not as it should be. */
  readonly stage: 'before' | 'request' | 'after'
  /** S3's error code, or one of ours (`properties-differ`, `not-confirmed`, `no-answer`). */
  readonly code: string
  readonly message: string
  /** The properties that differ, as `name: before → after`. */
  readonly differences: readonly string[]
  /** The version that holds what was there before, if there is one. */
  readonly previous: ObjectVersion | undefined
  /** Commands to go back, for a shell. */
  readonly recovery: readonly string[]
}
