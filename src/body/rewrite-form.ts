import { Transform, type TransformCallback } from 'node:stream'
import { BodyError } from './body-error.ts'
import { type FormFileOptions, FormFileParser } from './form-file-parser.ts'
import { buildFormEnd, type FormFrame } from './form-writer.ts'

/** Bytes queued on either side before the other is held back. */
const HIGH_WATER_MARK = 64 * 1024

/**
 * Turns a client's form into ours as it passes: takes the client's body from the content of its
 * file on, gives the new form from its first byte, `formContentLength` bytes of it. The closing
 * boundary goes out only when the client's form has ended as it should and the file's size is in
 * range; else the stream is destroyed with a BodyError, and the upstream request is not complete.
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
