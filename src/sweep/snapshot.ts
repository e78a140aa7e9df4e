import { type HeaderList, headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import { hasParts } from './classify.ts'
import { headObject } from './head-object.ts'
import {
  type Acl,
  type Annotation,
  checkLockIsVisible,
  type ObjectPart,
  readAcl,
  readAnnotations,
  readParts,
  readTags,
  type Tag,
} from './object-reads.ts'
import type { BucketFacts, Method, ObjectState, ObjectVersion } from './object-version.ts'
import { readObjectState } from './read-object-state.ts'
import { type ReadProblem, readProblem } from './read-problem.ts'
import type { S3Link } from './s3-request.ts'

/** Everything that S3 says of one version of an object. */
export interface Snapshot {
  readonly state: ObjectState
  /** S3's answer to HEAD. */
  readonly headers: HeaderList
  readonly tags: readonly Tag[]
  /** Undefined: the bucket has no ACLs. */
  readonly acl: Acl | undefined
  /** Undefined: it was not uploaded in parts, or the method does not touch them. */
  readonly parts: readonly ObjectPart[] | undefined
  readonly annotations: readonly Annotation[]
}

/** What has to be known of an object. */
interface SnapshotOptions {
  readonly isCurrent: boolean
  readonly method: Method
  readonly bucket: BucketFacts
}

/**
 * Reads everything of a version. A right that is missing for one of the reads makes the object
 * unknown: what cannot be seen cannot be kept.
 */
export async function takeSnapshot(
  link: S3Link,
  version: ObjectVersion,
  { isCurrent, method, bucket }: SnapshotOptions,
): Promise<Result<Snapshot, ReadProblem>> {
  const head = await headObject(link, version)
  if (head.kind !== 'answer') return failure(readProblem('HeadObject', head))
  const state = readObjectState(version, isCurrent, head.headers)
  if (state === undefined) return unknown('HeadObject: an answer in an unknown form')
  // All reads are of this version, even if another one becomes current meanwhile.
  const object = state.version
  const isCopy = method !== 'update'
  const tags = await readTags(link, object)
  if (!tags.ok) return tags
  const acl = bucket.isOwnerEnforced === true ? ok(undefined) : await readAcl(link, object)
  if (!acl.ok) return acl
  const annotations = bucket.hasAnnotations === false ? ok([]) : await readAnnotations(link, object)
  if (!annotations.ok) return annotations
  const parts = isCopy && hasParts(state.etag) ? await readParts(link, object) : ok(undefined)
  if (!parts.ok) return parts
  const hidden =
    isCopy && bucket.hasObjectLock !== false ? await checkLockIsVisible(link, object) : undefined
  if (hidden !== undefined) return failure(hidden)
  const problem = isCopy ? copyProblem(head.headers) : undefined
  if (problem !== undefined) return unknown(problem)
  return ok({
    state,
    headers: head.headers,
    tags: tags.value,
    acl: acl.value,
    annotations: annotations.value,
    parts: parts.value,
  })
}

/** Why a copy would lose something that S3 does not show; undefined if it would not. */
function copyProblem(headers: HeaderList): string | undefined {
  const hidden = headerValue(headers, 'x-amz-missing-meta')
  return hidden === undefined || hidden === '0'
    ? undefined
    : 'HeadObject: user metadata that a header cannot show'
}

function unknown(reason: string): Result<never, ReadProblem> {
  return failure({ kind: 'unknown', reason })
}
