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

/** The metadata of an object, as in the request that created it. */
export interface ObjectHead {
  /** Header fields that come back on reads: content-type, cache-control, x-amz-meta-*, … */
  readonly headers: Readonly<Record<string, string>>
  readonly tags: readonly Tag[]
  readonly encryption: ObjectEncryption
  readonly acl: Acl
  readonly lock: ObjectLock
}

/** The common fields of objects and delete markers. Stored as JSON, one file per version. */
interface VersionIdentity {
  readonly key: string
  /** `null` for a write while the bucket was unversioned, or versioning was suspended. */
  readonly versionId: string
  /** Increases with each write to the bucket: orders the versions of a key. */
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
  /** One per segment, if the object was made of parts. */
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

/** The result of a DELETE in a versioned bucket: the key has no current object. */
export interface DeleteMarker extends VersionIdentity {
  readonly kind: 'delete-marker'
}

/** A version of a key. */
export type VersionRecord = ObjectRecord | DeleteMarker

/** An object before the bucket has assigned its identity; it has no annotations by default. */
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
  /** Undefined if there is no CORS configuration. */
  readonly cors: readonly CorsRule[] | undefined
  /** Undefined if it was never enabled. */
  readonly versioning: 'Enabled' | 'Suspended' | undefined
  readonly acl: Acl
  /** Undefined if there are no ownership controls; ACLs are enabled then. */
  readonly ownership: Ownership | undefined
  /** Undefined if there is no Object Lock. */
  readonly lock: BucketLock | undefined
}
