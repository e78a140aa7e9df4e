import { createHash, hash } from 'node:crypto'
import type { S3Error } from '../s3/error.ts'
import { CHUNK_FRAMINGS, type ChunkFraming, EMPTY_SHA256 } from '../s3/payload.ts'
import { refusal } from '../s3/refusals.ts'
import type { ChunkSigner } from '../sigv4/chunk-signature.ts'
import { CHUNK_SIGNATURE, TRAILER_SIGNATURE, trailerText } from './aws-chunked.ts'
import { type ChecksumAlgorithm, checksumTextLength } from './checksum.ts'
import { type ChecksumTrailer, checksumHeaderName } from './checksum-trailer.ts'
import type { ChunkHashes } from './chunk-hashes.ts'

/**
 * Bytes of every chunk except the last. The encoder collects a whole chunk before it signs it,
 * because the signature precedes the data. This is therefore also the memory that an upload needs.
 */
export const CHUNK_BYTES = 64 * 1024

/** Limit of collected pieces before they are copied into one: a client may send single bytes. */
const PIECES_MAX = 64

/** The properties of a body that determine its encoded length. */
interface EncodedShape {
  readonly framing: ChunkFraming
  /** Bytes of the decoded body. */
  readonly decodedLength: number
  /** The trailing checksum; its text has a known length. Ignored if the framing has no trailer. */
  readonly trailer: ChecksumAlgorithm | undefined
}

/** Returns the exact Content-Length of the body that AwsChunkedEncoder produces. */
export function encodedLength(shape: EncodedShape): number {
  const { isSigned, hasTrailer } = CHUNK_FRAMINGS[shape.framing]
  const extension = isSigned ? CHUNK_SIGNATURE.length + 64 : 0
  const whole = Math.floor(shape.decodedLength / CHUNK_BYTES)
  const rest = shape.decodedLength % CHUNK_BYTES
  let length = whole * chunkLength(CHUNK_BYTES, extension)
  if (rest > 0) length += chunkLength(rest, extension)
  length += 1 + extension + 2
  if (hasTrailer && shape.trailer !== undefined) {
    length += checksumHeaderName(shape.trailer).length + 1 + checksumTextLength(shape.trailer) + 2
  }
  if (hasTrailer && isSigned) length += TRAILER_SIGNATURE.length + 1 + 64 + 2
  return length + 2
}

/**
 * Encodes a body of known length as aws-chunked. Unsigned data is passed on without copying; signed
 * data is collected to chunks of 64 KiB, hashed once (not again, if the client's chunks have the same
 * bytes) and sent with its signature.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and
 * sigv4-streaming-trailers.html.
 */
export class AwsChunkedEncoder {
  readonly #signer: ChunkSigner | undefined
  readonly #hasTrailer: boolean
  readonly #decodedLength: number
  readonly #emit: (bytes: Buffer) => void
  readonly #hashes: ChunkHashes | undefined
  #remaining: number
  /** Bytes that the current chunk still lacks; 0 between chunks. */
  #left = 0
  /** Ends the previous chunk; written together with the next size line, to save writes. */
  #lineEnd = ''
  #pieces: Buffer[] = []

  /**
   * `signer` signs the chunks of a signed framing, once and in order. `emit` receives the encoded
   * body. `hashes` has the hashes of chunks that have been verified.
   */
  constructor(
    framing: ChunkFraming,
    signer: ChunkSigner,
    decodedLength: number,
    emit: (bytes: Buffer) => void,
    hashes?: ChunkHashes,
  ) {
    const { isSigned, hasTrailer } = CHUNK_FRAMINGS[framing]
    this.#hashes = hashes
    this.#signer = isSigned ? signer : undefined
    this.#hasTrailer = hasTrailer
    this.#decodedLength = decodedLength
    this.#remaining = decodedLength
    this.#emit = emit
  }

  /** Encodes the next bytes. Fails with IncompleteBody if there are more than declared. */
  push(input: Buffer): S3Error | undefined {
    if (input.length > this.#remaining) return this.#mismatch(input.length)
    this.#remaining -= input.length
    let i = 0
    while (i < input.length) {
      if (this.#left === 0) this.#startChunk(input.length - i)
      const end = Math.min(input.length, i + this.#left)
      this.#left -= end - i
      this.#data(i === 0 && end === input.length ? input : input.subarray(i, end))
      i = end
    }
    return undefined
  }

  /**
   * Ends the body with its trailer. Fails with IncompleteBody if there were less bytes than
   * declared.
   */
  finish(trailer: ChecksumTrailer | undefined): S3Error | undefined {
    if (this.#remaining > 0) return this.#mismatch(0)
    const signer = this.#signer
    let end = `${this.#lineEnd}0`
    if (signer !== undefined) end += CHUNK_SIGNATURE + signer.signChunk(EMPTY_SHA256)
    end += '\r\n'
    if (this.#hasTrailer && trailer !== undefined) end += `${trailer.name}:${trailer.value}\r\n`
    if (this.#hasTrailer && signer !== undefined) {
      const signature = signer.signTrailer(hash('sha256', trailerText(trailer), 'hex'))
      end += `${TRAILER_SIGNATURE}:${signature}\r\n`
    }
    this.#emit(Buffer.from(`${end}\r\n`, 'latin1'))
    return undefined
  }

  /** `unconsumed`: bytes of the current input for this and later chunks. */
  #startChunk(unconsumed: number): void {
    const size = Math.min(CHUNK_BYTES, this.#remaining + unconsumed)
    this.#left = size
    if (this.#signer === undefined) this.#sizeLine(size, '')
  }

  #sizeLine(size: number, extension: string): void {
    const line = `${this.#lineEnd}${size.toString(16)}${extension}\r\n`
    this.#emit(Buffer.from(line, 'latin1'))
    this.#lineEnd = '\r\n'
  }

  #data(slice: Buffer): void {
    const signer = this.#signer
    if (signer === undefined) {
      this.#emit(slice)
      return
    }
    this.#pieces.push(slice)
    if (this.#left === 0) this.#signedChunk(signer)
    else if (this.#pieces.length === PIECES_MAX) this.#pieces = [Buffer.concat(this.#pieces)]
  }

  #signedChunk(signer: ChunkSigner): void {
    let size = 0
    for (const piece of this.#pieces) size += piece.length
    const sha256 = this.#hashes?.take(size) ?? sha256Of(this.#pieces)
    this.#sizeLine(size, CHUNK_SIGNATURE + signer.signChunk(sha256))
    for (const piece of this.#pieces) this.#emit(piece)
    this.#pieces = []
  }

  #mismatch(more: number): S3Error {
    const provided = this.#decodedLength - this.#remaining + more
    return refusal('decoded-length-mismatch', { expected: this.#decodedLength, provided })
  }
}

function sha256Of(pieces: readonly Buffer[]): string {
  const sha256 = createHash('sha256')
  for (const piece of pieces) sha256.update(piece)
  return sha256.digest('hex')
}

function chunkLength(size: number, extension: number): number {
  return size.toString(16).length + extension + 2 + size + 2
}
