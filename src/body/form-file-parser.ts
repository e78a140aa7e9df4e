import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { checkContentLength } from '../sigv4/check-post-policy.ts'
import type { ContentLengthRange } from '../sigv4/post-policy-conditions.ts'
import { readBoundaryLine } from './boundary-line.ts'
import { isMeaningfulField } from './form-fields.ts'
import { parseFormPartHead } from './form-part-head.ts'

/**
 * Limit of a form's bytes after its file, epilogue included: a submit button's field takes about a
 * hundred.
 */
export const FORM_TAIL_BYTES_MAX = 20_480

/** The size of a usual tail: the last line end, or a submit button's field. */
const TAIL_BYTES = 256

/** The facts about the file's part that are known before its content. */
export interface FormFileOptions {
  /** The client's boundary. */
  readonly boundary: string
  /** Bytes of the body from the file's content on: Content-Length minus the head's length. */
  readonly remaining: number
  /** `content-length-range` of the policy; undefined: any size. */
  readonly range: ContentLengthRange | undefined
}

/** The end of a form. */
export interface FormEnd {
  /** Bytes of the file. */
  readonly fileLength: number
  /**
   * Bytes after the file beyond the shortest possible end (`CR LF -- boundary --`): the optional
   * last line end, ignored fields, and an epilogue.
   */
  readonly extra: number
}

/**
 * Parses the rest of a form, from the content of its file on, split at any byte: emits the content
 * as slices, then limits and checks the tail. S3 ignores fields after the file. Here, fields that
 * S3 interprets are refused, and so are a second file and a tail over 20 KiB.
 *
 * A boundary is recognised at the start of any line, also if more characters follow: RFC 2046
 * forbids content with such a line.
 *
 * Errors: EntityTooLarge as soon as too many bytes have arrived, EntityTooSmall,
 * MalformedPOSTRequest, InvalidArgument. After an error every later call returns the same error.
 */
export class FormFileParser {
  readonly #delimiter: Buffer
  readonly #options: FormFileOptions
  readonly #emit: (bytes: Buffer) => void
  #fileLength = 0
  /** Bytes at the end of the last input that may begin a delimiter. */
  #held: Buffer = EMPTY
  /** Whether the delimiter after the file was found, and the bytes after it. */
  #atTail = false
  #tail = EMPTY
  #tailLength = 0
  #error: S3Error | undefined

  /** `emit` receives every non-empty slice of the file's content, in order. */
  constructor(options: FormFileOptions, emit: (bytes: Buffer) => void) {
    this.#options = options
    this.#delimiter = Buffer.from(`\r\n--${options.boundary}`, 'latin1')
    this.#emit = emit
  }

  /** Takes the next bytes. */
  push(input: Buffer): S3Error | undefined {
    if (this.#error === undefined) {
      this.#error = this.#atTail ? this.#addTail(input) : this.#content(input)
    }
    return this.#error
  }

  /** Ends the input: the form must be complete, and the file large enough. */
  finish(): Result<FormEnd, S3Error> {
    if (this.#error !== undefined) return failure(this.#error)
    if (!this.#atTail) return failure(refusal('form-incomplete'))
    const error = checkTail(this.#tail.subarray(0, this.#tailLength), this.#delimiter)
    if (error !== undefined) return failure(error)
    const inRange = checkContentLength(this.#options.range, this.#fileLength)
    if (!inRange.ok) return inRange
    return ok({ fileLength: this.#fileLength, extra: this.#tailLength - '--'.length })
  }

  #content(input: Buffer): S3Error | undefined {
    // There are rarely held bytes, and few; copying is then cheaper than searching two buffers.
    const bytes = this.#held.length === 0 ? input : Buffer.concat([this.#held, input])
    const at = bytes.indexOf(this.#delimiter)
    if (at >= 0) {
      this.#held = EMPTY
      this.#atTail = true
      return (
        this.#file(bytes.subarray(0, at)) ??
        this.#addTail(bytes.subarray(at + this.#delimiter.length))
      )
    }
    const end = this.#contentEnd(bytes)
    this.#held = bytes.subarray(end)
    return this.#file(bytes.subarray(0, end))
  }

  /**
   * The end of the bytes that cannot belong to a delimiter. A delimiter has one CR, its first byte.
   */
  #contentEnd(bytes: Buffer): number {
    const at = bytes.lastIndexOf(0x0d)
    const held = bytes.length - at
    if (at < 0 || held >= this.#delimiter.length) return bytes.length
    const begins = this.#delimiter.subarray(0, held).equals(bytes.subarray(at))
    return begins ? at : bytes.length
  }

  #file(content: Buffer): S3Error | undefined {
    if (content.length === 0) return undefined
    this.#fileLength += content.length
    const error = this.#checkMax()
    if (error === undefined) this.#emit(content)
    return error
  }

  /** Uses one buffer that doubles, because a client may send single bytes. */
  #addTail(bytes: Buffer): S3Error | undefined {
    const length = this.#tailLength + bytes.length
    if (length > FORM_TAIL_BYTES_MAX) return refusal('form-tail-too-long')
    if (length > this.#tail.length) {
      const larger = Buffer.alloc(Math.max(TAIL_BYTES, 2 * length))
      this.#tail.copy(larger, 0, 0, this.#tailLength)
      this.#tail = larger
    }
    bytes.copy(this.#tail, this.#tailLength)
    this.#tailLength = length
    return undefined
  }

  /**
   * Refuses a file that is already too large. S3's error has the file's size, which is not known
   * yet; usually the body ends with the closing boundary's line, which determines it.
   */
  #checkMax(): S3Error | undefined {
    const { range, remaining } = this.#options
    if (range === undefined || this.#fileLength <= range.max) return undefined
    const size = remaining - this.#delimiter.length - '--\r\n'.length
    const inRange = checkContentLength(range, Math.max(this.#fileLength, size))
    return inRange.ok ? undefined : inRange.error
  }
}

const EMPTY = Buffer.alloc(0)

/**
 * Checks the bytes after the boundary that ends the file: nothing, or parts that S3 does not
 * interpret.
 */
function checkTail(tail: Buffer, delimiter: Buffer): S3Error | undefined {
  let at = 0
  for (;;) {
    const line = readBoundaryLine(tail, at)
    // RFC 2046: anything after the closing boundary is ignored.
    if (line.kind === 'close') return undefined
    if (line.kind === 'malformed') return refusal('form-boundary-line')
    if (line.kind === 'incomplete') return refusal('form-incomplete')
    const head = tail.indexOf('\r\n\r\n', line.at - 2, 'latin1')
    const end = head < 0 ? -1 : tail.indexOf(delimiter, head + 4)
    if (end < 0) return refusal('form-incomplete')
    const error = checkIgnoredPart(tail.subarray(line.at, head))
    if (error !== undefined) return error
    at = end + delimiter.length
  }
}

function checkIgnoredPart(head: Buffer): S3Error | undefined {
  const part = parseFormPartHead(head)
  if (!part.ok) return part.error
  const key = part.value.name.toLowerCase()
  if (key === 'file') return refusal('form-not-one-file', { files: 2 })
  if (!isMeaningfulField(key)) return undefined
  return refusal('form-field-after-file', { name: part.value.name })
}
