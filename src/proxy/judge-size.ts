import { type HeaderList, headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { SizeLookUp } from '../policy/decision.ts'
import type { S3Request } from '../request/read-request.ts'
import type { S3Error } from '../s3/error.ts'
import { readPartList } from '../s3/part-list.ts'
import { refusal } from '../s3/refusals.ts'
import type { Asked, Asker } from '../upstream/ask.ts'
import { listParts, lookUpSource } from '../upstream/ask-size.ts'
import type { AttemptNotes } from '../upstream/attempts.ts'
import type { Upstream } from '../upstream/upstream.ts'

/** S3 allows 10,000 parts, and lists 1,000 at once. */
const PAGES_MAX = 10

const NOTHING_SET: HeaderList = []

/**
 * Asks S3 for the size of an object that a request would write without stating it, and refuses it if it is
 * larger than the rule allows. Returns headers that make S3 refuse it if it has changed since. `notes` gets the
 * failures of the questions, and the regions that S3 names.
 */
export function judgeSize(
  upstream: Upstream,
  asker: Asker,
  request: S3Request,
  size: SizeLookUp,
  notes: AttemptNotes,
): Promise<Result<HeaderList, S3Error>> {
  return size.of === 'source'
    ? judgeSource(upstream, asker, request, size, notes)
    : judgeParts(upstream, asker, request, size, notes)
}

function note({ failures, learnt }: Asked, notes: AttemptNotes): void {
  notes.noteFailures(failures)
  for (const region of learnt) notes.noteRegion(region)
}

const IF_MATCH = 'x-amz-copy-source-if-match'
const IF_UNMODIFIED = 'x-amz-copy-source-if-unmodified-since'

/** A condition that no object meets. */
const NO_OBJECT = '"sealgate-no-object"'

/** A source that S3 does not show is S3's to refuse; nothing is copied if it is there by then. */
async function judgeSource(
  upstream: Upstream,
  asker: Asker,
  { copySource, headers }: S3Request,
  { rule, bytesMax }: SizeLookUp,
  notes: AttemptNotes,
): Promise<Result<HeaderList, S3Error>> {
  if (copySource === undefined) return failure(refusal('object-size-unknown', { rule }))
  const asked = await lookUpSource(upstream, asker, copySource)
  note(asked, notes)
  const { head } = asked
  if (head?.status === 403 || head?.status === 404) return ok([IF_MATCH, NO_OBJECT])
  const bytes = head?.status === 200 ? headerValue(head.headers, 'content-length') : undefined
  const etag = head === undefined ? undefined : headerValue(head.headers, 'etag')
  if (head === undefined || etag === undefined || !/^\d{1,15}$/.test(bytes ?? '')) {
    return failure(refusal('object-size-unknown', { rule }))
  }
  if (Number(bytes) > bytesMax) {
    return failure(refusal('object-too-large', { rule, bytes: Number(bytes), max: bytesMax }))
  }
  const meets = meetsConditions(headers, etag, headerValue(head.headers, 'last-modified'))
  return ok([IF_MATCH, meets ? etag : NO_OBJECT])
}

/**
 * The client's own conditions, which ours replaces: for S3, a condition on the ETag that holds outweighs one on
 * the date.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 */
function meetsConditions(
  headers: HeaderList,
  etag: string,
  lastModified: string | undefined,
): boolean {
  const wanted = headerValue(headers, IF_MATCH)
  if (wanted !== undefined) return wanted === '*' || unquoted(wanted) === unquoted(etag)
  const since = headerValue(headers, IF_UNMODIFIED)
  return since === undefined || Date.parse(lastModified ?? '') <= Date.parse(since)
}

function unquoted(etag: string): string {
  return etag.replaceAll('"', '')
}

const OBJECT_SIZE = 'x-amz-mp-object-size'

/** An upload that S3 does not know is S3's to refuse. */
async function judgeParts(
  upstream: Upstream,
  asker: Asker,
  { resource, query, headers }: S3Request,
  { rule, bytesMax }: SizeLookUp,
  notes: AttemptNotes,
): Promise<Result<HeaderList, S3Error>> {
  const uploadId = query.find(({ name }) => name === 'uploadId')?.value ?? ''
  let bytes = 0
  let marker: string | undefined = '0'
  for (let page = 0; marker !== undefined; page++) {
    const listed = await listParts(upstream, asker, resource, uploadId, marker)
    note(listed, notes)
    if (listed.head?.status === 404) return ok(NOTHING_SET)
    const isWhole = listed.head?.status === 200 && listed.document !== undefined
    const parts = isWhole ? readPartList(listed.document.toString('utf8')) : undefined
    if (parts === undefined || page === PAGES_MAX) {
      return failure(refusal('object-size-unknown', { rule }))
    }
    bytes += parts.bytes
    if (bytes > bytesMax) {
      return failure(refusal('object-too-large', { rule, bytes, max: bytesMax }))
    }
    marker = parts.nextMarker
  }
  const isStated = headerValue(headers, OBJECT_SIZE) !== undefined
  return ok(isStated ? NOTHING_SET : [OBJECT_SIZE, String(bytes)])
}
