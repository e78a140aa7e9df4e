import { hash } from 'node:crypto'
import { pipeline, type Readable, type Transform } from 'node:stream'
import { ok, type Result } from '../base/result.ts'
import {
  type DecodeFraming,
  type DecodeOptions,
  decodeAwsChunkedBuffer,
} from '../body/aws-chunked-decoder.ts'
import { encodedLength } from '../body/aws-chunked-encoder.ts'
import { checksumHeaderName } from '../body/checksum-trailer.ts'
import { withoutAwsChunked } from '../body/content-encoding.ts'
import { DecodeAwsChunked } from '../body/decode-aws-chunked.ts'
import { EncodeAwsChunked } from '../body/encode-aws-chunked.ts'
import type { BodyHeaders } from '../request/draft-head.ts'
import type { ChunkedBody, UpstreamTraits } from '../request/plan-body.ts'
import type { S3Error } from '../s3/error.ts'
import {
  STREAMING_SIGNED,
  STREAMING_SIGNED_TRAILER,
  STREAMING_UNSIGNED_TRAILER,
  UNSIGNED_PAYLOAD,
} from '../s3/payload-mode.ts'
import type { ChunkSigner, ChunkVerifier } from '../sigv4/chunk-signature.ts'

/** A body in its new framing, as far as the head has to know it before it is signed. */
export interface TransformedBody {
  readonly headers: BodyHeaders
  /** The value of x-amz-content-sha256. */
  readonly payloadHash: string
  /** Opens the body once the head is signed, as chunk signatures follow from the head's. */
  readonly open: (
    source: Readable | Buffer | undefined,
    signer: ChunkSigner,
  ) => Readable | Buffer | undefined
}

/** No body, or the client's octets under the client's own hash, which S3 verifies. */
export function plainBody(
  bytes: number,
  payloadHash: string,
  contentEncoding: string | undefined,
): TransformedBody {
  return {
    headers: {
      set: bytes === 0 ? [] : ['content-length', String(bytes)],
      contentEncoding: remainingEncoding(contentEncoding),
      dropSdkChecksum: false,
    },
    payloadHash,
    open: (source) => source,
  }
}

/**
 * A small aws-chunked body that has been collected: decoded and verified as a whole, so it goes on
 * as a plain body under its own SHA-256, and a trailing checksum becomes a header.
 */
export function decodeSmallBody(
  plan: ChunkedBody,
  encoded: Buffer,
  contentEncoding: string | undefined,
  verifier: ChunkVerifier,
  traits: UpstreamTraits,
): Result<TransformedBody, S3Error> {
  const verifyChecksum = traits.trailers === 'terminate'
  const decoded = decodeAwsChunkedBuffer(encoded, decodeOptions(plan, verifier, verifyChecksum))
  if (!decoded.ok) return decoded
  const { body, trailer } = decoded.value
  const set = ['content-length', String(body.length)]
  if (trailer !== undefined) set.push(trailer.name, trailer.value)
  return ok({
    headers: {
      set,
      contentEncoding: remainingEncoding(contentEncoding),
      dropSdkChecksum: trailer === undefined,
    },
    payloadHash: hash('sha256', body, 'hex'),
    open: () => body,
  })
}

/** A large aws-chunked body: decoded and verified as it passes, framed anew for S3. */
export function reframeBody(
  plan: ChunkedBody,
  contentEncoding: string | undefined,
  verifier: ChunkVerifier,
  traits: UpstreamTraits,
): TransformedBody {
  const rest = remainingEncoding(contentEncoding)
  const verifyChecksum = traits.trailers === 'terminate'
  const decode = decodeOptions(plan, verifier, verifyChecksum)
  if (plan.upstream === 'plain') {
    return {
      headers: {
        set: ['content-length', String(plan.decodedBytes)],
        contentEncoding: rest,
        dropSdkChecksum: true,
      },
      payloadHash: UNSIGNED_PAYLOAD,
      open: (source) => chain(source, new DecodeAwsChunked(decode)),
    }
  }
  const kind = plan.upstream
  const trailer = kind === 'signed' ? undefined : plan.trailer
  const length = encodedLength({ kind, decodedLength: plan.decodedBytes, trailer })
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
    payloadHash: PAYLOAD_HASH[kind],
    open: (source, signer) => {
      const decoder = new DecodeAwsChunked(decode)
      const encoder = new EncodeAwsChunked({
        framing: kind === 'unsigned-trailer' ? { kind } : { kind, signer },
        decodedLength: plan.decodedBytes,
        trailer: () => decoder.trailer,
      })
      return chain(source, decoder, encoder)
    },
  }
}

const PAYLOAD_HASH = {
  signed: STREAMING_SIGNED,
  'signed-trailer': STREAMING_SIGNED_TRAILER,
  'unsigned-trailer': STREAMING_UNSIGNED_TRAILER,
} as const

const DECODE_KIND = {
  'streaming-signed': 'signed',
  'streaming-signed-trailer': 'signed-trailer',
  'streaming-unsigned-trailer': 'unsigned-trailer',
} as const

function decodeOptions(
  plan: ChunkedBody,
  verifier: ChunkVerifier,
  verifyChecksum: boolean,
): DecodeOptions {
  const kind = DECODE_KIND[plan.mode]
  const framing: DecodeFraming = kind === 'unsigned-trailer' ? { kind } : { kind, verifier }
  return { framing, decodedLength: plan.decodedBytes, announced: plan.trailer, verifyChecksum }
}

/** Content-Encoding without `aws-chunked`, which describes a framing and not the object. */
function remainingEncoding(contentEncoding: string | undefined): string | undefined {
  return contentEncoding === undefined ? undefined : withoutAwsChunked(contentEncoding)
}

/** Joins the streams; a failure of one destroys the others, and whoever reads the last sees it. */
function chain(source: Readable | Buffer | undefined, ...steps: Transform[]): Readable {
  const last = steps[steps.length - 1]
  if (last === undefined || source === undefined || Buffer.isBuffer(source)) {
    throw new Error('a large body is a stream')
  }
  // The failure is seen by the reader of the last stream.
  pipeline([source, ...steps], () => undefined)
  return last
}
