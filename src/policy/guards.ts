import type { OperationName } from '../s3/operation.ts'
import type { LockMode } from '../s3/retention.ts'
import type { Rule } from './policy.ts'

/** What a rule demands of a write besides its encryption; an absent member demands nothing. */
export interface Guards {
  /** No ACL and no grant may give access to everyone, or to everyone with an AWS account. */
  readonly publicAcl?: 'refuse' | undefined
  /** The storage classes that may be written. A request that names none writes STANDARD. */
  readonly storageClasses?: ReadonlySet<string> | undefined
  /** The tags that an object must have. */
  readonly tags?: readonly RequiredTag[] | undefined
  /** The limit of an object's size. */
  readonly maxBytes?: number | undefined
  /**
   * The checksum that a body must have: any, `Content-MD5` included, or one of these algorithms (in upper
   * case), which S3 stores with the object.
   */
  readonly checksum?: 'required' | ReadonlySet<string> | undefined
  /** The shortest retention of a new object, and its weakest mode. */
  readonly objectLock?: { readonly mode: LockMode; readonly days: number } | undefined
}

/** A tag that an object must have. */
export interface RequiredTag {
  readonly key: string
  /** The values that it may have; undefined: any that is not empty. */
  readonly values: ReadonlySet<string> | undefined
}

/** A guard, by its key in the configuration. */
export type GuardName = keyof Guards

/** All guards, in the order in which they are judged. */
export const GUARD_NAMES = [
  'publicAcl',
  'storageClasses',
  'tags',
  'maxBytes',
  'checksum',
  'objectLock',
] as const satisfies readonly GuardName[]

const ACL: readonly GuardName[] = ['publicAcl']
const TAGS: readonly GuardName[] = ['tags']
const LOCK: readonly GuardName[] = ['objectLock']

/**
 * The guards that judge an operation. Operations that are not here write nothing that a guard demands,
 * or are closed, or change settings of a bucket, which needs the class `configure`. A test has a
 * reason for every operation that is left out.
 */
export const GUARDS_OF: ReadonlyMap<OperationName, readonly GuardName[]> = new Map([
  ['PutObject', GUARD_NAMES],
  ['PostObject', GUARD_NAMES],
  ['CopyObject', GUARD_NAMES],
  // Its parts have the bytes.
  ['CreateMultipartUpload', ['publicAcl', 'storageClasses', 'tags', 'checksum', 'objectLock']],
  // S3 demands a digest of a part whose upload has a retention.
  ['UploadPart', ['maxBytes', 'checksum', 'objectLock']],
  ['UploadPartCopy', ['maxBytes']],
  ['CompleteMultipartUpload', ['maxBytes']],
  ['PutObjectAcl', ACL],
  ['PutBucketAcl', ACL],
  ['CreateBucket', ACL],
  ['PutObjectTagging', TAGS],
  ['DeleteObjectTagging', TAGS],
  // They can bypass a retention.
  ['PutObjectRetention', LOCK],
  ['DeleteObject', LOCK],
  ['DeleteObjects', LOCK],
  // Nothing is known of the object that is moved, so that any guard refuses it.
  ['RenameObject', GUARD_NAMES],
])

/** Returns whether a rule has guards; looked up once for each list of rules. */
export function hasGuards(rules: readonly Rule[]): boolean {
  const known = guarded.get(rules)
  if (known !== undefined) return known
  const has = rules.some((rule) => rule.guards !== undefined)
  guarded.set(rules, has)
  return has
}

const guarded = new WeakMap<readonly Rule[], boolean>()
