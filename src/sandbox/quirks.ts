/**
 * Ways to be a bad S3, for testing what checks S3's answers. All are off by default.
 */
export interface Quirks {
  /**
   * CopyObject with KMS headers answers 200 without encryption headers, and stores without
   * encryption (Ceph RGW 16).
   */
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
  /** CopyObject of a KMS-encrypted source is 501 `NotImplemented` (Ceph RGW 16). */
  readonly noEncryptedCopy?: boolean
  /** UpdateObjectEncryption is 501 `NotImplemented` (every server but AWS's, so far). */
  readonly noUpdateEncryption?: boolean
  /** UpdateObjectEncryption answers 200 and changes nothing. */
  readonly silentUpdateEncryption?: boolean
  /** UpdateObjectEncryption changes the current version, whatever version is named. */
  readonly noUpdateVersion?: boolean
  /** CopyObject ignores `If-Match` and `If-None-Match` (every Ceph RGW so far). */
  readonly noCopyIfMatch?: boolean
  /** CompleteMultipartUpload ignores `If-Match` and `If-None-Match`. */
  readonly noCompleteIfMatch?: boolean
  /** CopyObject and UploadPartCopy ignore the conditions `x-amz-copy-source-if-*`. */
  readonly noCopySourceIf?: boolean
  /** The first N requests are answered 503 `SlowDown`. */
  readonly slowDown?: number
  /** Every Nth request is answered 503 `SlowDown`. */
  readonly slowDownEvery?: number
  /** Every Nth use of a KMS key is answered 400 `KMS.ThrottlingException`. */
  readonly kmsThrottleEvery?: number
  /** Every Nth conditional write is answered 409 `ConditionalRequestConflict`. */
  readonly conflictEvery?: number
  /** CopyObject, UploadPartCopy and CompleteMultipartUpload answer 200 and then an error document. */
  readonly copyErrorIn200?: boolean
}

/** The value of each quirk: none, a number from 1, or a key's ARN. */
const VALUES: Readonly<Record<keyof Quirks, 'flag' | 'count' | 'key'>> = {
  silentCopy: 'flag',
  silentComplete: 'flag',
  silentPost: 'flag',
  silentPut: 'flag',
  wrongKey: 'key',
  noTrailers: 'flag',
  noEncryptedCopy: 'flag',
  noUpdateEncryption: 'flag',
  silentUpdateEncryption: 'flag',
  noUpdateVersion: 'flag',
  noCopyIfMatch: 'flag',
  noCompleteIfMatch: 'flag',
  noCopySourceIf: 'flag',
  slowDown: 'count',
  slowDownEvery: 'count',
  kmsThrottleEvery: 'count',
  conflictEvery: 'count',
  copyErrorIn200: 'flag',
}

/** Returns a function that is true at every Nth call; never if `count` is undefined. */
export function lastOf(count: number | undefined): () => boolean {
  let asked = 0
  return () => ++asked % (count ?? Number.POSITIVE_INFINITY) === 0
}

/** How each quirk is written: `silentCopy`, `slowDown=N`, `wrongKey=ARN`. */
export function quirkForms(): readonly string[] {
  const suffix = { flag: '', count: '=N', key: '=ARN' }
  return Object.entries(VALUES).map(([name, value]) => `${name}${suffix[value]}`)
}

/** Parses one of `quirkForms`; undefined if it is none. */
export function parseQuirk(text: string): Quirks | undefined {
  const [, name = '', value] = /^([^=]*)(?:=(.*))?$/.exec(text) ?? []
  const kind = Object.entries(VALUES).find(([known]) => known === name)?.[1]
  switch (kind) {
    case 'flag':
      return value === undefined ? { [name]: true } : undefined
    case 'count':
      return /^[1-9]\d{0,6}$/.test(value ?? '') ? { [name]: Number(value) } : undefined
    case 'key':
      return value === undefined || value === '' ? undefined : { [name]: value }
    case undefined:
      return undefined
  }
}
