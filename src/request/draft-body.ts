import { createHash, hash } from 'node:crypto'
import { pipeline, type Readable } from 'node:stream'
import { failure, ok, type Result } from '../base/result.ts'
import { type DecodeOptions, decodeAwsChunkedBuffer } from '../body/aws-chunked-decoder.ts'
import { encodedLength } from '../body/aws-chunked-encoder.ts'
import { bodyFailure } from '../body/body-failure.ts'
import { ByteBlocks } from '../body/byte-blocks.ts'
import { type ChecksumTrailer, checksumHeaderName } from '../body/checksum-trailer.ts'
import { withoutAwsChunked } from '../body/content-encoding.ts'
import { DecodeAwsChunked } from '../body/decode-aws-chunked.ts'
import type { DraftBody } from '../body/frame-body.ts'
import type { S3Error } from '../s3/error.ts'
import { CHUNK_FRAMINGS, contentSha256, UNSIGNED_PAYLOAD } from '../s3/payload.ts'
import type { ChunkVerifier } from '../sigv4/chunk-signature.ts'
import type { BodyHeaders } from './draft-head.ts'
import type { ChunkedBody, UpstreamTraits } from './plan-body.ts'

/** A body in its new framing, and the head fields that describe it. */
export interface DraftedBody {
  readonly headers: BodyHeaders
  /** The value of x-amz-content-sha256. */
  readonly payloadHash: string
  readonly body: DraftBody
}

/** Drafts no body, or the client's bytes with the client's own hash, which S3 verifies. */
export function plainBody(
  bytes: number,
  payloadHash: string,
  contentEncoding: string | undefined,
  body: Buffer | Readable | undefined,
): DraftedBody {
  return {
    headers: {
      set: bytes === 0 ? [] : ['content-length', String(bytes)],
      contentEncoding: remainingEncoding(contentEncoding),
      dropSdkChecksum: false,
    },
    payloadHash,
    body,
  }
}

/**
 * Drafts a small aws-chunked body that is completely in memory: it is decoded and verified as a
 * whole, and sent as a plain body with its own SHA-256. A trailing checksum becomes a header.
 */
export function decodeSmallBody(
  plan: ChunkedBody,
  encoded: Buffer,
  contentEncoding: string | undefined,
  verifier: ChunkVerifier,
  traits: UpstreamTraits,
): Result<DraftedBody, S3Error> {
  const decoded = decodeAwsChunkedBuffer(encoded, decodeOptions(plan, verifier, traits))
  if (!decoded.ok) return decoded
  const { body, trailer } = decoded.value
  return ok(decodedBody(body, trailer, hash('sha256', body, 'hex'), contentEncoding))
}

/**
 * Drafts an aws-chunked body that is held in memory: it is decoded and verified as it arrives, and sent as a plain body
 * when its trailing checksum is known, which becomes a header.
 */
export async function holdBody(
  plan: ChunkedBody,
  source: Readable,
  contentEncoding: string | undefined,
  verifier: ChunkVerifier,
  traits: UpstreamTraits,
): Promise<Result<DraftedBody, S3Error>> {
  const decoder = new DecodeAwsChunked(decodeOptions(plan, verifier, traits))
  // Of all of it at once, it would stop the event loop for some 10 ms.
  const sha256 = plan.upstream.kind === 'unsigned' ? undefined : createHash('sha256')
  const blocks = new ByteBlocks()
  try {
    pipeline([source, decoder], () => undefined)
    for await (const slice of decoder) {
      blocks.add(slice)
      sha256?.update(slice)
    }
  } catch (error) {
    return failure(bodyFailure(error instanceof Error ? error : new Error(String(error))))
  }
  const payloadHash = sha256 === undefined ? UNSIGNED_PAYLOAD : sha256.digest('hex')
  return ok(decodedBody(blocks.join(), decoder.trailer, payloadHash, contentEncoding))
}

function decodedBody(
  body: Buffer,
  trailer: ChecksumTrailer | undefined,
  payloadHash: string,
  contentEncoding: string | undefined,
): DraftedBody {
  const set = ['content-length', String(body.length)]
  if (trailer !== undefined) set.push(trailer.name, trailer.value)
  return {
    headers: {
      set,
      contentEncoding: remainingEncoding(contentEncoding),
      dropSdkChecksum: trailer === undefined,
    },
    payloadHash,
    body,
  }
}

/**
 * Drafts a large aws-chunked body: it is decoded, verified and framed again for S3 as it passes.
 */
export function reframeBody(
  plan: ChunkedBody,
  source: Readable,
  contentEncoding: string | undefined,
  verifier: ChunkVerifier,
  traits: UpstreamTraits,
): DraftedBody {
  const rest = remainingEncoding(contentEncoding)
  const decode = decodeOptions(plan, verifier, traits)
  const payloadHash = contentSha256(plan.upstream)
  if (plan.upstream.kind === 'unsigned') {
    return {
      headers: {
        set: ['content-length', String(plan.decodedBytes)],
        contentEncoding: rest,
        dropSdkChecksum: true,
      },
      payloadHash,
      body: { kind: 'chunks', source, decode, encode: undefined },
    }
  }
  const { framing } = plan.upstream
  const trailer = CHUNK_FRAMINGS[framing].hasTrailer ? plan.trailer : undefined
  const length = encodedLength({ framing, decodedLength: plan.decodedBytes, trailer })
  const set = [
    'content-length',
    String(length),
    'x-amz-decoded-content-length',
    String(plan.decodedBytes),
  ]
  if (trailer !== undefined) set.push('x-amz-trailer', checksumHeaderName(trailer))
  return {
    headers: {
      set,
      contentEncoding: rest === undefined ? 'aws-chunked' : `aws-chunked,${rest}`,
      dropSdkChecksum: trailer === undefined,
    },
    payloadHash,
    body: { kind: 'chunks', source, decode, encode: framing },
  }
}

function decodeOptions(
  { framing, decodedBytes, trailer }: ChunkedBody,
  verifier: ChunkVerifier,
  { trailers }: UpstreamTraits,
): DecodeOptions {
  return {
    framing,
    verifier,
    decodedLength: decodedBytes,
    announced: trailer,
    verifyChecksum: trailers === 'terminate',
  }
}

/**
 * Returns Content-Encoding without `aws-chunked`, which describes the framing and not the object.
 */
function remainingEncoding(contentEncoding: string | undefined): string | undefined {
  return contentEncoding === undefined ? undefined : withoutAwsChunked(contentEncoding)
}
