import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from './error.ts'
import { refusal } from './refusals.ts'

/** How a request authenticates and frames its body: the value of `x-amz-content-sha256`. */
export type Payload =
  /** By the hash of the whole body; `hash` is 64 lower-case hex digits. */
  | { readonly kind: 'sha256'; readonly hash: string }
  /** The body is not signed. */
  | { readonly kind: 'unsigned' }
  /** The body is aws-chunked. */
  | { readonly kind: 'chunked'; readonly framing: ChunkFraming }

/** How an aws-chunked body is framed. */
export type ChunkFraming = keyof typeof CHUNK_FRAMINGS

interface ChunkFramingRow {
  readonly contentSha256: string
  /** Each chunk carries its signature, and a trailer has one too. */
  readonly isSigned: boolean
  /** Trailers may follow the last chunk. */
  readonly hasTrailer: boolean
}

/**
 * The framings of aws-chunked.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and
 * sigv4-streaming-trailers.html
 */
export const CHUNK_FRAMINGS = {
  signed: {
    contentSha256: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    isSigned: true,
    hasTrailer: false,
  },
  'signed-trailer': {
    contentSha256: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    isSigned: true,
    hasTrailer: true,
  },
  'unsigned-trailer': {
    contentSha256: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    isSigned: false,
    hasTrailer: true,
  },
} as const satisfies Readonly<Record<string, ChunkFramingRow>>

/** The hash of the empty body. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD'

/** The values that are words. */
const WORDS: ReadonlyMap<string, Result<Payload, never>> = new Map([
  wordOf({ kind: 'unsigned' }),
  ...Object.keys(CHUNK_FRAMINGS)
    .filter(isChunkFraming)
    .map((framing) => wordOf({ kind: 'chunked', framing })),
])

/** Every word for an aws-chunked body begins with this, also a word that is not known here. */
const CHUNKED_PREFIX = 'STREAMING-'

/** The value of `x-amz-content-sha256`. */
export function contentSha256(payload: Payload): string {
  switch (payload.kind) {
    case 'sha256':
      return payload.hash
    case 'unsigned':
      return UNSIGNED_PAYLOAD
    case 'chunked':
      return CHUNK_FRAMINGS[payload.framing].contentSha256
  }
}

/** Whether a value of `x-amz-content-sha256` announces an aws-chunked body, of a known framing or not. */
export function announcesChunks(value: string): boolean {
  return value.startsWith(CHUNKED_PREFIX)
}

/**
 * Parses a value of `x-amz-content-sha256`. The ECDSA forms (Signature Version 4A) are refused with
 * 400 InvalidRequest `payload-mode-ecdsa`, every other value with S3's 400 InvalidArgument
 * `payload-mode-invalid`.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function parsePayload(value: string): Result<Payload, S3Error> {
  const word = WORDS.get(value)
  if (word !== undefined) return word
  if (isSha256(value)) return ok({ kind: 'sha256', hash: value.toLowerCase() })
  return failure(
    value.startsWith(`${CHUNKED_PREFIX}AWS4-ECDSA-`)
      ? refusal('payload-mode-ecdsa')
      : refusal('payload-mode-invalid', { value }),
  )
}

function isChunkFraming(name: string): name is ChunkFraming {
  return name in CHUNK_FRAMINGS
}

function wordOf(payload: Payload): readonly [string, Result<Payload, never>] {
  return [contentSha256(payload), ok(payload)]
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
