import { hash } from 'node:crypto'
import { failure, ok, type Result } from '../base/result.ts'
import { SSE_HEADER, SSE_KEY_ID_HEADER } from '../s3/encryption-headers.ts'
import { canBeUpdatedTo, isUnderKey } from './classify.ts'
import { headObject, versionQuery } from './head-object.ts'
import { listPage } from './listing.ts'
import type {
  BucketFacts,
  EncryptTarget,
  ObjectState,
  ObjectVersion,
  ServerAbilities,
} from './object-version.ts'
import { readObjectState } from './read-object-state.ts'
import { askS3, describeReply, type S3Link } from './s3-request.ts'
import { updateEncryption } from './update-encryption.ts'

/** What a server can do with a key, as its own objects show. */
interface ProbedServer {
  readonly abilities: ServerAbilities
  /** False: it does not know annotations of objects; undefined: it may. */
  readonly hasAnnotations: false | undefined
  /** What it answered, for people. */
  readonly answers: readonly string[]
}

type ProbedBucket = Pick<BucketFacts, 'bucket' | 'versioning'>

const PREFIX = '.sealgate-probe/'
const CONTENT = Buffer.from('sealgate sweep probe\n')
const NONE: ServerAbilities = { update: false, copy: false, copyFromKms: false }

/**
 * Asks with an object of our own what can be done under the target's key, and deletes it afterwards.
 * An answer alone is not believed: HEAD has to show the key, and an update must have left the data as
 * it was, because a server that ignores `?encryption` takes the request for an upload. What a killed
 * process of the same sweep has left is deleted first. Nothing is written where its versions could
 * not be found again. Fails with words for people if no object can be written, or not be deleted.
 */
export async function probeServer(
  link: S3Link,
  facts: ProbedBucket,
  target: EncryptTarget,
  sweep: string,
): Promise<Result<ProbedServer, string>> {
  const { bucket } = facts
  const key = `${PREFIX}sweep-${hash('sha256', sweep).slice(0, 16)}`
  const answers: string[] = []
  const left = await removeVersions(link, facts, key, [])
  if (left !== undefined) return failure(left)
  const written = await writeProbe(link, { bucket, key, versionId: undefined }, target)
  const hasAnnotations = written.ok ? await tryAnnotations(link, written.value.version) : undefined
  const abilities = written.ok ? await tryAll(link, written.value, target, answers) : NONE
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
  for (const fields of [[], [SSE_HEADER, 'AES256'], keyFields(target)]) {
    const reply = await askS3(link, { method: 'PUT', bucket, key, fields, body: CONTENT })
    if (reply.kind === 'answer') {
      const state = await readState(link, version)
      return state === undefined
        ? failure(`${bucket}: ${key} was written and not found`)
        : ok(state)
    }
    refused = describeReply(reply)
  }
  return failure(`${bucket}: cannot write an object to ask the server with: ${refused}`)
}

async function tryAll(
  link: S3Link,
  first: ObjectState,
  target: EncryptTarget,
  answers: string[],
): Promise<ServerAbilities> {
  let abilities = NONE
  let state = first
  if (canBeUpdatedTo(target) && (state.encryption.kind === 'sse-s3' || isKms(state))) {
    const updated = await tryUpdate(link, state, target, answers)
    if (updated !== undefined) {
      abilities = { ...abilities, update: true }
      state = updated
    }
  }
  // Twice: what is copied first may not be under KMS.
  for (let attempt = 0; attempt < 2 && !abilities.copyFromKms; attempt++) {
    const copied = await tryCopy(link, state, target, answers)
    if (copied === undefined) return abilities
    abilities = { ...abilities, copy: true, copyFromKms: isKms(state) }
    state = copied
  }
  return abilities
}

async function tryUpdate(
  link: S3Link,
  before: ObjectState,
  target: EncryptTarget,
  answers: string[],
): Promise<ObjectState | undefined> {
  const { encryption, version } = before
  // Under the key already: then the flag has to change.
  const flag = encryption.kind === 'sse-kms' ? !encryption.bucketKey : (target.bucketKey ?? false)
  const change = await updateEncryption(link, version, target, flag)
  if (change.kind !== 'made') {
    answers.push(`UpdateObjectEncryption: ${'message' in change ? change.message : change.kind}`)
    return undefined
  }
  const after = await readState(link, { ...version, versionId: undefined })
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

async function tryCopy(
  link: S3Link,
  before: ObjectState,
  target: EncryptTarget,
  answers: string[],
): Promise<ObjectState | undefined> {
  const { bucket, key } = before.version
  const reply = await askS3(link, {
    method: 'PUT',
    bucket,
    key,
    fields: ['x-amz-copy-source', `/${bucket}/${key}`, ...keyFields(target)],
  })
  const from = isKms(before) ? ' of an object under KMS' : ''
  if (reply.kind !== 'answer') {
    answers.push(`CopyObject${from}: ${describeReply(reply)}`)
    return undefined
  }
  const after = await readState(link, { ...before.version, versionId: undefined })
  if (after !== undefined && isUnderKey(target, after.encryption)) return after
  answers.push(`CopyObject${from}: the copy is not under the key`)
  return undefined
}

/**
 * Deletes every version of the probe; returns what is wrong, in words. `otherwise`: the versions if S3
 * does not list them; in a bucket that keeps versions they have to be listed, since deleting the key
 * alone would hide them.
 */
async function removeVersions(
  link: S3Link,
  { bucket, versioning }: ProbedBucket,
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

function keyFields({ algorithm, keyId }: EncryptTarget): readonly string[] {
  return [SSE_HEADER, algorithm, SSE_KEY_ID_HEADER, keyId]
}

function isKms({ encryption }: ObjectState): boolean {
  return encryption.kind === 'sse-kms'
}

async function readState(link: S3Link, version: ObjectVersion): Promise<ObjectState | undefined> {
  const reply = await headObject(link, version)
  return reply.kind === 'answer' ? readObjectState(version, true, reply.headers) : undefined
}
