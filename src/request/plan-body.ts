import { type HeaderList, headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { ChecksumAlgorithm } from '../body/checksum.ts'
import { checksumHeaderName, parseTrailerHeader } from '../body/checksum-trailer.ts'
import { listsAwsChunked } from '../body/content-encoding.ts'
import { parseFormBoundary } from '../body/form-boundary.ts'
import type { UpstreamConfig } from '../config/config.ts'
import { NO_ENCRYPTION } from '../s3/encryption-headers.ts'
import type { S3Error } from '../s3/error.ts'
import type { Operation } from '../s3/operation.ts'
import { CHUNK_FRAMINGS, type ChunkFraming, type Payload } from '../s3/payload.ts'
import { refusal } from '../s3/refusals.ts'
import { parseLength } from './parse-length.ts'
import type { S3Request } from './read-request.ts'

/**
 * Bodies up to this declared size are collected and sent in one write; larger ones are streamed.
 */
export const SMALL_BODY_BYTES = 64 * 1024

/**
 * With `upstream.trailers: terminate`, bodies up to this size are held until their trailing checksum has come. Twice
 * the size of a part that SDKs make by default.
 */
export const HELD_BODY_BYTES = 16 * 1024 * 1024

/** How the body is sent from the client to S3. */
export type BodyPlan = EmptyBody | PlainBody | ChunkedBody | FormBody

interface EmptyBody {
  readonly kind: 'empty'
  /** The body uses the chunked transfer coding: only its end shows that it is empty. */
  readonly isChunked?: true
}

/** The bytes are sent unchanged. */
interface PlainBody {
  readonly kind: 'plain'
  readonly bytes: number
  readonly isSmall: boolean
}

/** An aws-chunked body: decoded and verified, then framed again. */
export interface ChunkedBody {
  readonly kind: 'chunked'
  readonly framing: ChunkFraming
  readonly decodedBytes: number
  readonly trailer: ChecksumAlgorithm | undefined
  readonly isSmall: boolean
  /** How the trailing checksum gets to S3; undefined: there is none. */
  readonly checksum: ChecksumPath | undefined
  /** How the decoded body is sent: plain without a hash, or in our own chunks. */
  readonly upstream: UpstreamPayload
}

/**
 * `trailer`: behind the body. `header`: before it, because the body is in memory by then. `ends-here`: not at all;
 * Sealgate verifies it.
 */
type ChecksumPath = 'trailer' | 'header' | 'ends-here'

/** A POST form: read up to its file, and written again around the file's bytes. */
export interface FormBody {
  readonly kind: 'form'
  readonly boundary: string
  readonly bytes: number
}

/** The hash of a body that has not arrived yet is unknown. */
type UpstreamPayload = Exclude<Payload, { readonly kind: 'sha256' }>

/** The inputs of the plan besides the request. */
export interface UpstreamTraits {
  /** Plain HTTP: chunk signatures protect the body there. */
  readonly isPlaintext: boolean
  readonly trailers: 'forward' | 'terminate'
}

/** Returns the traits of a configured upstream; the embedded S3 uses plain HTTP. */
export function traitsOf({ endpoint, buckets, trailers }: UpstreamConfig): UpstreamTraits {
  const isPlaintext =
    endpoint.kind === 'sandbox' ||
    endpoint.protocol === 'http:' ||
    [...buckets.values()].some((bucket) => bucket.endpoint?.protocol === 'http:')
  return { isPlaintext, trailers }
}

/**
 * Plans the body from the head; refuses a body without a length or with two. Nothing is allocated
 * from a declared size.
 *
 * Fails with MissingContentLength, InvalidRequest, InvalidArgument.
 */
export function planBody(
  operation: Operation,
  payload: Payload,
  headers: HeaderList,
  traits: UpstreamTraits,
): Result<BodyPlan, S3Error> {
  if (payload.kind !== 'chunked') {
    const contradiction = refuseFramedBody(operation, payload, headers)
    return contradiction === undefined ? planPlain(operation, headers) : failure(contradiction)
  }
  if (operation.payload !== 'streaming') {
    return failure(refusal('streaming-not-supported'))
  }
  const decodedBytes = parseLength(headerValue(headers, 'x-amz-decoded-content-length'))
  if (decodedBytes === undefined) return failure(refusal('missing-content-length'))
  const announced = parseTrailerHeader(headerValue(headers, 'x-amz-trailer'))
  if (!announced.ok) return announced
  const trailer = announced.value
  const { framing } = payload
  // A body in this framing ends without trailers, so the announced checksum would never arrive.
  if (!CHUNK_FRAMINGS[framing].hasTrailer && trailer !== undefined) {
    return failure(refusal('trailer-malformed'))
  }
  // The trailer may be sent as this header: there would be two, and S3 accepts one checksum.
  if (trailer !== undefined && headerValue(headers, checksumHeaderName(trailer)) !== undefined) {
    return failure(refusal('multiple-checksums'))
  }
  return ok({
    kind: 'chunked',
    framing,
    decodedBytes,
    trailer,
    isSmall: decodedBytes <= SMALL_BODY_BYTES,
    checksum: trailer === undefined ? undefined : checksumPath(decodedBytes, traits),
    upstream: upstreamPayload(framing, trailer, traits),
  })
}

/** Bytes that are in memory until the trailer has come, besides those of a small body; 0: none. */
export function heldBytes(plan: BodyPlan): number {
  return plan.kind === 'chunked' && plan.checksum === 'header' && !plan.isSmall
    ? plan.decodedBytes
    : 0
}

function checksumPath(decodedBytes: number, { trailers }: UpstreamTraits): ChecksumPath {
  if (decodedBytes <= SMALL_BODY_BYTES) return 'header'
  if (trailers === 'forward') return 'trailer'
  return decodedBytes <= HELD_BODY_BYTES ? 'header' : 'ends-here'
}

/**
 * Refuses a head that declares an aws-chunked body but has another payload mode: S3 would store the
 * framing as data. Some clients and frameworks send this (ministack#100). With a hash, S3 takes the
 * content coding as the object's own. A decoded length that equals the body's length is no
 * contradiction.
 *
 * Source: 400 InvalidArgument and its text, versity/versitygw#2400 as seen at S3
 */
function refuseFramedBody(
  operation: Operation,
  payload: Payload,
  headers: HeaderList,
): S3Error | undefined {
  if (operation.payload === 'none') return undefined
  const coding = headerValue(headers, 'content-encoding')
  if (payload.kind === 'unsigned' && coding !== undefined && listsAwsChunked(coding)) {
    return refusal('streaming-headers-contradict/coding')
  }
  const decoded = headerValue(headers, 'x-amz-decoded-content-length')
  const isFramed = decoded !== undefined && decoded !== headerValue(headers, 'content-length')
  if (!isFramed && headerValue(headers, 'x-amz-trailer') === undefined) return undefined
  return refusal('streaming-headers-contradict')
}

/**
 * Plans the body of a POST form. A form puts everything into its fields; conflicting fields in its
 * head are refused.
 *
 * Fails with InvalidArgument, InvalidRequest, MissingContentLength, MalformedPOSTRequest.
 */
export function planForm({
  authentication,
  headers,
  requestedEncryption,
}: Pick<S3Request, 'authentication' | 'headers' | 'requestedEncryption'>): Result<
  FormBody,
  S3Error
> {
  if (authentication.kind !== 'anonymous') {
    return failure(refusal('two-authentication-mechanisms/form'))
  }
  if (requestedEncryption !== NO_ENCRYPTION) {
    return failure(refusal('encryption-headers-on-form'))
  }
  const bytes = parseLength(headerValue(headers, 'content-length'))
  if (bytes === undefined) return failure(refusal('missing-content-length'))
  const boundary = parseFormBoundary(headerValue(headers, 'content-type'))
  return boundary.ok ? ok({ kind: 'form', boundary: boundary.value, bytes }) : boundary
}

function planPlain(operation: Operation, headers: HeaderList): Result<BodyPlan, S3Error> {
  const coding = headerValue(headers, 'transfer-encoding')
  if (coding !== undefined) {
    // Some HTTP libraries frame every body like this, even an empty one: RFC 9112 section 6.1
    // allows it.
    const isChunked = coding.trim().toLowerCase() === 'chunked'
    return operation.payload === 'none' && isChunked
      ? ok({ kind: 'empty', isChunked })
      : failure(refusal('missing-content-length'))
  }
  const declared = headerValue(headers, 'content-length')
  const bytes = declared === undefined ? 0 : parseLength(declared)
  if (bytes === undefined) {
    return failure(refusal('content-length'))
  }
  if (declared === undefined && operation.payload === 'streaming')
    return failure(refusal('missing-content-length'))
  if (bytes === 0) return ok({ kind: 'empty' })
  if (operation.method === 'GET' || operation.method === 'HEAD') {
    return failure(refusal('unexpected-body', { method: operation.method }))
  }
  return ok({ kind: 'plain', bytes, isSmall: bytes <= SMALL_BODY_BYTES })
}

/** Over TLS, chunks need no signature; over plain HTTP they keep the client's framing. */
function upstreamPayload(
  framing: ChunkFraming,
  trailer: ChecksumAlgorithm | undefined,
  { isPlaintext, trailers }: UpstreamTraits,
): UpstreamPayload {
  const isSigned = isPlaintext && CHUNK_FRAMINGS[framing].isSigned
  const hasTrailer = trailer !== undefined && trailers === 'forward'
  if (!hasTrailer) return isSigned ? { kind: 'chunked', framing: 'signed' } : { kind: 'unsigned' }
  return { kind: 'chunked', framing: isSigned ? 'signed-trailer' : 'unsigned-trailer' }
}
