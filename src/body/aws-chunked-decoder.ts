import { createHash, type Hash, hash } from 'node:crypto'
import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { CHUNK_FRAMINGS, type ChunkFraming, EMPTY_SHA256 } from '../s3/payload.ts'
import type { ChunkVerifier } from '../sigv4/chunk-signature.ts'
import {
  chunkSignatureMismatch,
  malformedTrailer,
  TRAILER_SIGNATURE,
  trailerText,
} from './aws-chunked.ts'
import { AwsChunkedParser, type AwsChunkedSink } from './aws-chunked-parser.ts'
import { type Checksum, type ChecksumAlgorithm, startChecksum } from './checksum.ts'
import {
  type ChecksumTrailer,
  checksumHeaderName,
  checksumNotImplemented,
  malformedChecksum,
  verifyTrailingChecksum,
} from './checksum-trailer.ts'

/** What is known of an aws-chunked body before its first byte. */
export interface DecodeOptions {
  /** The framing that `x-amz-content-sha256` names. */
  readonly framing: ChunkFraming
  /** Verifies a signed framing; used once, in order. */
  readonly verifier: ChunkVerifier
  /** `x-amz-decoded-content-length`, bytes. */
  readonly decodedLength: number
  /** The trailing checksum that `x-amz-trailer` announces; it must come then, and nothing else. */
  readonly announced: ChecksumAlgorithm | undefined
  /**
   * True: the trailing checksum is computed and compared here, for an upstream that will not. An
   * XXHash one is refused with NotImplemented then.
   */
  readonly verifyChecksum: boolean
}

/**
 * Decodes an aws-chunked body: bytes in, slices of them out, nothing copied. Each chunk's signature
 * is verified as the chunk ends, then the trailer's, then the checksum where asked.
 *
 * The last slice goes out only when everything is verified. So an upstream request with the decoded
 * Content-Length cannot be complete before that, and is aborted if it fails. An **empty** body has
 * nothing to hold back: such a request must not be sent before `finish` has returned.
 *
 * What it holds: one slice of the input, and at most 1 KiB of trailer.
 */
export class AwsChunkedDecoder {
  /** The trailing checksum, once `finish` has returned undefined; undefined where none came. */
  trailer: ChecksumTrailer | undefined
  readonly #parser: AwsChunkedParser
  readonly #sink: DecoderSink
  readonly #emit: (bytes: Buffer) => void

  /** `emit` is given every slice of the decoded body, in order, none of them empty. */
  constructor(options: DecodeOptions, emit: (bytes: Buffer) => void) {
    this.#sink = new DecoderSink(options, emit)
    this.#parser = new AwsChunkedParser(options.framing, options.decodedLength, this.#sink)
    this.#emit = emit
  }

  /** Decodes the next bytes. After an error nothing more is emitted. */
  push(input: Buffer): S3Error | undefined {
    return this.#sink.refused ?? this.#parser.push(input)
  }

  /** Ends the body: verifies that it is whole, and only then emits its last bytes. */
  finish(): S3Error | undefined {
    const error = this.#sink.refused ?? this.#parser.finish()
    if (error !== undefined) return error
    this.trailer = this.#sink.trailer
    if (this.#sink.held !== undefined) this.#emit(this.#sink.held)
    return undefined
  }
}

/** Decodes a body that is at hand as a whole. */
export function decodeAwsChunkedBuffer(
  body: Buffer,
  options: DecodeOptions,
): Result<{ body: Buffer; trailer: ChecksumTrailer | undefined }, S3Error> {
  const slices: Buffer[] = []
  const decoder = new AwsChunkedDecoder(options, (slice) => slices.push(slice))
  const error = decoder.push(body) ?? decoder.finish()
  if (error !== undefined) return failure(error)
  const [only] = slices
  const decoded = slices.length === 1 && only !== undefined ? only : Buffer.concat(slices)
  return ok({ body: decoded, trailer: decoder.trailer })
}

class DecoderSink implements AwsChunkedSink {
  /** Set when the body cannot be decoded whatever it holds. */
  readonly refused: S3Error | undefined
  held: Buffer | undefined
  trailer: ChecksumTrailer | undefined
  readonly #emit: (bytes: Buffer) => void
  readonly #hasTrailer: boolean
  /** Undefined if nothing is signed. */
  readonly #verifier: ChunkVerifier | undefined
  readonly #announced: ChecksumAlgorithm | undefined
  readonly #checksum: Checksum | undefined
  /** The current chunk's only slice so far: hashed in one call when no other follows. */
  #first: Buffer | undefined
  #hash: Hash | undefined
  #trailerVerified = false

  constructor(options: DecodeOptions, emit: (bytes: Buffer) => void) {
    this.#emit = emit
    const { isSigned, hasTrailer } = CHUNK_FRAMINGS[options.framing]
    this.#hasTrailer = hasTrailer
    this.#verifier = isSigned ? options.verifier : undefined
    this.#announced = options.announced
    if (options.verifyChecksum && options.announced !== undefined) {
      this.#checksum = startChecksum(options.announced)
      if (this.#checksum === undefined) this.refused = checksumNotImplemented(options.announced)
    }
  }

  onData(slice: Buffer): void {
    if (this.held !== undefined) this.#emit(this.held)
    this.held = slice
    if (this.#verifier !== undefined) this.#hashData(slice)
    this.#checksum?.update(slice)
  }

  onChunkEnd(signature: string): S3Error | undefined {
    if (this.#verifier === undefined) return undefined
    const sha256 = this.#takeSha256()
    return this.#verifier.verifyChunk(signature, sha256)
      ? undefined
      : chunkSignatureMismatch('chunk')
  }

  onTrailer(name: string, value: string): S3Error | undefined {
    // The signature is the last line: what follows it would not be covered by it.
    if (this.#trailerVerified) return malformedTrailer()
    if (name === TRAILER_SIGNATURE) return this.#verifyTrailer(value)
    const algorithm = this.#announced
    if (algorithm === undefined || name !== checksumHeaderName(algorithm)) return malformedTrailer()
    if (this.trailer !== undefined) return malformedTrailer()
    this.trailer = { algorithm, name, value }
    return undefined
  }

  onEnd(): S3Error | undefined {
    if (!this.#hasTrailer) return undefined
    if (this.#verifier !== undefined && !this.#trailerVerified) return malformedTrailer()
    if (this.#announced === undefined) return undefined
    if (this.trailer === undefined) return malformedTrailer()
    return this.#checksum === undefined
      ? malformedChecksum(this.trailer)
      : verifyTrailingChecksum(this.trailer, this.#checksum)
  }

  /** One call of `hash` costs a third of createHash, update and digest (Node 20.20). */
  #hashData(slice: Buffer): void {
    if (this.#first === undefined && this.#hash === undefined) {
      this.#first = slice
      return
    }
    if (this.#hash === undefined) this.#hash = createHash('sha256')
    if (this.#first !== undefined) {
      this.#hash.update(this.#first)
      this.#first = undefined
    }
    this.#hash.update(slice)
  }

  #takeSha256(): string {
    let sha256 = EMPTY_SHA256
    if (this.#first !== undefined) sha256 = hash('sha256', this.#first, 'hex')
    else if (this.#hash !== undefined) sha256 = this.#hash.digest('hex')
    this.#first = undefined
    this.#hash = undefined
    return sha256
  }

  #verifyTrailer(signature: string): S3Error | undefined {
    if (!this.#hasTrailer || this.#verifier === undefined) return malformedTrailer()
    const sha256 = hash('sha256', trailerText(this.trailer), 'hex')
    this.#trailerVerified = true
    return /^[0-9a-fA-F]{64}$/.test(signature) &&
      this.#verifier.verifyTrailer(signature.toLowerCase(), sha256)
      ? undefined
      : chunkSignatureMismatch('trailer')
  }
}
