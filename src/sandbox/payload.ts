import { invalidArgument } from './fault.ts'

/** SHA-256 of nothing, in hex. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

const STREAMING_VALUES = [
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD',
  'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER',
]

/** Returns whether the body is aws-chunked. */
export function isStreamingPayload(payload: string): boolean {
  return payload.startsWith('STREAMING-')
}

/** Throws `InvalidArgument` unless it is a value that S3 knows for `x-amz-content-sha256`. */
export function checkPayloadValue(payload: string): void {
  if (payload === 'UNSIGNED-PAYLOAD' || isHexSha256(payload)) return
  if (STREAMING_VALUES.includes(payload)) return
  throw invalidArgument(
    `x-amz-content-sha256 must be UNSIGNED-PAYLOAD, ${STREAMING_VALUES.join(', ')} or a valid sha256 value.`,
    'x-amz-content-sha256',
    payload,
  )
}

/** Returns whether the text is a SHA-256 in hex. */
export function isHexSha256(text: string): boolean {
  return /^[0-9a-fA-F]{64}$/.test(text)
}
