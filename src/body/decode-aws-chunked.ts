import { Transform, type TransformCallback } from 'node:stream'
import { AwsChunkedDecoder, type DecodeOptions } from './aws-chunked-decoder.ts'
import { BodyError } from './body-error.ts'
import type { ChecksumTrailer } from './checksum-trailer.ts'

/** Bytes queued on either side before the other is held back. */
const HIGH_WATER_MARK = 64 * 1024

/**
 * The aws-chunked decoder as a stream: the encoded body in, the decoded body out. Everything that
 * AwsChunkedDecoder says holds here. A body that fails destroys the stream with a BodyError before
 * its last byte has come out.
 */
export class DecodeAwsChunked extends Transform {
  readonly #decoder: AwsChunkedDecoder

  constructor(options: DecodeOptions) {
    super({ highWaterMark: HIGH_WATER_MARK })
    this.#decoder = new AwsChunkedDecoder(options, (bytes) => this.push(bytes))
  }

  /** The trailing checksum once the stream has ended; undefined where none came. */
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
