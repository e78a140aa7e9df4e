/**
 * What a request says about the object or the ACL that it writes, in headers or in the fields of a
 * form. Values as received; a name that is stated twice has all its values here.
 */
export interface WriteFacts {
  /** Canned ACLs. */
  readonly acls: readonly string[]
  /** The grantees of each `x-amz-grant-…`. */
  readonly grants: readonly string[]
  /** Empty: STANDARD. */
  readonly storageClasses: readonly string[]
}
