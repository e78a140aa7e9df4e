import type { Readable } from 'node:stream'
import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import type { SeedSignature } from '../sigv4/seed-signature.ts'
import { bufferAnswer } from '../upstream/buffer-answer.ts'
import type { Addressed, Destination } from '../upstream/destination.ts'
import { type Forwarded, forward } from '../upstream/forward.ts'
import { mayBeMisdirected, readMisdirection } from '../upstream/misdirection.ts'
import { signUpstream } from '../upstream/sign-upstream.ts'
import { isUnreachable } from '../upstream/upstream-failure.ts'
import type { Exchange } from './exchange.ts'
import type { Gate } from './gate.ts'
import { lookUpRegion } from './look-up.ts'
import { hideRefusedSignature } from './refused-signature.ts'

/** A request before its signature. */
export interface Outgoing {
  readonly method: string
  readonly addressed: Addressed
  readonly destination: Destination
  /** Flat, lower-case names; Host first. */
  readonly headers: readonly string[]
  /** The value of x-amz-content-sha256. */
  readonly payloadHash: string
  /** False: it goes without a signature (a preflight). */
  readonly isSigned: boolean
  /** Opens the body, whose chunk signatures may follow from the head's. Once, where it is a stream. */
  readonly openBody: (seed: SeedSignature | undefined) => Buffer | Readable | undefined
}

/** Attempts at other places, for one request. */
const HOPS_MAX = 2

/**
 * Signs a request, sends it and gives S3's answer; after the signature nothing of the head changes.
 * Where S3 says that the bucket is in another region, that is remembered and the request is signed
 * anew and sent there. A body that has passed cannot be sent again: the client is told to come again
 * (503 SlowDown, `bucket-region-learnt`), and its next attempt goes to the right place.
 */
export async function sendUpstream(
  gate: Gate,
  exchange: Exchange,
  outgoing: Outgoing,
): Promise<Result<Forwarded, S3Error>> {
  let request = outgoing
  let nowMs = exchange.startedAtMs
  for (let hop = 0; ; hop++) {
    const sent = await sendOnce(gate, exchange, request, nowMs)
    if (!sent.ok) return sent
    const { forwarded, canRepeat } = sent.value
    if (!mayBeMisdirected(forwarded.head.status)) return hideRefusedSignature(forwarded)
    const { addressed, destination, headers } = request
    const { region } = destination
    const sentTo = { method: request.method, addressed, region }
    const directed = await followDirections(gate, exchange, sentTo, forwarded)
    if (!directed.ok) return directed
    if (directed.value !== 'again') return ok(directed.value)
    if (!canRepeat) return failure(comeAgain())
    if (hop === HOPS_MAX) return giveUp(gate, addressed, forwarded.head.status, undefined)
    const next = gate.upstream.destinationOf(addressed)
    if (!next.ok) return next
    const moved = ['host', next.value.host, ...headers.slice(2)]
    request = { ...request, destination: next.value, headers: moved }
    nowMs = Date.now()
  }
}

interface Sent {
  readonly forwarded: Forwarded
  readonly canRepeat: boolean
}

async function sendOnce(
  gate: Gate,
  exchange: Exchange,
  { method, payloadHash, isSigned, addressed, destination, headers, openBody }: Outgoing,
  nowMs: number,
): Promise<Result<Sent, S3Error>> {
  const signed = isSigned
    ? signUpstream(
        gate.upstream,
        gate.upstreamKeys,
        {
          method,
          destination,
          client: exchange.client,
          bucket: addressed.bucket,
          headers,
          payloadHash,
        },
        nowMs,
      )
    : ok({ headers, seed: undefined })
  if (!signed.ok) return signed
  const { path, query, origin } = destination
  const body = openBody(signed.value.seed)
  const forwarded = await forward(
    gate.upstream.poolOf(origin),
    {
      method,
      path: query === '' ? path : `${path}?${query}`,
      headers: signed.value.headers,
      body,
    },
    exchange,
  )
  if (!forwarded.ok) {
    if (isUnreachable(forwarded.error)) gate.upstream.forgetRegion(addressed.bucket)
    return forwarded
  }
  exchange.noteUpstream(forwarded.value.head)
  return ok({
    forwarded: forwarded.value,
    canRepeat: body === undefined || Buffer.isBuffer(body),
  })
}

/** Where a request was sent, as far as S3 may have another place for it. */
export interface SentTo {
  readonly method: string
  readonly addressed: Addressed
  /** The region that it was signed for. */
  readonly region: string
}

/**
 * Looks whether an answer that {@link mayBeMisdirected} names another region than the request was sent
 * to, and remembers it: `again`. Gives the answer where it says something else; a redirect that leads
 * nowhere is S3's failure, as `Location` and `Endpoint` would lead the client past the proxy.
 */
export async function followDirections(
  gate: Gate,
  exchange: Exchange,
  { method, addressed, region }: SentTo,
  forwarded: Forwarded,
): Promise<Result<Forwarded | 'again', S3Error>> {
  const buffered = await bufferAnswer(forwarded)
  if (!buffered.ok) return buffered
  const { upstream, telemetry } = gate
  const { bucket } = addressed
  const { status, headers } = forwarded.head
  const misdirection = readMisdirection(status, headers, buffered.value.body)
  const isUntold = misdirection === undefined ? isSilent(method, addressed, status) : status === 400
  const named =
    misdirection?.region ?? (isUntold ? await lookUpRegion(gate, exchange, bucket) : undefined)
  if (named !== undefined && named !== region && bucket !== undefined) {
    if (upstream.learnRegion(bucket, named)) {
      telemetry.log.info(
        { bucket, region: named },
        'S3 says that the bucket is in another region; upstream.buckets can say so beforehand',
      )
      return ok('again')
    }
  }
  // Not for the region: an Authorization that S3 cannot read for another reason.
  if (misdirection === undefined || status === 400) {
    return hideRefusedSignature(buffered.value.forwarded)
  }
  return giveUp(gate, addressed, status, named)
}

/** S3 sends the request back and forth: what it told of the bucket's region is no use. */
function giveUp(
  { upstream }: Gate,
  { bucket }: Addressed,
  status: number,
  region: string | undefined,
): Result<never, S3Error> {
  upstream.forgetRegion(bucket)
  return failure(unresolved(status, region))
}

/**
 * A HEAD of an object is refused and nothing says why: it has no document, and S3 names the region in
 * the head of a redirect but not of the 400 that it gives under a host without a region
 * (`s3.amazonaws.com`, accelerate).
 *
 * Source: answers of S3 in boto/botocore#1413 and paws-r/paws#896
 */
function isSilent(method: string, { key }: Addressed, status: number): boolean {
  return method === 'HEAD' && key !== undefined && status === 400
}

/** What a client whose body cannot be sent again is told. */
export function comeAgain(): S3Error {
  return {
    code: 'SlowDown',
    reason: 'bucket-region-learnt',
    message: 'Please reduce your request rate.',
    source: 'downstream',
  }
}

function unresolved(status: number, region: string | undefined): S3Error {
  const said = region === undefined ? 'no region' : `region ${region}`
  const cause = new Error(
    `S3 redirects (${status}, ${said}) and the place cannot be used: check upstream.endpoint, upstream.region and upstream.buckets`,
  )
  // While a new bucket's name spreads, S3 answers 307 for the region where it is.
  if (status === 307) {
    const message = 'Please reduce your request rate.'
    return { code: 'SlowDown', reason: 'bucket-redirected', message, source: 'upstream', cause }
  }
  return {
    code: 'BadGateway',
    reason: 'bucket-redirected',
    message: 'S3 cannot be reached at the place where it says that the bucket is.',
    source: 'upstream',
    cause,
  }
}
