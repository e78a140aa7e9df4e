import type { S3Error } from '../s3/error.ts'
import { CHUNK_FRAMINGS, type ChunkFraming } from '../s3/payload.ts'
import { refusal } from '../s3/refusals.ts'
import { CHUNK_SIGNATURE, MIN_CHUNK_BYTES } from './aws-chunked.ts'

/** Receives the parsed parts, in wire order. An error that it returns ends the parsing. */
export interface AwsChunkedSink {
  /** A non-empty slice of the input with data of the current chunk. Not copied. */
  onData(slice: Buffer): void
  /**
   * The current chunk is complete. In signed framings with its signature: 64 hex digits, lower
   * case.
   */
  onChunkEnd(signature: string): S3Error | undefined
  /** A trailer line: name in lower case, value without white space around it. */
  onTrailer(name: string, value: string): S3Error | undefined
  /** The body is complete. */
  onEnd(): S3Error | undefined
}

/** Limit of hex digits in a chunk size, including leading zeros. */
const SIZE_DIGITS_MAX = 16

/** Exactly representable with room for a sum; S3's largest object is nearly a hundredth of it. */
const SIZE_MAX = 2 ** 52 - 1

/** Hex digits of a SHA-256. */
const SIGNATURE_BYTES = 64

/** Limit of all trailer lines, in bytes. A signed SHA-512 trailer has 202. */
const TRAILER_BYTES_MAX = 1024

// The states. Numbers, because only a comparison of numbers is fast enough per byte.
const SIZE = 0
const EXTENSION = 1
const SIGNATURE = 2
const SIZE_CR = 3
const SIZE_LF = 4
const DATA = 5
const DATA_CR = 6
const DATA_LF = 7
const TRAILER = 8
const TRAILER_LF = 9
const TRAILER_BARE_LF = 10
const END_CR = 11
const END_LF = 12
const END = 13

const CR = 0x0d
const LF = 0x0a

/**
 * Parses an aws-chunked body as it arrives, split at any byte. Strict: sizes are hex digits without
 * prefix or sign (leading zeros are allowed, RFC 9112 section 7.1); line ends are CR LF; the chunk
 * extension is present exactly if chunks are signed, in the spelling of S3's documentation; nothing
 * follows the end. Does not allocate by declared sizes, and does not hold back data.
 *
 * Errors, each S3's own: IncompleteBody (framing, premature end, wrong decoded length),
 * InvalidChunkSizeError, MalformedTrailerError, SignatureDoesNotMatch (malformed signature). After
 * an error every later call returns the same error.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and
 * sigv4-streaming-trailers.html; codes and texts as recorded from S3 by OpenStack Swift's
 * test/s3api/test_input_errors.py.
 */
export class AwsChunkedParser {
  readonly #sink: AwsChunkedSink
  readonly #isSigned: boolean
  readonly #hasTrailer: boolean
  readonly #decodedLength: number
  #state = SIZE
  #error: S3Error | undefined
  /** The size being read, then the size of the chunk. */
  #size = 0
  /** Digits of the size, bytes of the extension or of the signature read so far. */
  #count = 0
  readonly #signature = Buffer.alloc(SIGNATURE_BYTES)
  #left = 0
  #decoded = 0
  #chunk = 0
  #previousSize = MIN_CHUNK_BYTES
  #line = ''
  #trailerBytes = 0

  /** `decodedLength`: `x-amz-decoded-content-length`. */
  constructor(framing: ChunkFraming, decodedLength: number, sink: AwsChunkedSink) {
    this.#sink = sink
    this.#isSigned = CHUNK_FRAMINGS[framing].isSigned
    this.#hasTrailer = CHUNK_FRAMINGS[framing].hasTrailer
    this.#decodedLength = decodedLength
  }

  /** Takes the next bytes of the body. */
  push(input: Buffer): S3Error | undefined {
    let i = 0
    while (i < input.length && this.#error === undefined) {
      if (this.#state === DATA) {
        const end = Math.min(input.length, i + this.#left)
        this.#left -= end - i
        this.#sink.onData(input.subarray(i, end))
        i = end
        if (this.#left === 0) this.#state = DATA_CR
      } else {
        this.#error = this.#take(input[i] as number)
        i++
      }
    }
    return this.#error
  }

  /** Ends the input: the body must be complete. */
  finish(): S3Error | undefined {
    if (this.#error === undefined && this.#state !== END) this.#error = refusal('body-incomplete')
    return this.#error
  }

  /** Takes one byte of framing. */
  #take(byte: number): S3Error | undefined {
    switch (this.#state) {
      case SIZE:
        return this.#takeSize(byte)
      case EXTENSION:
        if (byte !== CHUNK_SIGNATURE.charCodeAt(this.#count)) return refusal('body-incomplete')
        if (++this.#count === CHUNK_SIGNATURE.length) this.#startSignature()
        return undefined
      case SIGNATURE:
        return this.#takeSignature(byte)
      case SIZE_CR:
        return this.#expect(byte, CR, SIZE_LF)
      case SIZE_LF:
        return byte === LF ? this.#startChunk() : refusal('body-incomplete')
      case DATA_CR:
        return this.#expect(byte, CR, DATA_LF)
      case DATA_LF:
        return byte === LF ? this.#endChunk() : refusal('body-incomplete')
      case TRAILER:
      case TRAILER_LF:
      case TRAILER_BARE_LF:
        return this.#takeTrailer(byte)
      case END_CR:
        return this.#expect(byte, CR, END_LF)
      case END_LF:
        return byte === LF ? this.#end() : refusal('body-incomplete')
      default:
        return refusal('trailer-malformed')
    }
  }

  #expect(byte: number, expected: number, next: number): S3Error | undefined {
    if (byte !== expected) return refusal('body-incomplete')
    this.#state = next
    return undefined
  }

  #takeSize(byte: number): S3Error | undefined {
    const digit = hexDigit(byte)
    if (digit >= 0) {
      this.#size = this.#size * 16 + digit
      this.#count++
      return this.#count > SIZE_DIGITS_MAX || this.#size > SIZE_MAX
        ? refusal('body-incomplete')
        : undefined
    }
    if (this.#count === 0) return refusal('body-incomplete')
    if (!this.#isSigned) return this.#expect(byte, CR, SIZE_LF)
    this.#count = 1
    return this.#expect(byte, CHUNK_SIGNATURE.charCodeAt(0), EXTENSION)
  }

  #startSignature(): void {
    this.#state = SIGNATURE
    this.#count = 0
  }

  #takeSignature(byte: number): S3Error | undefined {
    if (hexDigit(byte) < 0) {
      // S3 answers IncompleteBody for an empty signature, and a mismatch for any other malformed
      // one.
      return this.#count === 0 && byte === CR
        ? refusal('body-incomplete')
        : refusal('chunk-signature-mismatch')
    }
    // Upper case is accepted: setting bit 0x20 lower-cases letters and does not change digits.
    this.#signature[this.#count] = byte | 0x20
    if (++this.#count === SIGNATURE_BYTES) this.#state = SIZE_CR
    return undefined
  }

  #startChunk(): S3Error | undefined {
    this.#chunk++
    const size = this.#size
    if (size === 0) return this.#startLastChunk()
    if (this.#previousSize < MIN_CHUNK_BYTES) {
      return refusal('chunk-too-small', { chunk: this.#chunk, size: this.#previousSize })
    }
    const provided = this.#decoded + size
    if (provided > this.#decodedLength)
      return refusal('decoded-length-mismatch', { expected: this.#decodedLength, provided })
    this.#decoded = provided
    this.#previousSize = size
    this.#left = size
    this.#state = DATA
    return undefined
  }

  #endChunk(): S3Error | undefined {
    this.#size = 0
    this.#count = 0
    this.#state = SIZE
    return this.#sink.onChunkEnd(this.#signatureText())
  }

  #startLastChunk(): S3Error | undefined {
    if (this.#decoded !== this.#decodedLength) {
      return refusal('decoded-length-mismatch', {
        expected: this.#decodedLength,
        provided: this.#decoded,
      })
    }
    this.#state = this.#hasTrailer ? TRAILER : END_CR
    return this.#sink.onChunkEnd(this.#signatureText())
  }

  #signatureText(): string {
    return this.#isSigned ? this.#signature.toString('latin1') : ''
  }

  #takeTrailer(byte: number): S3Error | undefined {
    if (++this.#trailerBytes > TRAILER_BYTES_MAX) return refusal('trailer-malformed')
    switch (this.#state) {
      case TRAILER_LF:
        return byte === LF ? this.#endTrailerLine() : refusal('trailer-malformed')
      case TRAILER_BARE_LF:
        return this.#expect(byte, CR, TRAILER_LF)
      default:
        return this.#takeTrailerText(byte)
    }
  }

  #takeTrailerText(byte: number): S3Error | undefined {
    if (byte === CR) {
      this.#state = TRAILER_LF
      return undefined
    }
    // minio-go ends a trailer line with LF CR LF, like an example in S3's documentation; S3 accepts
    // it.
    if (byte === LF && this.#line !== '') {
      this.#state = TRAILER_BARE_LF
      return undefined
    }
    if (byte < 0x20 ? byte !== 0x09 : byte > 0x7e) return refusal('trailer-malformed')
    this.#line += String.fromCharCode(byte)
    return undefined
  }

  #endTrailerLine(): S3Error | undefined {
    const line = this.#line
    if (line === '') return this.#end()
    this.#line = ''
    this.#state = TRAILER
    const colon = line.indexOf(':')
    if (colon < 1) return refusal('trailer-malformed')
    return this.#sink.onTrailer(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }

  #end(): S3Error | undefined {
    this.#state = END
    return this.#sink.onEnd()
  }
}

/** Returns the value of a hex digit, −1 for any other byte. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
