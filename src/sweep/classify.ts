import { isExpectedKey } from '../policy/expected-encryption.ts'
import { SSE_CONTEXT_HEADER } from '../s3/encryption-headers.ts'
import {
  type AcceptedLoss,
  type BucketFacts,
  type Classification,
  type EncryptTarget,
  LOSSES,
  type Method,
  type ObjectClass,
  type ObjectEncryption,
  type ObjectLock,
  type ObjectState,
  type ServerAbilities,
  type Target,
  type Way,
} from './object-version.ts'

/** Above this CopyObject refuses. Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
const COPY_BYTES_MAX = 5 * 1024 ** 3

/** UpdateObjectEncryption takes no id and no alias. */
const KEY_ARN = /^arn:aws[-a-z0-9]*:kms:[-a-z0-9]+:\d{12}:key\/[A-Za-z0-9-]+$/

/** The state of a version, what the policy wants, and what can be done. */
interface ClassifyInput {
  readonly state: ObjectState
  readonly target: Target
  readonly abilities: ServerAbilities
  readonly bucket: BucketFacts
  /** Milliseconds since 1970: a retention that is over does not count. */
  readonly now: number
}

/** Decides what a sweep does with an object version, and by which method. Pure. */
export function classify(input: ClassifyInput): Classification {
  const { state, target } = input
  if (state.encryption.kind === 'unknown') return left('cannot-know', 'no-answer')
  if (target.kind === 'exempt') return left('exempt', target.reason)
  if (target.kind === 'undecided') return left('undecided', target.reason)
  const { encryption } = state
  if (encryption.kind === 'customer-key') return left('customer-key', 'sse-c')
  if (encryption.kind === 'service') return left('cannot', 'service-encryption')
  if (isUnderKey(target, encryption)) return classifySealed(input, target)
  return classifyOther(input, target)
}

/** Returns whether the lock keeps the version as it is. */
export function isLocked({ retention, hasLegalHold, hasEventHold }: ObjectLock, now: number) {
  const isRetained = retention !== undefined && Date.parse(retention.until) > now
  return isRetained || hasLegalHold || hasEventHold
}

/** Returns whether the version is under the target's key and algorithm, as an upload is confirmed. */
export function isUnderKey(target: EncryptTarget, encryption: ObjectEncryption): boolean {
  return (
    encryption.kind === 'sse-kms' &&
    encryption.algorithm === target.algorithm &&
    isExpectedKey(target, encryption.keyId)
  )
}

/**
 * The way with the losses that it has by the bucket's facts of today, besides those that it had when
 * it was planned.
 */
export function withLossesOf(bucket: BucketFacts, way: Way): Way {
  if (way.method === 'update') return way
  const today = copyLosses(bucket, way.losses.includes('lock-remains'))
  const losses = LOSSES.filter((loss) => way.losses.includes(loss) || today.includes(loss))
  return { ...way, losses }
}

/** The losses of a way that are not accepted. */
export function missingLosses(
  way: Way,
  accepted: ReadonlySet<AcceptedLoss>,
): readonly AcceptedLoss[] {
  return way.losses.filter((loss) => !accepted.has(loss))
}

/** Under the right key; the bucket key flag may differ, which is no reason for a copy. */
function classifySealed(input: ClassifyInput, target: EncryptTarget): Classification {
  const { encryption, lock } = input.state
  const isBucketKeyRight =
    target.bucketKey === undefined ||
    target.algorithm === 'aws:kms:dsse' ||
    (encryption.kind === 'sse-kms' && encryption.bucketKey === target.bucketKey)
  if (isBucketKeyRight) return left('sealed', undefined)
  return canUpdate(input, target) && !isLocked(lock, input.now)
    ? UPDATE
    : left('sealed', 'bucket-key-differs')
}

/** Under another key, or under none. */
function classifyOther(input: ClassifyInput, target: EncryptTarget): Classification {
  const { state, bucket, now } = input
  const isUpdatable = canUpdate(input, target)
  const locked = isLocked(state.lock, now)
  if (isUpdatable && !locked) return UPDATE
  const blocker = copyBlocker(input)
  if (blocker !== undefined) {
    return isUpdatable ? left('locked', lockReason(state.lock, now)) : blocker
  }
  const way = { method: copyMethod(state), losses: copyLosses(bucket, locked) }
  if (locked) return { class: 'locked', reason: lockReason(state.lock, now), way }
  return { class: 'copy', reason: copyReason(input, target), way }
}

const UPDATE: Classification = {
  class: 'update',
  reason: undefined,
  way: { method: 'update', losses: [] },
}

/**
 * Returns whether UpdateObjectEncryption takes this source and this target, the lock apart. It sets
 * no encryption context.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html
 */
function canUpdate({ state, abilities }: ClassifyInput, target: EncryptTarget): boolean {
  const { encryption } = state
  const isSource =
    encryption.kind === 'sse-s3' ||
    (encryption.kind === 'sse-kms' && encryption.algorithm === 'aws:kms')
  return abilities.update && isSource && canBeUpdatedTo(target)
}

/** Returns whether UpdateObjectEncryption can set what the rule wants. */
export function canBeUpdatedTo({ algorithm, keyId, headers }: EncryptTarget): boolean {
  return algorithm === 'aws:kms' && KEY_ARN.test(keyId) && !headers.includes(SSE_CONTEXT_HEADER)
}

/** Returns whether the data is in an archive, also if a restored copy can be read for some days. */
function isArchiveClass({ storageClass }: ObjectState): boolean {
  return storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE'
}

/** What was uploaded in parts is copied in its own, whose boundaries and checksums stay. */
function copyMethod({ bytes, etag }: ObjectState): 'copy' | 'multipart-copy' {
  return bytes > COPY_BYTES_MAX || hasParts(etag) ? 'multipart-copy' : 'copy'
}

/** The ETag of an object that was uploaded in parts ends in their number, whatever its encryption. */
export function hasParts(etag: string): boolean {
  return /-\d+"?$/.test(etag)
}

/** Returns whether the server can make the copy, and reads what it is made of. */
export function canCopy(
  abilities: ServerAbilities,
  method: Exclude<Method, 'update'>,
  isFromKms: boolean,
): boolean {
  if (method === 'multipart-copy') return abilities.copyInParts
  return abilities.copy && (abilities.copyFromKms || !isFromKms)
}

/** Why no copy can be made; undefined if one can. */
function copyBlocker({ state, abilities }: ClassifyInput): Classification | undefined {
  const isFromKms = state.encryption.kind === 'sse-kms'
  if (!canCopy(abilities, copyMethod(state), isFromKms)) return left('cannot', 'no-method')
  // A copy would become the current version.
  if (!state.isCurrent) return left('cannot', 'noncurrent')
  if (state.isArchived) return left('archived', 'restore-needed')
  // The copy would be archived, and the restored one would be of the object before.
  return isArchiveClass(state) ? left('archived', 'restored-copy-would-end') : undefined
}

/** What a copy loses in the bucket. S3 has no condition on an ACL, which may change meanwhile. */
function copyLosses(bucket: BucketFacts, locked: boolean): readonly AcceptedLoss[] {
  return [
    bucket.versioning === 'enabled' ? 'new-version' : 'unversioned-overwrite',
    'last-modified',
    'etag',
    ...(bucket.sendsEvents ? (['events'] as const) : []),
    ...(bucket.isReplicated ? (['replication'] as const) : []),
    ...(bucket.isOwnerEnforced === true ? [] : (['acl-window'] as const)),
    ...(locked ? (['lock-remains'] as const) : []),
  ]
}

/** Why UpdateObjectEncryption does not do it. */
function copyReason({ state, abilities }: ClassifyInput, target: EncryptTarget): string {
  if (!abilities.update) return 'no-update'
  if (target.algorithm === 'aws:kms:dsse') return 'rule-wants-dsse'
  if (target.headers.includes(SSE_CONTEXT_HEADER)) return 'rule-has-context'
  if (!KEY_ARN.test(target.keyId)) return 'key-without-arn'
  return state.encryption.kind === 'none' ? 'unencrypted' : 'source-is-dsse'
}

/** `retained until 2031-01-01T00:00:00Z`, `legal-hold`, `event-hold`. */
function lockReason({ retention, hasLegalHold }: ObjectLock, now: number): string {
  if (retention !== undefined && Date.parse(retention.until) > now) {
    return `retained until ${retention.until}`
  }
  return hasLegalHold ? 'legal-hold' : 'event-hold'
}

function left(name: ObjectClass, reason: string | undefined): Classification {
  return { class: name, reason, way: undefined }
}
