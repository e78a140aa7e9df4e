import { Transform, type TransformCallback } from 'node:stream'
import type { ChunkFraming } from '../s3/payload.ts'
import type { ChunkSigner } from '../sigv4/chunk-signature.ts'
import { AwsChunkedEncoder } from './aws-chunked-encoder.ts'
import { BodyError } from './body-error.ts'
import type { ChecksumTrailer } from './checksum-trailer.ts'
import type { ChunkHashes } from './chunk-hashes.ts'

/** Limit of queued bytes on either side before back-pressure applies. */
const HIGH_WATER_MARK = 64 * 1024

/** The options of EncodeAwsChunked. */
interface EncodeOptions {
  readonly framing: ChunkFraming
  readonly signer: ChunkSigner
  /** Bytes of the decoded body. */
  readonly decodedLength: number
  /** Called at the end of the data, because the decoder knows its trailer only then. */
  readonly trailer: () => ChecksumTrailer | undefined
  /** The hashes of the chunks that the decoder has verified. */
  readonly hashes?: ChunkHashes
}

/**
 * The aws-chunked encoder as a stream: decoded body in, encoded body out, exactly `encodedLength`
 * bytes. A body with another length than declared destroys the stream with a BodyError before its
 * last byte is output.
 */
export class EncodeAwsChunked extends Transform {
  readonly #encoder: AwsChunkedEncoder
  readonly #trailer: () => ChecksumTrailer | undefined

  constructor(options: EncodeOptions) {
    super({ highWaterMark: HIGH_WATER_MARK })
    this.#trailer = options.trailer
    const { framing, signer, decodedLength, hashes } = options
    const emit = (bytes: Buffer): boolean => this.push(bytes)
    this.#encoder = new AwsChunkedEncoder(framing, signer, decodedLength, emit, hashes)
  }

  override _transform(input: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    const error = this.#encoder.push(input)
    if (error === undefined) callback()
    else callback(new BodyError(error))
  }

  override _flush(callback: TransformCallback): void {
    const error = this.#encoder.finish(this.#trailer())
    if (error === undefined) callback()
    else callback(new BodyError(error))
  }
}
