import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { readBoundaryLine } from './boundary-line.ts'
import { FORM_HEAD_BYTES_MAX, type FormField } from './form-fields.ts'
import { decodeUtf8, type FormPartHead, parseFormPartHead } from './form-part-head.ts'

/** A form up to the content of its file. */
export interface FormHead {
  /** The fields before the file, in order; no two names are equal, ignoring case. */
  readonly fields: readonly FormField[]
  readonly file: FormPartHead
  /** Bytes of the body before the content of the file. */
  readonly length: number
}

/**
 * Parses a multipart/form-data body up to the content of its file, split at any byte. The part
 * named `file` is the file. Every other part is a field, even if it has a file name: Python's
 * requests and others send one with all parts. A preamble and spaces after a boundary are ignored,
 * as RFC 2046 requires. Strict otherwise: UTF-8 only, and every part must satisfy
 * parseFormPartHead.
 *
 * Errors: MaxPostPreDataLengthExceeded, MalformedPOSTRequest, InvalidArgument (no file, a duplicate
 * field).
 *
 * Source: RFC 7578; RFC 2046, section 5.1.1;
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 */
export class FormHeadReader {
  /** The bytes of the last input after the head: the start of the file's content. */
  rest: Buffer = Buffer.alloc(0)
  readonly #delimiter: Buffer
  readonly #fields: FormField[] = []
  readonly #keys = new Set<string>()
  /** Begins with a line end, so that the first boundary is found like every other. */
  #buffer = Buffer.alloc(2048)
  #length = LINE_END.copy(this.#buffer)
  /** The start of the next step, and the position up to which bytes have been searched. */
  #start = 0
  #searched = 0
  #step: 'open' | 'head' | 'value' | 'boundary' = 'open'
  /** The field whose value is currently read. */
  #name = ''

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
  }

  /**
   * Takes the next bytes. Returns the head when it is complete (then do not push again), otherwise
   * undefined.
   */
  push(input: Buffer): Result<FormHead | undefined, S3Error> {
    const before = this.#length
    this.#append(input)
    for (;;) {
      const result = this.#advance()
      if (!result.ok) return result
      if (result.value === 'wait') break
      if (result.value !== 'again') {
        this.rest = input.subarray(LINE_END.length + result.value.length - before)
        return ok(result.value)
      }
    }
    return this.#length < BUFFER_BYTES_MAX
      ? ok(undefined)
      : failure(refusal('form-head-too-long', { max: FORM_HEAD_BYTES_MAX }))
  }

  #append(input: Buffer): void {
    const length = Math.min(this.#length + input.length, BUFFER_BYTES_MAX)
    if (length > this.#buffer.length) {
      const larger = Buffer.alloc(Math.min(BUFFER_BYTES_MAX, length * 2))
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    input.copy(this.#buffer, this.#length, 0, length - this.#length)
    this.#length = length
  }

  #advance(): Result<FormHead | 'again' | 'wait', S3Error> {
    switch (this.#step) {
      case 'open':
        return this.#open()
      case 'head':
        return this.#head()
      case 'value':
        return this.#value()
      case 'boundary':
        return this.#boundary()
    }
  }

  /** Skips a preamble, if any. */
  #open(): Result<'again' | 'wait', S3Error> {
    const at = this.#find(this.#delimiter)
    if (at < 0) return ok('wait')
    this.#go('boundary', at + this.#delimiter.length)
    return ok('again')
  }

  #boundary(): Result<'again' | 'wait', S3Error> {
    const line = readBoundaryLine(this.#buffer.subarray(0, this.#length), this.#start)
    switch (line.kind) {
      case 'part':
        this.#go('head', line.at)
        // The end of a head without lines begins with the line end of the boundary.
        this.#searched -= LINE_END.length
        return ok('again')
      case 'incomplete':
        return ok('wait')
      case 'close':
        return failure(refusal('form-not-one-file', { files: 0 }))
      case 'malformed':
        return failure(refusal('form-boundary-line'))
    }
  }

  #head(): Result<FormHead | 'again' | 'wait', S3Error> {
    const end = this.#find(END_OF_HEAD)
    if (end < 0) return ok('wait')
    const head = parseFormPartHead(this.#buffer.subarray(this.#start, end))
    if (!head.ok) return head
    const part = head.value
    const content = end + END_OF_HEAD.length
    if (part.name.toLowerCase() === 'file') {
      return ok({ fields: this.#fields, file: part, length: content - LINE_END.length })
    }
    this.#name = part.name
    this.#go('value', content)
    return ok('again')
  }

  #value(): Result<'again' | 'wait', S3Error> {
    const end = this.#find(this.#delimiter)
    if (end < 0) return ok('wait')
    const value = decodeUtf8(this.#buffer.subarray(this.#start, end))
    if (value === undefined) return failure(refusal('form-not-utf8'))
    const error = this.#addField(this.#name, value)
    if (error !== undefined) return failure(error)
    this.#go('boundary', end + this.#delimiter.length)
    return ok('again')
  }

  #addField(name: string, value: string): S3Error | undefined {
    const key = name.toLowerCase()
    if (this.#keys.has(key)) {
      return refusal('form-duplicate-field', { name })
    }
    this.#keys.add(key)
    this.#fields.push({ name, key, value })
    return undefined
  }

  /**
   * The position of `needle`, −1 if not found yet. Searches every byte at most twice, not once per
   * push.
   */
  #find(needle: Buffer): number {
    const at = this.#buffer.subarray(0, this.#length).indexOf(needle, this.#searched)
    if (at < 0) this.#searched = Math.max(this.#searched, this.#length - needle.length + 1)
    return at
  }

  #go(step: 'head' | 'value' | 'boundary', start: number): void {
    this.#step = step
    this.#start = start
    this.#searched = start
  }
}

const LINE_END = Buffer.from('\r\n')
const END_OF_HEAD = Buffer.from('\r\n\r\n')
const BUFFER_BYTES_MAX = FORM_HEAD_BYTES_MAX + LINE_END.length
