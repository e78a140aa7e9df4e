import type { Acl, Ownership } from './acl.ts'
import type { Checksum, ChecksumAlgorithm } from './checksum.ts'
import type { CorsRule } from './cors-configuration.ts'
import type { BucketEncryption, ObjectEncryption } from './encryption.ts'
import type { BucketLock, ObjectLock } from './object-lock.ts'
import type { ObjectArchive } from './storage-class.ts'

/** A stretch of an object's data: a whole file in its bucket's `data` folder. */
export interface Segment {
  readonly file: string
  readonly size: number
}

/** A tag of an object or a bucket. */
export type Tag = readonly [key: string, value: string]

/** What an object has besides its data: as in the request that made it. */
export interface ObjectHead {
  /** Header fields that come back on reads: content-type, cache-control, x-amz-meta-*, … */
  readonly headers: Readonly<Record<string, string>>
  readonly tags: readonly Tag[]
  readonly encryption: ObjectEncryption
  readonly acl: Acl
  readonly lock: ObjectLock
}

/** What an object and a delete marker have in common. Kept as JSON, one file a version. */
interface VersionIdentity {
  readonly key: string
  /** `null` for what was written while the bucket had no versions, or they were suspended. */
  readonly versionId: string
  /** Grows with each write to the bucket: tells which of a key's versions is newer. */
  readonly sequence: number
  /** Milliseconds since 1970, whole seconds. */
  readonly lastModified: number
}

/** A stored object: one version of a key. */
export interface ObjectRecord extends VersionIdentity, ObjectHead {
  readonly kind: 'object'
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  readonly checksum: Checksum | undefined
  /** One, or one a part. */
  readonly segments: readonly Segment[]
  readonly archive: ObjectArchive
  /** One a segment, if the object was made from parts. */
  readonly parts: readonly ObjectPart[] | undefined
  /** In the order of their names' UTF-8 bytes. */
  readonly annotations: readonly AnnotationRecord[]
}

/** A part of an object that was uploaded in parts. */
export type ObjectPart = Pick<PartRecord, 'checksum' | 'number' | 'size'>

/** Text that is kept with an object under a name. */
export interface AnnotationRecord {
  readonly name: string
  readonly size: number
  readonly etag: string
  readonly lastModified: number
  readonly checksum: Checksum | undefined
  readonly segment: Segment
}

/** What a DELETE leaves in a bucket with versions: the key has no current object. */
export interface DeleteMarker extends VersionIdentity {
  readonly kind: 'delete-marker'
}

/** A version of a key. */
export type VersionRecord = ObjectRecord | DeleteMarker

/** An object before the bucket has given it its identity; without annotations it has none. */
export type NewObject = Omit<
  ObjectRecord,
  'annotations' | 'archive' | 'kind' | 'sequence' | 'versionId'
> &
  Partial<Pick<ObjectRecord, 'annotations'>>

/** A part of a multipart upload. */
export interface PartRecord {
  readonly number: number
  readonly size: number
  readonly etag: string
  readonly lastModified: number
  readonly checksum: Checksum | undefined
  readonly segments: readonly Segment[]
}

/** A multipart upload under way. */
export interface UploadRecord extends ObjectHead {
  readonly id: string
  readonly key: string
  readonly initiated: number
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined
  readonly checksumType: 'FULL_OBJECT' | 'COMPOSITE'
  readonly accessKeyId: string
}

/** A bucket's settings. */
export interface BucketRecord {
  readonly name: string
  readonly created: number
  readonly encryption: BucketEncryption
  readonly tags: readonly Tag[]
  /** The policy document as given. */
  readonly policy: string | undefined
  /** Undefined: no CORS configuration. */
  readonly cors: readonly CorsRule[] | undefined
  /** Undefined: never enabled. */
  readonly versioning: 'Enabled' | 'Suspended' | undefined
  readonly acl: Acl
  /** Undefined: no ownership controls, and ACLs count. */
  readonly ownership: Ownership | undefined
  /** Undefined: no Object Lock. */
  readonly lock: BucketLock | undefined
}
