import { isDeepStrictEqual } from 'node:util'
import { ANNOTATIONS_BYTES_MAX, readAnnotationTexts, writeAnnotations } from './annotations.ts'
import type { Change } from './change.ts'
import { isLocked, isUnderKey } from './classify.ts'
import { compareSnapshots, hasSameChecksum } from './compare-snapshots.ts'
import { fitsIntoHead } from './copy-fields.ts'
import { copyInParts, uploadFields } from './copy-in-parts.ts'
import { copyInPlace, copyQuestion } from './copy-in-place.ts'
import { headObject } from './head-object.ts'
import type {
  BucketFacts,
  EncryptTarget,
  Method,
  ObjectClass,
  ObjectLock,
  ObjectState,
  ObjectVersion,
  ResealFailure,
  ResealOutcome,
} from './object-version.ts'
import { readObjectState } from './read-object-state.ts'
import { type ReadProblem, readProblem } from './read-problem.ts'
import { undoCopy, undoUpdate } from './recovery.ts'
import type { S3Link } from './s3-request.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'
import { updateEncryption } from './update-encryption.ts'
import { abortUpload } from './upload-requests.ts'

/** One version to seal again. */
export interface ResealTask {
  /** As planned: if anything of it has changed, nothing is done. */
  readonly state: ObjectState
  readonly target: EncryptTarget
  readonly method: Method
  readonly bucket: BucketFacts
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Has what was read before anything is changed, so that the end can be found out later. */
  readonly onBegin: (before: Snapshot) => Promise<void>
  /** Has the id of an upload before its first part is copied, so that it can be aborted later. */
  readonly onUpload: (uploadId: string) => Promise<void>
}

/**
 * Puts one version of an object under the target's key, and loses nothing of it: reads all of its
 * properties, changes it under the condition that it is still the same, reads them again, and
 * compares them one by one.
 */
export async function reseal(link: S3Link, task: ResealTask): Promise<ResealOutcome> {
  const { state, target, method, bucket } = task
  // A copy makes the current version anew, so it has to be this one.
  const asked = method === 'update' ? state.version : currentOf(state.version)
  const options = { isCurrent: state.isCurrent, method, bucket }
  const snapshot = await takeSnapshot(link, asked, options)
  if (!snapshot.ok) return unreadOutcome(snapshot.error)
  const before = snapshot.value
  if (!isSameData(state, before.state)) return { kind: 'changed' }
  if (isSealed(before.state, task)) return left('sealed', 'by-others')
  if (!isAsPlanned(state, before.state)) return { kind: 'changed' }
  if (method === 'update') {
    const bucketKey = wantedBucketKey(before.state, task)
    await task.onBegin(before)
    const change = await updateEncryption(link, before.state.version, target, bucketKey)
    return conclude(link, task, before, change)
  }
  const owner = before.acl?.ownerId
  if (owner !== undefined && bucket.ownerId !== undefined && owner !== bucket.ownerId) {
    return left('cannot', 'foreign-owner')
  }
  const lost = await overwrittenVersion(link, before.state.version, bucket)
  if (lost !== undefined) return lost
  if (method === 'multipart-copy') return resealInParts(link, task, before)
  // A plain copy would make one part of it.
  return before.parts === undefined ? resealInPlace(link, task, before) : { kind: 'changed' }
}

/**
 * Where versioning is suspended, a copy is the version `null`. If the current version is another one,
 * that would remove the older version `null` of the same key.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets.html
 */
async function overwrittenVersion(
  link: S3Link,
  version: ObjectVersion,
  { versioning }: BucketFacts,
): Promise<ResealOutcome | undefined> {
  if (versioning === 'enabled' || (version.versionId ?? 'null') === 'null') return undefined
  const head = await headObject(link, { ...version, versionId: 'null' })
  if (head.kind === 'refused' && head.status === 404) return undefined
  return left('cannot', 'null-version-below')
}

async function resealInPlace(
  link: S3Link,
  task: ResealTask,
  before: Snapshot,
): Promise<ResealOutcome> {
  const question = copyQuestion(before, task.target, task.now())
  if (!fitsIntoHead(question.fields)) return left('cannot', 'head-too-long')
  await task.onBegin(before)
  return conclude(link, task, before, await copyInPlace(link, question))
}

async function resealInParts(
  link: S3Link,
  task: ResealTask,
  before: Snapshot,
): Promise<ResealOutcome> {
  const fields = uploadFields(before, task.target, task.now())
  if (!fitsIntoHead(fields)) return left('cannot', 'head-too-long')
  // They are written after the copy. If that is cut short, only the old version has them.
  const isOverwritten = task.bucket.versioning !== 'enabled'
  if (before.annotations.length > 0 && isOverwritten) return left('cannot', 'annotations-in-parts')
  const annotationBytes = before.annotations.reduce((sum, { bytes }) => sum + bytes, 0)
  if (annotationBytes > ANNOTATIONS_BYTES_MAX) return left('cannot', 'annotations-too-large')
  const texts = await readAnnotationTexts(link, before.state.version, before.annotations)
  if (!texts.ok) return unreadOutcome(texts.error)
  await task.onBegin(before)
  let upload: string | undefined
  const onUpload = async (uploadId: string): Promise<void> => {
    upload = uploadId
    await task.onUpload(uploadId)
  }
  const { bucket, now } = task
  const change = await copyInParts(link, before, fields, { bucket, now, onUpload })
  if (change.kind === 'made' && texts.value.length > 0) {
    const made = { ...before.state.version, versionId: change.versionId }
    const problem = await writeAnnotations(link, made, texts.value)
    if (problem !== undefined) {
      const previous = previousOf(before.state.version, made)
      return failed('after', 'properties-differ', problem, previous, undoCopy(made))
    }
  }
  const outcome = await conclude(link, task, before, change)
  const isUndone = change.kind === 'unclear' && outcome.kind === 'failed'
  if (isUndone && upload !== undefined) await abortUpload(link, before.state.version, upload)
  return outcome
}

/**
 * Finds out how a change ended whose end nobody has seen, from what was read before it. Changes
 * nothing but what is unfinished: an upload is aborted, and annotations that a copy still lacks are
 * written. `not-begun`: the object is as it was. If it is neither as it was nor like a copy of ours,
 * others have replaced it: `changed`.
 */
export async function settle(
  link: S3Link,
  task: ResealTask,
  before: Snapshot,
  uploadId: string | undefined,
): Promise<ResealOutcome | { readonly kind: 'not-begun' }> {
  if (uploadId !== undefined) {
    const problem = await abortUpload(link, before.state.version, uploadId)
    if (problem !== undefined) return failed('request', 'no-answer', problem, undefined, [])
  }
  const { isCurrent } = before.state
  const read = await takeSnapshot(link, changedVersion(task, before), {
    isCurrent,
    ...kindOf(task),
  })
  if (!read.ok) return unreadAfter(read.error, 'the run was cut short')
  const now = read.value
  if (isAsPlanned(before.state, now.state)) return { kind: 'not-begun' }
  return isMadeByUs(task, before, now) ? confirmFound(link, task, before, now) : { kind: 'changed' }
}

/** Returns whether the object is as our change makes it. Nobody else's write is told from that. */
function isMadeByUs(task: ResealTask, before: Snapshot, now: Snapshot): boolean {
  const isOurs =
    task.method === 'update'
      ? isSameData(before.state, now.state)
      : isLikeOurCopy(task, before, now)
  return isOurs && isSealed(now.state, task)
}

/** Returns whether an object is of the same data as before, written anew. Its ETag may be the same. */
function isLikeOurCopy({ bucket }: ResealTask, before: Snapshot, now: Snapshot): boolean {
  const { version } = before.state
  return (
    (bucket.versioning !== 'enabled' || version.versionId !== now.state.version.versionId) &&
    before.state.bytes === now.state.bytes &&
    hasSameChecksum(before.headers, now.headers) &&
    Date.parse(before.state.lastModified) <= Date.parse(now.state.lastModified)
  )
}

/** Confirms a change whose answer nobody has seen, and completes the annotations of a copy. */
async function confirmFound(
  link: S3Link,
  task: ResealTask,
  before: Snapshot,
  { state, annotations }: Snapshot,
): Promise<ResealOutcome> {
  const isUpdate = task.method === 'update'
  if (!isUpdate) {
    const problem = await completeAnnotations(link, before, state.version, annotations)
    if (problem !== undefined) {
      const previous = previousOf(before.state.version, state.version)
      return failed('after', 'properties-differ', problem, previous, [])
    }
  }
  // S3 has not named the version to us: it may be somebody else's, which no command removes.
  const recovery = isUpdate ? undoUpdate(before.state) : []
  const { version, etag } = state
  return confirm(link, task, before, { version, etag, requestId: undefined, recovery })
}

/** Writes the annotations that a copy in parts still lacks; returns why that failed. */
async function completeAnnotations(
  link: S3Link,
  before: Snapshot,
  made: ObjectVersion,
  annotations: Snapshot['annotations'],
): Promise<string | undefined> {
  const names = new Set(annotations.map(({ name }) => name))
  const lacking = before.annotations.filter(({ name }) => !names.has(name))
  if (lacking.length === 0) return undefined
  const texts = await readAnnotationTexts(link, before.state.version, lacking)
  if (!texts.ok) return 'annotations are lacking, and the version that has them cannot be read'
  return writeAnnotations(link, made, texts.value)
}

/** Says how it ended, from the object as it is now. */
async function conclude(
  link: S3Link,
  task: ResealTask,
  before: Snapshot,
  change: Change,
): Promise<ResealOutcome> {
  switch (change.kind) {
    case 'moved':
      return change.isCertain ? { kind: 'changed' } : lookUp(link, task, before, change)
    case 'refused':
      return refusedOutcome(task, before.state, change.code, change.message)
    case 'unclear':
      return lookUp(link, task, before, change)
    case 'made': {
      const version = { ...before.state.version, versionId: change.versionId }
      const { etag, requestId } = change
      const recovery = task.method === 'update' ? undoUpdate(before.state) : undoCopy(version)
      return confirm(link, task, before, { version, etag, requestId, recovery })
    }
  }
}

/** What was made, to be confirmed. */
interface Made {
  readonly version: ObjectVersion
  /** Undefined: the data is as it was. */
  readonly etag: string | undefined
  readonly requestId: string | undefined
  /** Commands that undo it. */
  readonly recovery: readonly string[]
}

/** Reads everything again, and compares. */
async function confirm(
  link: S3Link,
  task: ResealTask,
  before: Snapshot,
  { version, etag, requestId, recovery }: Made,
): Promise<ResealOutcome> {
  const { method } = task
  const isUpdate = method === 'update'
  const { isCurrent } = before.state
  const read = await takeSnapshot(link, version, { isCurrent, ...kindOf(task) })
  const previous = isUpdate ? undefined : previousOf(before.state.version, version)
  if (!read.ok) {
    // Somebody has deleted the version, which is no loss of ours.
    if (read.error.kind === 'gone') return { kind: 'changed' }
    return failed('after', 'not-confirmed', read.error.reason, previous, recovery)
  }
  const after = read.value
  // Without versions, somebody's write since then has replaced what we made.
  const isOurs = isUpdate
    ? isSameData(before.state, after.state)
    : unquoted(after.state.etag) === unquoted(etag)
  if (!isOurs) return { kind: 'changed' }
  if (!isSealed(after.state, task)) {
    const message = `S3 says ${describe(after.state)}`
    return failed('after', 'not-confirmed', message, previous, recovery)
  }
  const differences = compareSnapshots(before, after, method, task.now())
  if (differences.length > 0) {
    // What was read after a write of others is theirs, where a write replaces the version.
    if (!(await isStill(link, after.state))) return { kind: 'changed' }
    const message = 'properties differ from those before'
    return { ...failed('after', 'properties-differ', message, previous, recovery), differences }
  }
  return {
    kind: 'done',
    method,
    before: before.state,
    after: after.state,
    upstreamRequestId: requestId,
  }
}

/** Returns false if the version has been written again, or deleted. */
async function isStill(link: S3Link, state: ObjectState): Promise<boolean> {
  const head = await headObject(link, state.version)
  if (head.kind !== 'answer') return readProblem('HeadObject', head).kind !== 'gone'
  const now = readObjectState(state.version, state.isCurrent, head.headers)
  return now === undefined || isSameData(state, now)
}

/** S3's answer does not say whether it was done: what has become of the object? */
async function lookUp(
  link: S3Link,
  task: ResealTask,
  before: Snapshot,
  change: Extract<Change, { kind: 'moved' | 'unclear' }>,
): Promise<ResealOutcome> {
  const reason = change.kind === 'unclear' ? change.message : 'the object was changed meanwhile'
  const { isCurrent } = before.state
  const read = await takeSnapshot(link, changedVersion(task, before), {
    isCurrent,
    ...kindOf(task),
  })
  if (!read.ok) return unreadAfter(read.error, reason)
  const now = read.value
  if (isMadeByUs(task, before, now)) return confirmFound(link, task, before, now)
  // If it is another object now, it is planned anew.
  return change.kind === 'unclear' && isAsPlanned(before.state, now.state)
    ? failed('request', 'no-answer', reason, undefined, [])
    : { kind: 'changed' }
}

/** Returns whether the version is as the rule wants it. */
function isSealed(state: ObjectState, task: ResealTask): boolean {
  const { encryption } = state
  if (encryption.kind !== 'sse-kms' || !isUnderKey(task.target, encryption)) return false
  return task.method !== 'update' || encryption.bucketKey === wantedBucketKey(state, task)
}

/** The rule's flag; otherwise that of the object, or the bucket's. */
function wantedBucketKey({ encryption }: ObjectState, { target, bucket }: ResealTask): boolean {
  if (target.bucketKey !== undefined) return target.bucketKey
  return encryption.kind === 'sse-kms' ? encryption.bucketKey : (bucket.bucketKeyDefault ?? false)
}

function isAsPlanned(planned: ObjectState, now: ObjectState): boolean {
  return (
    isSameData(planned, now) &&
    isDeepStrictEqual(comparableLock(planned.lock), comparableLock(now.lock)) &&
    isDeepStrictEqual(planned.encryption, now.encryption)
  )
}

/** While an event is awaited the date moves with the clock. */
function comparableLock(lock: ObjectLock): unknown {
  return lock.hasEventHold ? { ...lock, retention: lock.retention?.mode } : lock
}

/** Returns whether both are the same write. */
function isSameData(a: ObjectState, b: ObjectState): boolean {
  return (
    a.etag === b.etag &&
    a.lastModified === b.lastModified &&
    a.bytes === b.bytes &&
    // S3 names the only version of a bucket without versioning in listings, not in a head.
    (a.version.versionId ?? 'null') === (b.version.versionId ?? 'null')
  )
}

/** Some servers write the ETag of a copy without its quotation marks. */
function unquoted(etag: string | undefined): string | undefined {
  return etag?.replace(/^"(.*)"$/, '$1')
}

function refusedOutcome(
  { method, now }: ResealTask,
  state: ObjectState,
  code: string,
  message: string,
): ResealOutcome {
  // S3 sees a lock that it does not show to us.
  const isHiddenLock = method === 'update' && code === 'AccessDenied' && /Object Lock/.test(message)
  if (isHiddenLock || (code === 'AccessDenied' && isLocked(state.lock, now()))) {
    return left('locked', 'object-lock')
  }
  if (code === 'InvalidObjectState') return left('archived', 'restore-needed')
  return failed('request', code, message, undefined, [])
}

function unreadOutcome(problem: ReadProblem): ResealOutcome {
  return problem.kind === 'gone' ? { kind: 'changed' } : left('cannot-know', problem.reason)
}

function unreadAfter(problem: ReadProblem, reason: string): ResealOutcome {
  if (problem.kind === 'gone') return { kind: 'changed' }
  return failed('request', 'no-answer', `${reason}; then ${problem.reason}`, undefined, [])
}

function left(name: ObjectClass, reason: string): ResealOutcome {
  return { kind: 'left', class: name, reason, needs: [] }
}

function failed(
  stage: ResealFailure['stage'],
  code: string,
  message: string,
  previous: ObjectVersion | undefined,
  recovery: readonly string[],
): ResealFailure {
  return { kind: 'failed', stage, code, message, differences: [], previous, recovery }
}

/** The version that a change is of: a copy makes the current one anew. */
function changedVersion({ method }: ResealTask, { state: { version } }: Snapshot): ObjectVersion {
  return method === 'update' ? version : currentOf(version)
}

function kindOf({ method, bucket }: ResealTask): Pick<ResealTask, 'method' | 'bucket'> {
  return { method, bucket }
}

function currentOf(version: ObjectVersion): ObjectVersion {
  return { ...version, versionId: undefined }
}

/** The version that a copy has left behind; undefined: it has overwritten it. */
function previousOf(before: ObjectVersion, made: ObjectVersion): ObjectVersion | undefined {
  const isNew = (made.versionId ?? 'null') !== (before.versionId ?? 'null')
  return isNew ? before : undefined
}

function describe({ encryption }: ObjectState): string {
  return encryption.kind === 'sse-kms'
    ? `${encryption.algorithm} under ${encryption.keyId}, bucket key ${encryption.bucketKey}`
    : encryption.kind
}
