import type { OperationName } from '../s3/operation.ts'
import type { Rule } from './policy.ts'

/** What a rule demands of a write besides its encryption; an absent member demands nothing. */
export interface Guards {
  /** No ACL and no grant may give access to everyone, or to everyone with an AWS account. */
  readonly publicAcl?: 'refuse' | undefined
  /** The storage classes that may be written. A request that names none writes STANDARD. */
  readonly storageClasses?: ReadonlySet<string> | undefined
}

/** A guard, by its key in the configuration. */
export type GuardName = keyof Guards

/** All guards, in the order in which they are judged. */
export const GUARD_NAMES = ['publicAcl', 'storageClasses'] as const satisfies readonly GuardName[]

const NEW_OBJECT: readonly GuardName[] = ['publicAcl', 'storageClasses']
const ACL: readonly GuardName[] = ['publicAcl']

/**
 * The guards that judge an operation. Operations that are not here write nothing that a guard demands,
 * or are closed, or change settings of a bucket, which needs the class `configure`. A test has a
 * reason for every operation that is left out.
 */
export const GUARDS_OF: ReadonlyMap<OperationName, readonly GuardName[]> = new Map([
  ['PutObject', NEW_OBJECT],
  ['PostObject', NEW_OBJECT],
  ['CopyObject', NEW_OBJECT],
  ['CreateMultipartUpload', NEW_OBJECT],
  ['PutObjectAcl', ACL],
  ['PutBucketAcl', ACL],
  ['CreateBucket', ACL],
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
