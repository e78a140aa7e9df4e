import { hash } from 'node:crypto'
import { failure, ok, type Result } from '../base/result.ts'
import { SSE_HEADER } from '../s3/encryption-headers.ts'
import { childText } from '../s3/xml.ts'
import { describeChange } from './change.ts'
import { canBeUpdatedTo, isUnderKey } from './classify.ts'
import { versionQuery } from './head-object.ts'
import { listPage } from './listing.ts'
import {
  type BucketFacts,
  type EncryptTarget,
  NO_ABILITIES,
  type ObjectState,
  type ObjectVersion,
  type ServerAbilities,
} from './object-version.ts'
import { isKms, readCurrent, type Trial, tryCopies } from './probe-copies.ts'
import { askS3, describeReply, documentOf, type S3Link } from './s3-request.ts'
import { updateEncryption } from './update-encryption.ts'
import { abortUpload } from './upload-requests.ts'

/** What a server can do with a key, as its own objects show. */
interface ProbedServer {
  readonly abilities: ServerAbilities
  /** False: it does not know annotations of objects; undefined: it may. */
  readonly hasAnnotations: false | undefined
  /** What it answered, for people. */
  readonly answers: readonly string[]
}

const PREFIX = '.sealgate-probe/'
const CONTENT = Buffer.from('sealgate sweep probe\n')

/**
 * Asks with an object of our own what can be done under the target's key, and deletes it afterwards.
 * An answer alone is not believed: HEAD has to show the key, and an update must have left the data as
 * it was, because a server that ignores `?encryption` takes the request for an upload. What a killed
 * process of the same sweep has left is deleted first. Nothing is written where its versions could
 * not be found again. Fails with words for people if no object can be written, or not be deleted.
 */
export async function probeServer(
  link: S3Link,
  facts: BucketFacts,
  target: EncryptTarget,
  sweep: string,
): Promise<Result<ProbedServer, string>> {
  const { bucket } = facts
  const key = `${PREFIX}sweep-${hash('sha256', sweep).slice(0, 16)}`
  const answers: string[] = []
  const left = await removeVersions(link, facts, key, [])
  if (left !== undefined) return failure(left)
  await abortUploads(link, bucket, key)
  const written = await writeProbe(link, { bucket, key, versionId: undefined }, target)
  const hasAnnotations = written.ok ? await tryAnnotations(link, written.value.version) : undefined
  const trial: Trial = { link, bucket: { ...facts, hasAnnotations }, target, answers }
  const abilities = written.ok ? await tryAll(trial, written.value) : NO_ABILITIES
  // Also what was refused may be there: an answer that was lost.
  const problem = await removeVersions(link, facts, key, [undefined])
  if (!written.ok) return problem === undefined ? written : failure(`${written.error}; ${problem}`)
  return problem === undefined ? ok({ abilities, hasAnnotations, answers }) : failure(problem)
}

/** A server that does not know the parameter refuses it, or answers with the object itself. */
async function tryAnnotations(
  link: S3Link,
  { bucket, key }: ObjectVersion,
): Promise<false | undefined> {
  const query = [{ name: 'annotation', value: '' }]
  const reply = await askS3(link, { method: 'GET', bucket, key, query })
  const isUnknown =
    reply.kind === 'answer'
      ? reply.body.equals(CONTENT)
      : reply.kind === 'refused' && (reply.status === 501 || reply.status === 405)
  return isUnknown ? false : undefined
}

/** Under the bucket's default first; some bucket policies want encryption, some want the key. */
async function writeProbe(
  link: S3Link,
  version: ObjectVersion,
  target: EncryptTarget,
): Promise<Result<ObjectState, string>> {
  const { bucket, key } = version
  let refused = ''
  for (const fields of [[], [SSE_HEADER, 'AES256'], target.headers]) {
    // No checksum of ours: a copy in parts could not have the same SHA-256.
    const content = { body: CONTENT, hasChecksum: false }
    const reply = await askS3(link, { method: 'PUT', bucket, key, fields, ...content })
    if (reply.kind === 'answer') {
      const state = await readCurrent(link, version)
      return state === undefined
        ? failure(`${bucket}: ${key} was written and not found`)
        : ok(state)
    }
    refused = describeReply(reply)
  }
  return failure(`${bucket}: cannot write an object to ask the server with: ${refused}`)
}

async function tryAll(trial: Trial, first: ObjectState): Promise<ServerAbilities> {
  const isSource = first.encryption.kind === 'sse-s3' || isKms(first)
  const updated =
    isSource && canBeUpdatedTo(trial.target) ? await tryUpdate(trial, first) : undefined
  const copies = await tryCopies(trial, updated ?? first)
  return { update: updated !== undefined, ...copies }
}

async function tryUpdate(trial: Trial, before: ObjectState): Promise<ObjectState | undefined> {
  const { link, target, answers } = trial
  const { encryption, version } = before
  // Under the key already: then the flag has to change.
  const flag = encryption.kind === 'sse-kms' ? !encryption.bucketKey : (target.bucketKey ?? false)
  if (!(await namesVersions(trial, version, flag))) return undefined
  const change = await updateEncryption(link, version, target, flag)
  if (change.kind !== 'made') {
    answers.push(`UpdateObjectEncryption: ${describeChange(change)}`)
    return undefined
  }
  const after = await readCurrent(link, version)
  const isDone =
    after !== undefined &&
    after.etag === before.etag &&
    after.bytes === before.bytes &&
    after.version.versionId === version.versionId &&
    isUnderKey(target, after.encryption) &&
    after.encryption.kind === 'sse-kms' &&
    after.encryption.bucketKey === flag
  if (isDone) return after
  answers.push('UpdateObjectEncryption: the server says that it is done, and it is not')
  return undefined
}

/** A server that ignores which version is named would change another one. */
async function namesVersions(
  { link, bucket, target, answers }: Trial,
  version: ObjectVersion,
  flag: boolean,
): Promise<boolean> {
  if (bucket.versioning === 'never') return true
  const versionId = version.versionId === 'null' ? NO_VERSION : 'null'
  const change = await updateEncryption(link, { ...version, versionId }, target, flag)
  if (change.kind !== 'made') return true
  answers.push('UpdateObjectEncryption: the server ignores which version is named')
  return false
}

/** An id that no version has. */
const NO_VERSION = '0'.repeat(32)

/**
 * Deletes every version of the probe; returns what is wrong, in words. `otherwise`: the versions if S3
 * does not list them; in a bucket that keeps versions they have to be listed, since deleting the key
 * alone would hide them.
 */
async function removeVersions(
  link: S3Link,
  { bucket, versioning }: BucketFacts,
  key: string,
  otherwise: readonly undefined[],
): Promise<string | undefined> {
  const page = await listPage(link, { bucket, prefix: key, versions: 'all' }, undefined)
  if (!page.ok && versioning !== 'never') {
    return `${bucket}: the versions of ${key}, which asks the server, cannot be listed (s3:ListBucketVersions): ${page.error}`
  }
  const versions = page.ok
    ? page.value.entries.filter((entry) => entry.key === key).map(({ versionId }) => versionId)
    : otherwise
  for (const versionId of versions) {
    const query = versionQuery({ versionId })
    const reply = await askS3(link, { method: 'DELETE', bucket, key, query })
    if (reply.kind !== 'answer') {
      return `${bucket}: the object ${key}, which asked the server, cannot be deleted: ${describeReply(reply)}`
    }
  }
  return undefined
}

/**
 * Aborts what a killed process of the same sweep has left. Without the right to list uploads it stays: a
 * part of a few bytes.
 */
async function abortUploads(link: S3Link, bucket: string, key: string): Promise<void> {
  const query = [
    { name: 'uploads', value: '' },
    { name: 'prefix', value: key },
  ]
  const reply = await askS3(link, { method: 'GET', bucket, query })
  const list = reply.kind === 'answer' ? documentOf(reply, 'ListMultipartUploadsResult') : undefined
  for (const upload of list?.children ?? []) {
    const uploadId = upload.name === 'Upload' ? childText(upload, 'UploadId') : undefined
    if (uploadId !== undefined && childText(upload, 'Key') === key) {
      await abortUpload(link, { bucket, key }, uploadId)
    }
  }
}
