import { Transform, type TransformCallback } from 'node:stream'
import { BodyError } from './body-error.ts'
import { type FormFileOptions, FormFileParser } from './form-file-parser.ts'
import { buildFormEnd, type FormFrame } from './form-writer.ts'

/** Limit of queued bytes on either side before back-pressure applies. */
const HIGH_WATER_MARK = 64 * 1024

/**
 * Turns a client's form into ours as it passes: reads the client's body from the content of its
 * file on, and outputs the new form from its first byte, exactly `formContentLength` bytes. The
 * closing boundary is only output if the client's form ended correctly and the file's size is in
 * range. Otherwise the stream is destroyed with a BodyError, so that the upstream request is
 * incomplete.
 */
export class RewriteForm extends Transform {
  readonly #parser: FormFileParser
  readonly #frame: FormFrame

  constructor(frame: FormFrame, file: FormFileOptions) {
    super({ highWaterMark: HIGH_WATER_MARK })
    this.#frame = frame
    this.#parser = new FormFileParser(file, (bytes) => this.push(bytes))
    this.push(frame.prelude)
  }

  override _transform(input: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    const error = this.#parser.push(input)
    if (error === undefined) callback()
    else callback(new BodyError(error))
  }

  override _flush(callback: TransformCallback): void {
    const end = this.#parser.finish()
    if (end.ok) callback(null, buildFormEnd(this.#frame, end.value.extra))
    else callback(new BodyError(end.error))
  }
}
