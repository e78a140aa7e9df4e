import { setTimeout as sleep } from 'node:timers/promises'
import { versionQuery } from './head-object.ts'
import type { SourceEntry } from './object-source.ts'
import type { BucketFacts, ObjectEncryption, ObjectState, ObjectVersion } from './object-version.ts'
import { readObjectState } from './read-object-state.ts'
import { askS3, type S3Link, type S3Reply } from './s3-request.ts'

/** What S3 says of a version. */
export type Look =
  /** Also of SSE-C, of which only the source's facts are known. */
  | { readonly kind: 'seen'; readonly state: ObjectState }
  | { readonly kind: 'gone'; readonly state: ObjectState }
  /** `why`: the operation and the status. */
  | { readonly kind: 'unknown'; readonly state: ObjectState; readonly why: string }

/** Attempts of one HEAD while S3 is busy or silent; the pauses between them double. */
const ATTEMPTS = 6
const FIRST_PAUSE_MS = 100

/** Asks S3 for the state of a version, as it is now. Without checksums, whose reading needs the KMS key. */
export async function lookAtVersion(
  link: S3Link,
  { bucket, versioning }: Pick<BucketFacts, 'bucket' | 'versioning'>,
  entry: SourceEntry,
): Promise<Look> {
  // A bucket that never had versioning lists its objects as version `null`.
  const versionId = versioning === 'never' ? undefined : entry.versionId
  const version = { bucket, key: entry.key, versionId }
  const reply = await askAgain(link, version, 'HEAD')
  if (reply.kind === 'answer') {
    const state = readObjectState(version, entry.isCurrent, reply.headers)
    return state === undefined
      ? unknown(version, entry, 'HeadObject: an answer in an unknown form')
      : { kind: 'seen', state }
  }
  if (reply.kind === 'unanswered') return unknown(version, entry, `HeadObject: ${reply.reason}`)
  if (reply.status === 404 || reply.status === 405) {
    return { kind: 'gone', state: unseen(version, entry, { kind: 'unknown' }) }
  }
  if (reply.status === 400 && (await isCustomerKey(link, version))) {
    return { kind: 'seen', state: unseen(version, entry, { kind: 'customer-key' }) }
  }
  return unknown(version, entry, `HeadObject: ${reply.status}`)
}

/**
 * A HEAD that is 400 has no words. A GET of one byte tells whether it is for the missing key or for
 * something else, for example an expired token.
 */
async function isCustomerKey(link: S3Link, version: ObjectVersion): Promise<boolean> {
  const reply = await askAgain(link, version, 'GET')
  return (
    reply.kind === 'refused' &&
    reply.code === 'InvalidRequest' &&
    /server side encryption/i.test(reply.message)
  )
}

async function askAgain(
  link: S3Link,
  version: ObjectVersion,
  method: 'HEAD' | 'GET',
): Promise<S3Reply> {
  const { bucket, key } = version
  const fields = method === 'GET' ? ['range', 'bytes=0-0'] : []
  for (let attempt = 1; ; attempt++) {
    const reply = await askS3(link, { method, bucket, key, query: versionQuery(version), fields })
    const isPassing =
      reply.kind === 'unanswered' ||
      (reply.kind === 'refused' && (reply.status >= 500 || reply.status === 429))
    if (!isPassing || attempt === ATTEMPTS || link.signal.aborted) return reply
    await sleep(FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random()))
  }
}

function unknown(version: ObjectVersion, entry: SourceEntry, why: string): Look {
  return { kind: 'unknown', state: unseen(version, entry, { kind: 'unknown' }), why }
}

/** What the source says of a version that S3 says nothing of. */
function unseen(
  version: ObjectVersion,
  entry: SourceEntry,
  encryption: ObjectEncryption,
): ObjectState {
  const { isCurrent, etag, bytes, lastModified, storageClass } = entry
  return {
    version,
    isCurrent,
    etag,
    bytes,
    lastModified,
    storageClass,
    isArchived: false,
    encryption,
    lock: { retention: undefined, hasLegalHold: false, hasEventHold: false },
  }
}
