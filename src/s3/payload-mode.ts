import { failure, ok, type Result } from '../base/result.ts'
import { refusal, type S3Error } from './error.ts'

/** How a request authenticates its body: the value of `x-amz-content-sha256`. */
export type PayloadMode =
  /** By the hash of the whole body; `hash` is 64 lower-case hex digits. */
  | { readonly kind: 'sha256'; readonly hash: string }
  /** The body is not signed. */
  | { readonly kind: 'unsigned' }
  /** aws-chunked, each chunk signed. */
  | { readonly kind: 'streaming-signed' }
  /** aws-chunked, each chunk and the trailer signed. */
  | { readonly kind: 'streaming-signed-trailer' }
  /** aws-chunked with a trailer; neither is signed. */
  | { readonly kind: 'streaming-unsigned-trailer' }

/** The hash of the empty body. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD'
export const STREAMING_SIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
export const STREAMING_SIGNED_TRAILER = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'
export const STREAMING_UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'

const UNSIGNED: Result<PayloadMode, never> = ok({ kind: 'unsigned' })
const SIGNED_CHUNKS: Result<PayloadMode, never> = ok({ kind: 'streaming-signed' })
const SIGNED_TRAILER: Result<PayloadMode, never> = ok({ kind: 'streaming-signed-trailer' })
const UNSIGNED_TRAILER: Result<PayloadMode, never> = ok({ kind: 'streaming-unsigned-trailer' })

/**
 * Parses a value of `x-amz-content-sha256`. The ECDSA forms (Signature Version 4A) are refused with
 * 400 InvalidRequest `payload-mode-ecdsa`, every other value with S3's 400 InvalidArgument
 * `payload-mode-invalid`.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function parsePayloadMode(value: string): Result<PayloadMode, S3Error> {
  switch (value) {
    case UNSIGNED_PAYLOAD:
      return UNSIGNED
    case STREAMING_SIGNED:
      return SIGNED_CHUNKS
    case STREAMING_SIGNED_TRAILER:
      return SIGNED_TRAILER
    case STREAMING_UNSIGNED_TRAILER:
      return UNSIGNED_TRAILER
  }
  if (isSha256(value)) return ok({ kind: 'sha256', hash: value.toLowerCase() })
  return failure(value.startsWith('STREAMING-AWS4-ECDSA-') ? ecdsa() : invalid(value))
}

function isSha256(value: string): boolean {
  if (value.length !== 64) return false
  for (let i = 0; i < 64; i++) {
    const code = value.charCodeAt(i)
    const lower = code | 0x20
    if ((code < 0x30 || code > 0x39) && (lower < 0x61 || lower > 0x66)) return false
  }
  return true
}

function ecdsa(): S3Error {
  return refusal(
    'InvalidRequest',
    'payload-mode-ecdsa',
    'Chunks signed with AWS4-ECDSA-P256-SHA256 are not supported. Please use AWS4-HMAC-SHA256.',
  )
}

function invalid(value: string): S3Error {
  return refusal(
    'InvalidArgument',
    'payload-mode-invalid',
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
    [
      ['ArgumentName', 'x-amz-content-sha256'],
      ['ArgumentValue', value],
    ],
  )
}
