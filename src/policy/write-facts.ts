import type { Tags } from '../s3/tagging.ts'

/**
 * What a request says about the object, the part or the ACL that it writes, in headers or in the fields
 * of a form. Values as received; a name that is stated twice has all its values here.
 */
export interface WriteFacts {
  /** Canned ACLs. */
  readonly acls: readonly string[]
  /** The grantees of each `x-amz-grant-…`. */
  readonly grants: readonly string[]
  /** Empty: STANDARD. */
  readonly storageClasses: readonly string[]
  /** `source`: those of a copy's source; `unreadable`: servers could read other tags. */
  readonly tags: Tags | 'source' | 'unreadable'
  /** The bytes of the object or the part, as the framing of the body enforces them; undefined: unknown. */
  readonly bytes: number | undefined
  /** Algorithms of the stated checksums of the body, in upper case; `Content-MD5` for that header. */
  readonly checksums: readonly string[]
  /** `x-amz-checksum-algorithm` of a copy or a multipart upload. */
  readonly checksumAlgorithms: readonly string[]
  readonly lockModes: readonly string[]
  readonly retainUntilDates: readonly string[]
  /** Values of `x-amz-bypass-governance-retention`. */
  readonly bypasses: readonly string[]
}
