import { type Change, describeChange } from './change.ts'
import { isUnderKey } from './classify.ts'
import { copyInParts, partsToCopy, uploadFields } from './copy-in-parts.ts'
import { copyInPlace, copyQuestion } from './copy-in-place.ts'
import { headObject } from './head-object.ts'
import type {
  BucketFacts,
  EncryptTarget,
  Method,
  ObjectState,
  ObjectVersion,
  ServerAbilities,
} from './object-version.ts'
import { readObjectState } from './read-object-state.ts'
import type { S3Link } from './s3-request.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'
import { abortUpload, completeUpload, copyParts, createUpload } from './upload-requests.ts'

/** An object of our own that a server is asked with. */
export interface Trial {
  readonly link: S3Link
  readonly bucket: BucketFacts
  readonly target: EncryptTarget
  /** Gets what the server answered, for people. */
  readonly answers: string[]
}

type CopyAbilities = Pick<ServerAbilities, 'copy' | 'copyFromKms' | 'copyInParts'>

const NO_COPIES: CopyAbilities = { copy: false, copyFromKms: false, copyInParts: false }

/** The conditions that a copy is bound to, each with a state of the object that it must refuse. */
const WRONG_STATES = [
  ['If-Match', withOtherEtag],
  ['x-amz-copy-source-if-unmodified-since', asOfTheDayBefore],
] as const

/**
 * Copies the object onto itself as a run does, and then under conditions that do not hold. A server that
 * ignores one of them would put the copy on top of what others write at the same time, so that its
 * copies are not used.
 */
export async function tryCopies(trial: Trial, first: ObjectState): Promise<CopyAbilities> {
  let abilities = NO_COPIES
  let state = first
  // Twice: what is copied first may not be under KMS.
  for (let attempt = 0; attempt < 2 && !abilities.copyFromKms; attempt++) {
    const copied = await tryCopy(trial, state)
    if (copied === undefined) break
    abilities = { ...abilities, copy: true, copyFromKms: isKms(state) }
    state = copied
  }
  if (!abilities.copy) return abilities
  const inParts = abilities.copyFromKms && (await tryCopyInParts(trial, state.version))
  const isBound = await keepsConditions(trial, state.version)
  return { ...(isBound ? abilities : NO_COPIES), copyInParts: inParts }
}

/** Returns whether the object is under a KMS key. */
export function isKms({ encryption }: ObjectState): boolean {
  return encryption.kind === 'sse-kms'
}

/** Reads what the current version is. */
export async function readCurrent(
  link: S3Link,
  { bucket, key }: ObjectVersion,
): Promise<ObjectState | undefined> {
  const current = { bucket, key, versionId: undefined }
  const reply = await headObject(link, current)
  return reply.kind === 'answer' ? readObjectState(current, true, reply.headers) : undefined
}

async function tryCopy(trial: Trial, state: ObjectState): Promise<ObjectState | undefined> {
  const name = isKms(state) ? 'CopyObject of an object under KMS' : 'CopyObject'
  const before = await readTrial(trial, state.version, name, 'copy')
  if (before === undefined) return undefined
  const change = await copyInPlace(trial.link, copyQuestion(before, trial.target, Date.now()))
  return confirmCopy(trial, state.version, name, change)
}

async function keepsConditions(trial: Trial, version: ObjectVersion): Promise<boolean> {
  const { link, target } = trial
  for (const [condition, wrong] of WRONG_STATES) {
    // Anew each time: a copy that should have been refused has made another object.
    const now = await readTrial(trial, version, 'CopyObject', 'copy')
    if (now === undefined) return false
    const question = copyQuestion({ ...now, state: wrong(now.state) }, target, Date.now())
    const change = await copyInPlace(link, question)
    if (!isRefused(trial, `CopyObject with ${condition}`, change)) return false
  }
  return true
}

async function tryCopyInParts(trial: Trial, version: ObjectVersion): Promise<boolean> {
  const { link, bucket, target } = trial
  const name = 'copy in parts'
  const before = await readTrial(trial, version, name, 'multipart-copy')
  if (before === undefined) return false
  const fields = uploadFields(before, target, Date.now())
  const parts = partsToCopy(before)
  const created = await createUpload(link, version, fields)
  if (!created.ok || parts === undefined) {
    return says(trial, name, created.ok ? 'no parts' : describeChange(created.error))
  }
  const isBound = await keepsPartConditions(trial, before, created.value, parts)
  const problem = await abortUpload(link, version, created.value)
  if (problem !== undefined) says(trial, name, problem)
  if (!isBound || problem !== undefined) return false
  const task = { bucket, now: Date.now, onUpload: async () => undefined }
  const change = await copyInParts(link, before, fields, task)
  return (await confirmCopy(trial, version, name, change)) !== undefined
}

async function keepsPartConditions(
  trial: Trial,
  { state }: Snapshot,
  uploadId: string,
  parts: NonNullable<ReturnType<typeof partsToCopy>>,
): Promise<boolean> {
  const { link } = trial
  const late = await copyParts(link, asOfTheDayBefore(state), uploadId, parts)
  const [[ifMatch], [unmodified]] = WRONG_STATES
  if (!isRefused(trial, `UploadPartCopy with ${unmodified}`, late.ok ? MADE : late.error)) {
    return false
  }
  const copied = await copyParts(link, state, uploadId, parts)
  if (!copied.ok) return says(trial, 'UploadPartCopy', describeChange(copied.error))
  const change = await completeUpload(link, withOtherEtag(state), uploadId, copied.value)
  return isRefused(trial, `CompleteMultipartUpload with ${ifMatch}`, change)
}

const MADE: Change = { kind: 'made', versionId: undefined, etag: undefined, requestId: undefined }

/** A condition that does not hold has to be answered as one, and not as something that S3 does not know. */
function isRefused(trial: Trial, name: string, change: Change): boolean {
  if (change.kind === 'moved') return true
  const ignored =
    'the server ignores the condition, so that a copy could overwrite what others write meanwhile'
  return says(trial, name, change.kind === 'made' ? ignored : describeChange(change))
}

/** Notes what the server answered; the method is not used. */
function says({ answers }: Trial, name: string, answer: string): false {
  answers.push(`${name}: ${answer}`)
  return false
}

async function confirmCopy(
  trial: Trial,
  version: ObjectVersion,
  name: string,
  change: Change,
): Promise<ObjectState | undefined> {
  const { link, target } = trial
  if (change.kind !== 'made') {
    says(trial, name, describeChange(change))
    return undefined
  }
  const after = await readCurrent(link, version)
  if (after !== undefined && isUnderKey(target, after.encryption)) return after
  says(trial, name, 'the copy is not under the key')
  return undefined
}

async function readTrial(
  trial: Trial,
  version: ObjectVersion,
  name: string,
  method: Method,
): Promise<Snapshot | undefined> {
  const { link, bucket } = trial
  const current = { ...version, versionId: undefined }
  const read = await takeSnapshot(link, current, { isCurrent: true, method, bucket })
  if (read.ok) return read.value
  says(trial, name, read.error.kind === 'gone' ? 'the object is gone' : read.error.reason)
  return undefined
}

function withOtherEtag(state: ObjectState): ObjectState {
  return { ...state, etag: '"00000000000000000000000000000000"' }
}

function asOfTheDayBefore(state: ObjectState): ObjectState {
  const lastModified = new Date(Date.parse(state.lastModified) - 86_400_000).toISOString()
  return { ...state, lastModified }
}
