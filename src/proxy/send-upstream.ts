import type { Readable } from 'node:stream'
import { headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import type { SeedSignature } from '../sigv4/seed-signature.ts'
import { bufferAnswer } from '../upstream/buffer-answer.ts'
import type { Addressed, Destination } from '../upstream/destination.ts'
import { type Forwarded, forward } from '../upstream/forward.ts'
import { type Misdirection, mayBeMisdirected, readMisdirection } from '../upstream/misdirection.ts'
import { signUpstream } from '../upstream/sign-upstream.ts'
import type { AnswerHead } from '../upstream/upstream-answer.ts'
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
    const { bucket } = addressed
    const told = await tellRegion(gate, exchange, request, forwarded.head)
    const directed = await followDirections(gate, bucket, destination.region, forwarded, told)
    if (!directed.ok) return directed
    if (directed.value !== 'again') return ok(directed.value)
    if (!canRepeat) return failure(comeAgain())
    if (hop === HOPS_MAX) return failure(unresolved(forwarded.head.status))
    const next = gate.upstream.destinationOf(addressed)
    if (!next.ok) return next
    const moved = ['host', next.value.host, ...headers.slice(2)]
    request = { ...request, destination: next.value, headers: moved }
    nowMs = Date.now()
  }
}

/**
 * Asks for the bucket's region where a HEAD of an object is refused and nothing says why: it has no
 * document, and S3 names the region in the head of a redirect but not of the 400 that it gives under
 * a host without a region (`s3.amazonaws.com`, accelerate).
 *
 * Source: answers of S3 in boto/botocore#1413 and paws-r/paws#896
 */
async function tellRegion(
  gate: Gate,
  exchange: Exchange,
  { method, addressed }: Outgoing,
  { status, headers }: AnswerHead,
): Promise<string | undefined> {
  const isSilent =
    method === 'HEAD' &&
    addressed.key !== undefined &&
    status === 400 &&
    headerValue(headers, 'x-amz-bucket-region') === undefined
  return isSilent ? lookUpRegion(gate, exchange, addressed.bucket) : undefined
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
  if (!forwarded.ok) return forwarded
  exchange.noteUpstream(forwarded.value.head)
  return ok({
    forwarded: forwarded.value,
    canRepeat: body === undefined || Buffer.isBuffer(body),
  })
}

/**
 * Looks whether an answer that {@link mayBeMisdirected} names another region than the request was sent
 * to, and remembers it: `again`. `told`: the region, where S3 was asked for it. Gives the answer where it says something else; a redirect that
 * leads nowhere is S3's failure, as `Location` and `Endpoint` would lead the client past the proxy.
 */
export async function followDirections(
  { upstream, telemetry }: Gate,
  bucket: string | undefined,
  region: string,
  forwarded: Forwarded,
  told?: string,
): Promise<Result<Forwarded | 'again', S3Error>> {
  const buffered = await bufferAnswer(forwarded)
  if (!buffered.ok) return buffered
  const { head } = forwarded
  const misdirection =
    told === undefined
      ? readMisdirection(head.status, head.headers, buffered.value.body)
      : { region: told, code: undefined }
  if (misdirection === undefined) return hideRefusedSignature(buffered.value.forwarded)
  const named = misdirection.region
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
  if (head.status === 400) return hideRefusedSignature(buffered.value.forwarded)
  return failure(unresolved(head.status, misdirection))
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

function unresolved(status: number, misdirection?: Misdirection): S3Error {
  const said = misdirection?.region === undefined ? 'no region' : `region ${misdirection.region}`
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
