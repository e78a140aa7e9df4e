/**
 * Ways to be a bad S3, for testing what checks S3's answers. All are off by default.
 */
export interface Quirks {
  /** CopyObject with KMS headers answers 200, stores without encryption and says nothing (Ceph RGW 16). */
  readonly silentCopy?: boolean
  /** CompleteMultipartUpload stores rightly but answers without encryption headers (Ceph RGW 16). */
  readonly silentComplete?: boolean
  /** POST Object stores rightly but answers without encryption headers (Ceph RGW 16). */
  readonly silentPost?: boolean
  /** PutObject stores rightly but answers without encryption headers. */
  readonly silentPut?: boolean
  /** Objects that are to be KMS-encrypted are stored, and answered, under this key. */
  readonly wrongKey?: string
  /** Refuses both `*-TRAILER` payload kinds with `XAmzContentSHA256Mismatch` (Ceph RGW 16). */
  readonly noTrailers?: boolean
  /** That many requests are answered 503 `SlowDown` first. */
  readonly slowDown?: number
  /** CopyObject, UploadPartCopy and CompleteMultipartUpload answer 200 and then an error document. */
  readonly copyErrorIn200?: boolean
}
