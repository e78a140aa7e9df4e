import { failure, ok, type Result } from '../base/result.ts'
import { frameBody, isRepeatable } from '../body/frame-body.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { lookUpBucket, regionOfAnswer } from './ask.ts'
import { AttemptNotes } from './attempts.ts'
import { bufferAnswer } from './buffer-answer.ts'
import type { Cancellation } from './cancellation.ts'
import type { Addressed } from './destination.ts'
import type { Draft } from './draft.ts'
import { type Forwarded, forward, wireRequest } from './forward.ts'
import { mayBeMisdirected, readMisdirection } from './misdirection.ts'
import { hideRefusedSignature } from './refused-signature.ts'
import { signDraft } from './sign-upstream.ts'
import type { Upstream } from './upstream.ts'
import { isUnreachable } from './upstream-failure.ts'

/** Limit of attempts at other endpoints for one request. */
const HOPS_MAX = 2

/**
 * Signs a draft, sends it and returns S3's answer. The head does not change after the signature.
 * `nowMs`: the time to sign at. The cancellation also aborts an attempt that has not started.
 *
 * If S3 says that the bucket is in another region, the region is remembered, and the request is
 * signed again and sent there. A streamed body cannot be sent again: the client gets 503 SlowDown,
 * `bucket-region-learnt`, and its retry goes to the right region.
 *
 * `attempts` gets the notes about each attempt, also if the result is an error for the client.
 */
export async function send(
  upstream: Upstream,
  draft: Draft,
  nowMs: number,
  cancellation: Cancellation,
  attempts = new AttemptNotes(),
): Promise<Result<Forwarded, S3Error>> {
  let current = draft
  let signedAtMs = nowMs
  for (let hop = 0; ; hop++) {
    const signed = signDraft(upstream, current, signedAtMs)
    if (!signed.ok) return signed
    const body = frameBody(current.body, signed.value.seed)
    const request = wireRequest(current, signed.value.headers, body)
    const pool = upstream.poolOf(current.destination.origin)
    const forwarded = await forward(pool, request, attempts, cancellation)
    if (!forwarded.ok) return forgetUnreachable(upstream, current, forwarded.error)
    const { status } = forwarded.value.head
    if (!mayBeMisdirected(status)) return hideRefusedSignature(forwarded.value)
    const directed = await readDirections(
      upstream,
      current,
      forwarded.value,
      cancellation,
      attempts,
    )
    if (!directed.ok) return directed
    if (directed.value !== 'again') return ok(directed.value)
    const next = redirect(upstream, current, status, hop)
    if (!next.ok) return next
    current = next.value
    signedAtMs = Date.now()
  }
}

/** A learnt region may be wrong: the next attempt uses the configured one. */
function forgetUnreachable(
  upstream: Upstream,
  { addressed }: Draft,
  error: S3Error,
): Result<never, S3Error> {
  if (isUnreachable(error)) upstream.forgetRegion(addressed.bucket)
  return failure(error)
}

/** Returns the draft for the region that S3 has named. */
function redirect(
  upstream: Upstream,
  draft: Draft,
  status: number,
  hop: number,
): Result<Draft, S3Error> {
  if (!isRepeatable(draft.body)) return failure(refusal('bucket-region-learnt'))
  if (hop === HOPS_MAX) return giveUp(upstream, draft.addressed, status, undefined)
  const destination = upstream.destinationOf(draft.addressed)
  if (!destination.ok) return destination
  const headers = ['host', destination.value.host, ...draft.headers.slice(2)]
  return ok({ ...draft, destination: destination.value, headers })
}

/**
 * Reads whether an answer that {@link mayBeMisdirected} names another region than the request was
 * sent to, and remembers it: `again`. Returns any other answer. A redirect without a usable region
 * is an S3 failure, because `Location` and `Endpoint` would lead the client around the proxy.
 */
async function readDirections(
  upstream: Upstream,
  { method, addressed, destination, credentials }: Draft,
  forwarded: Forwarded,
  cancellation: Cancellation,
  attempts: AttemptNotes,
): Promise<Result<Forwarded | 'again', S3Error>> {
  const buffered = await bufferAnswer(forwarded)
  if (!buffered.ok) return buffered
  const { bucket } = addressed
  const { status, headers } = forwarded.head
  const misdirection = readMisdirection(status, headers, buffered.value.body)
  const isUntold = misdirection === undefined ? isSilent(method, addressed, status) : status === 400
  let named = misdirection?.region
  if (named === undefined && isUntold) {
    const asked = await lookUpBucket(upstream, { credentials, cancellation }, bucket)
    attempts.noteFailures(asked.failures)
    named = regionOfAnswer(asked)
  }
  if (named !== undefined && named !== destination.region && bucket !== undefined) {
    if (upstream.learnRegion(bucket, named)) {
      attempts.noteRegion({ bucket, region: named })
      return ok('again')
    }
  }
  // Not about the region: S3 rejects the Authorization header for another reason.
  if (misdirection === undefined || status === 400) {
    return hideRefusedSignature(buffered.value.forwarded)
  }
  return giveUp(upstream, addressed, status, named)
}

/** S3 redirects back and forth, so the region that it named is not usable. */
function giveUp(
  upstream: Upstream,
  { bucket }: Addressed,
  status: number,
  region: string | undefined,
): Result<never, S3Error> {
  upstream.forgetRegion(bucket)
  return failure(unresolved(status, region))
}

/**
 * Returns whether a HEAD of an object was refused without a reason. The answer has no document, and
 * S3 names the region in the head of a redirect but not of the 400 that it sends for a host without
 * a region (`s3.amazonaws.com`, accelerate).
 *
 * Source: answers of S3 in boto/botocore#1413 and paws-r/paws#896
 */
function isSilent(method: string, { key }: Addressed, status: number): boolean {
  return method === 'HEAD' && key !== undefined && status === 400
}

function unresolved(status: number, region: string | undefined): S3Error {
  const said = region === undefined ? 'no region' : `region ${region}`
  const cause = new Error(
    `S3 redirects (${status}, ${said}) and the target cannot be used: check upstream.endpoint, upstream.region and upstream.buckets`,
  )
  return { ...refusal(status === 307 ? 'bucket-redirected/for-now' : 'bucket-redirected'), cause }
}
