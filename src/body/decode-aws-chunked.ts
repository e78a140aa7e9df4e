import { Transform, type TransformCallback } from 'node:stream'
import { AwsChunkedDecoder, type DecodeOptions } from './aws-chunked-decoder.ts'
import { BodyError } from './body-error.ts'
import type { ChecksumTrailer } from './checksum-trailer.ts'
import type { ChunkHashes } from './chunk-hashes.ts'

/** Limit of queued bytes on either side before back-pressure applies. */
const HIGH_WATER_MARK = 64 * 1024

/**
 * The aws-chunked decoder as a stream: encoded body in, decoded body out. The guarantees of
 * AwsChunkedDecoder apply. An invalid body destroys the stream with a BodyError before its last
 * byte is output.
 */
export class DecodeAwsChunked extends Transform {
  readonly #decoder: AwsChunkedDecoder

  /** `hashes` receives the hashes of the verified chunks. */
  constructor(options: DecodeOptions, hashes?: ChunkHashes) {
    super({ highWaterMark: HIGH_WATER_MARK })
    this.#decoder = new AwsChunkedDecoder(options, (bytes) => this.push(bytes), hashes)
  }

  /** The trailing checksum after the stream has ended; undefined if there was none. */
  get trailer(): ChecksumTrailer | undefined {
    return this.#decoder.trailer
  }

  override _transform(input: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    const error = this.#decoder.push(input)
    if (error === undefined) callback()
    else callback(new BodyError(error))
  }

  override _flush(callback: TransformCallback): void {
    const error = this.#decoder.finish()
    if (error === undefined) callback()
    else callback(new BodyError(error))
  }
}
