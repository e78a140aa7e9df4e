import { createHash, type Hash, hash } from 'node:crypto'
import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { CHUNK_FRAMINGS, type ChunkFraming, EMPTY_SHA256 } from '../s3/payload.ts'
import { refusal } from '../s3/refusals.ts'
import type { ChunkVerifier } from '../sigv4/chunk-signature.ts'
import { TRAILER_SIGNATURE, trailerText } from './aws-chunked.ts'
import { AwsChunkedParser, type AwsChunkedSink } from './aws-chunked-parser.ts'
import { type Checksum, type ChecksumAlgorithm, startChecksum } from './checksum.ts'
import {
  type ChecksumTrailer,
  checksumHeaderName,
  malformedChecksum,
  verifyTrailingChecksum,
} from './checksum-trailer.ts'
import type { ChunkHashes } from './chunk-hashes.ts'

/** The facts about an aws-chunked body that the head gives. */
export interface DecodeOptions {
  /** The framing that `x-amz-content-sha256` names. */
  readonly framing: ChunkFraming
  /** Verifies a signed framing; used once, in order. */
  readonly verifier: ChunkVerifier
  /** The value of `x-amz-decoded-content-length`, in bytes. */
  readonly decodedLength: number
  /** The trailing checksum that `x-amz-trailer` announces; the trailer must be exactly this one. */
  readonly announced: ChecksumAlgorithm | undefined
  /**
   * True if Sealgate verifies the trailing checksum, for an upstream that does not. An XXHash
   * checksum is then refused with NotImplemented.
   */
  readonly verifyChecksum: boolean
}

/**
 * Decodes an aws-chunked body: emits slices of the input without copying. Verifies each chunk's
 * signature at the end of the chunk, then the trailer's signature, then the checksum if required.
 *
 * The last slice is only emitted after everything is verified. An upstream request with the decoded
 * Content-Length is thus incomplete until then, and is aborted on failure. An **empty** body has no
 * slice to hold back: the caller must not send such a request before `finish` has returned.
 *
 * Memory: one slice of the input, and at most 1 KiB of trailer.
 */
export class AwsChunkedDecoder {
  /** The trailing checksum, after `finish` has returned undefined; undefined if there was none. */
  trailer: ChecksumTrailer | undefined
  readonly #parser: AwsChunkedParser
  readonly #sink: DecoderSink
  readonly #emit: (bytes: Buffer) => void

  /**
   * `emit` receives every non-empty slice of the decoded body, in order; `hashes` the hash of every
   * verified chunk, before `emit` gets its last slice.
   */
  constructor(options: DecodeOptions, emit: (bytes: Buffer) => void, hashes?: ChunkHashes) {
    this.#sink = new DecoderSink(options, emit, hashes)
    this.#parser = new AwsChunkedParser(options.framing, options.decodedLength, this.#sink)
    this.#emit = emit
  }

  /** Decodes the next bytes. After an error nothing more is emitted. */
  push(input: Buffer): S3Error | undefined {
    return this.#sink.refused ?? this.#parser.push(input)
  }

  /** Ends the body: verifies that it is complete, and only then emits its last bytes. */
  finish(): S3Error | undefined {
    const error = this.#sink.refused ?? this.#parser.finish()
    if (error !== undefined) return error
    this.trailer = this.#sink.trailer
    if (this.#sink.held !== undefined) this.#emit(this.#sink.held)
    return undefined
  }
}

/** Decodes a body that is completely in memory. */
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
  /** Set if the body cannot be decoded, whatever its content. */
  readonly refused: S3Error | undefined
  held: Buffer | undefined
  trailer: ChecksumTrailer | undefined
  readonly #emit: (bytes: Buffer) => void
  readonly #hasTrailer: boolean
  /** Undefined if nothing is signed. */
  readonly #verifier: ChunkVerifier | undefined
  readonly #announced: ChecksumAlgorithm | undefined
  readonly #checksum: Checksum | undefined
  readonly #hashes: ChunkHashes | undefined
  /** Bytes of the current chunk so far. */
  #bytes = 0
  /** The current chunk's only slice so far; hashed in one call if no other follows. */
  #first: Buffer | undefined
  #hash: Hash | undefined
  #trailerVerified = false

  constructor(
    options: DecodeOptions,
    emit: (bytes: Buffer) => void,
    hashes: ChunkHashes | undefined,
  ) {
    this.#emit = emit
    this.#hashes = hashes
    const { isSigned, hasTrailer } = CHUNK_FRAMINGS[options.framing]
    this.#hasTrailer = hasTrailer
    this.#verifier = isSigned ? options.verifier : undefined
    this.#announced = options.announced
    if (options.verifyChecksum && options.announced !== undefined) {
      this.#checksum = startChecksum(options.announced)
      if (this.#checksum === undefined)
        this.refused = refusal('checksum-not-implemented', {
          name: checksumHeaderName(options.announced),
        })
    }
  }

  onData(slice: Buffer): void {
    if (this.held !== undefined) this.#emit(this.held)
    this.held = slice
    this.#bytes += slice.length
    if (this.#verifier !== undefined) this.#hashData(slice)
    this.#checksum?.update(slice)
  }

  onChunkEnd(signature: string): S3Error | undefined {
    if (this.#verifier === undefined) return undefined
    const sha256 = this.#takeSha256()
    if (!this.#verifier.verifyChunk(signature, sha256)) return refusal('chunk-signature-mismatch')
    this.#hashes?.add(this.#bytes, sha256)
    this.#bytes = 0
    return undefined
  }

  onTrailer(name: string, value: string): S3Error | undefined {
    // The signature is the last line: it does not cover anything after it.
    if (this.#trailerVerified) return refusal('trailer-malformed')
    if (name === TRAILER_SIGNATURE) return this.#verifyTrailer(value)
    const algorithm = this.#announced
    if (algorithm === undefined || name !== checksumHeaderName(algorithm))
      return refusal('trailer-malformed')
    if (this.trailer !== undefined) return refusal('trailer-malformed')
    this.trailer = { algorithm, name, value }
    return undefined
  }

  onEnd(): S3Error | undefined {
    if (!this.#hasTrailer) return undefined
    if (this.#verifier !== undefined && !this.#trailerVerified) return refusal('trailer-malformed')
    if (this.#announced === undefined) return undefined
    if (this.trailer === undefined) return refusal('trailer-malformed')
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
    if (!this.#hasTrailer || this.#verifier === undefined) return refusal('trailer-malformed')
    const sha256 = hash('sha256', trailerText(this.trailer), 'hex')
    this.#trailerVerified = true
    return /^[0-9a-fA-F]{64}$/.test(signature) &&
      this.#verifier.verifyTrailer(signature.toLowerCase(), sha256)
      ? undefined
      : refusal('trailer-signature-mismatch')
  }
}
