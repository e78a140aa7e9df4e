import { hash } from 'node:crypto'
import { type HeaderList, headerValue } from '../base/header-list.ts'
import type { Result } from '../base/result.ts'
import { frameBody } from '../body/frame-body.ts'
import type { S3Error } from '../s3/error.ts'
import { EMPTY_SHA256 } from '../s3/payload.ts'
import type { Resource } from '../s3/resource.ts'
import { AttemptNotes, type Attempts } from './attempts.ts'
import { Cancellation } from './cancellation.ts'
import type { Addressed } from './destination.ts'
import type { Draft } from './draft.ts'
import { type Forwarded, forward, wireRequest } from './forward.ts'
import { signDraft } from './sign-upstream.ts'
import type { Upstream } from './upstream.ts'
import type { AnswerHead } from './upstream-answer.ts'
import type { UpstreamFailureKind } from './upstream-failure.ts'

/** A lookup that takes longer has no result. */
export const LOOK_UP_MS = 10_000

/** A refusal waits for its preflight. */
const PREFLIGHT_MS = 2_000

/** The result of our own request. */
export interface Asked {
  /** Undefined if no answer arrived in time. */
  readonly head: AnswerHead | undefined
  /** Why attempts failed, including repeated ones. */
  readonly failures: readonly UpstreamFailureKind[]
  /** Regions of buckets that S3 named, in order. */
  readonly learnt: Attempts['learnt']
}

/** The request on whose behalf we ask. */
export interface Asker {
  /** The client whose own upstream credentials sign our request, if it has some. */
  readonly credentials: string | undefined
  /** Aborts our request together with the original one. */
  readonly cancellation: Cancellation
}

/**
 * Asks S3 with one HEAD for an object's encryption. `versionId` pins the version that the upload
 * created, if S3 named it.
 */
export function lookUpObject(
  upstream: Upstream,
  asker: Asker,
  { bucket, key }: Pick<Resource, 'bucket' | 'key'>,
  versionId: string | undefined,
): Promise<Asked> {
  const query = versionId === undefined ? [] : [{ name: 'versionId', value: versionId }]
  return askHead(upstream, asker, { bucket, key, query })
}

/**
 * Asks S3 with one HEAD for a bucket's region: S3 names it in every answer, including errors, and
 * also to callers without access to the bucket.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
 */
export function lookUpBucket(
  upstream: Upstream,
  asker: Asker,
  bucket: string | undefined,
): Promise<Asked> {
  return askHead(upstream, asker, { bucket, key: undefined, query: [] })
}

/** Returns the region that an answer names. */
export function regionOfAnswer({ head }: Asked): string | undefined {
  return head === undefined ? undefined : headerValue(head.headers, 'x-amz-bucket-region')
}

/**
 * Asks S3 which CORS fields its answer to such a request would have; unsigned, like any preflight.
 */
export function askPreflight(
  upstream: Upstream,
  cancellation: Cancellation,
  { bucket, key }: Pick<Resource, 'bucket' | 'key'>,
  { origin, method }: { readonly origin: string; readonly method: string },
): Promise<Asked> {
  const fields = ['origin', origin, 'access-control-request-method', method]
  const question = { method: 'OPTIONS', addressed: { bucket, key, query: [] }, fields } as const
  return ask(upstream, { credentials: undefined, cancellation }, question, PREFLIGHT_MS)
}

/**
 * Writes an object of our own, whose bytes S3 compares with their SHA-256. `fields`: besides Host,
 * length and checksum; flat, lower-case names.
 */
export function putNewObject(
  upstream: Upstream,
  { bucket, key }: Pick<Resource, 'bucket' | 'key'>,
  body: Uint8Array,
  fields: HeaderList,
): Promise<Asked> {
  const bytes = Buffer.from(body)
  const question = {
    method: 'PUT',
    addressed: { bucket, key, query: [] },
    fields: [
      'content-length',
      String(bytes.length),
      'x-amz-sdk-checksum-algorithm',
      'SHA256',
      'x-amz-checksum-sha256',
      hash('sha256', bytes, 'base64'),
      ...fields,
    ],
    body: bytes,
  } as const
  const asker = { credentials: undefined, cancellation: new Cancellation() }
  return ask(upstream, asker, question, LOOK_UP_MS)
}

function askHead(upstream: Upstream, asker: Asker, addressed: Addressed): Promise<Asked> {
  return ask(upstream, asker, { method: 'HEAD', addressed, fields: [] }, LOOK_UP_MS)
}

/** One request of our own. */
interface Question {
  /** An OPTIONS request is unsigned. */
  readonly method: 'GET' | 'HEAD' | 'OPTIONS' | 'PUT'
  readonly addressed: Addressed
  /** Fields besides Host; flat, lower-case names. */
  readonly fields: HeaderList
  readonly body?: Buffer
}

/** How a question gets to S3. */
type Carrier = (
  upstream: Upstream,
  draft: Draft,
  cancellation: Cancellation,
  attempts: AttemptNotes,
) => Promise<Result<Forwarded, S3Error>>

/** To the endpoint and the region that are known; whatever it answers. */
const carryOnce: Carrier = async (upstream, draft, cancellation, attempts) => {
  const signed = signDraft(upstream, draft, Date.now())
  if (!signed.ok) return signed
  const request = wireRequest(draft, signed.value.headers, frameBody(draft.body, signed.value.seed))
  return forward(upstream.poolOf(draft.destination.origin), request, attempts, cancellation)
}

interface AskOptions {
  /** What becomes of the body of the answer. */
  readonly read?: (forwarded: Forwarded) => unknown
  readonly carry?: Carrier
}

/** Sends the request to S3 and returns the head of the answer. */
export async function ask(
  upstream: Upstream,
  { credentials, cancellation }: Asker,
  { method, addressed, fields, body }: Question,
  timeoutMs: number,
  { read = dropBody, carry = carryOnce }: AskOptions = {},
): Promise<Asked> {
  const destination = upstream.destinationOf(addressed)
  if (!destination.ok) return UNASKED
  const { host } = destination.value
  const draft: Draft = {
    method,
    addressed,
    destination: destination.value,
    headers: ['host', host, ...fields],
    payloadHash: body === undefined ? EMPTY_SHA256 : hash('sha256', body),
    isSigned: method !== 'OPTIONS',
    credentials,
    body,
  }
  const attempts = new AttemptNotes()
  const own = new Cancellation()
  cancellation.add(own)
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    own.abort(new Error('the answer took too long'))
  }, timeoutMs)
  const forwarded = await carry(upstream, draft, own, attempts)
  if (forwarded.ok) await read(forwarded.value)
  clearTimeout(timer)
  const { learnt } = attempts
  const failures = isLate && !forwarded.ok ? withTimeout(attempts.failures) : attempts.failures
  if (!forwarded.ok) return { head: undefined, failures, learnt }
  return { head: forwarded.value.head, failures, learnt }
}

function dropBody({ answer }: Forwarded): void {
  answer.attach({ write: () => true, end: () => undefined, fail: () => undefined })
}

const UNASKED: Asked = { head: undefined, failures: [], learnt: [] }

/** The last attempt was aborted because of its time. */
function withTimeout(failures: readonly UpstreamFailureKind[]): readonly UpstreamFailureKind[] {
  return failures.length === 0 ? failures : [...failures.slice(0, -1), 'timeout']
}
