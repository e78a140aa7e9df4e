import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { checkContentLength } from '../sigv4/check-post-policy.ts'
import type { ContentLengthRange } from '../sigv4/post-policy-conditions.ts'
import { readBoundaryLine } from './boundary-line.ts'
import { malformedForm, misplacedField, notOneFile } from './form-error.ts'
import { isMeaningfulField } from './form-fields.ts'
import { parseFormPartHead } from './form-part-head.ts'

/** Bytes of a form behind its file, epilogue included: a submit button's field takes a hundred. */
export const FORM_TAIL_BYTES_MAX = 20_480

/** A usual tail: the last line end, or a submit button's field. */
const TAIL_BYTES = 256

/** What is known of the file's part before its content. */
export interface FormFileOptions {
  /** The client's boundary. */
  readonly boundary: string
  /** Bytes of the body from the content of the file on: Content-Length less the head's length. */
  readonly remaining: number
  /** `content-length-range` of the policy; undefined: any size. */
  readonly range: ContentLengthRange | undefined
}

/** How the form ended. */
export interface FormEnd {
  /** Bytes of the file. */
  readonly fileLength: number
  /**
   * Bytes behind the file that a form which ends at once (`CR LF -- boundary --`) would not have:
   * the last line end, which is optional, ignored fields, and an epilogue.
   */
  readonly extra: number
}

/**
 * Reads the rest of a form, from the content of its file on, split anywhere: passes the content on
 * as slices, then bounds and checks what follows it. S3 ignores fields behind the file; here those
 * that would mean something are refused, a second file too, and a tail of over 20 KiB.
 *
 * A boundary is wherever its characters stand at the start of a line: RFC 2046 forbids content in
 * which they do, also when more characters follow.
 *
 * Errors: EntityTooLarge as soon as too many bytes have come, EntityTooSmall, MalformedPOSTRequest,
 * InvalidArgument. The first error is the last.
 */
export class FormFileParser {
  readonly #delimiter: Buffer
  readonly #options: FormFileOptions
  readonly #emit: (bytes: Buffer) => void
  #fileLength = 0
  /** Bytes at the end of the last input that may begin a delimiter. */
  #held: Buffer = EMPTY
  /** Whether the delimiter behind the file has come, and what came behind it. */
  #atTail = false
  #tail = EMPTY
  #tailLength = 0
  #error: S3Error | undefined

  /** `emit` is given every slice of the file's content, in order, none of them empty. */
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

  /** Says that no byte follows: the form must be complete, and the file large enough. */
  finish(): Result<FormEnd, S3Error> {
    if (this.#error !== undefined) return failure(this.#error)
    if (!this.#atTail) return failure(malformedForm('form-incomplete'))
    const error = checkTail(this.#tail.subarray(0, this.#tailLength), this.#delimiter)
    if (error !== undefined) return failure(error)
    const inRange = checkContentLength(this.#options.range, this.#fileLength)
    if (!inRange.ok) return inRange
    return ok({ fileLength: this.#fileLength, extra: this.#tailLength - '--'.length })
  }

  #content(input: Buffer): S3Error | undefined {
    // Held bytes are few and seldom; to copy an input then costs less than to search two buffers.
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

  /** Where the bytes end that cannot be part of a delimiter. A delimiter has one CR, its first. */
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

  /** In one buffer that doubles: a client may send byte by byte. */
  #addTail(bytes: Buffer): S3Error | undefined {
    const length = this.#tailLength + bytes.length
    if (length > FORM_TAIL_BYTES_MAX) return malformedForm('form-tail-too-long')
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
   * Refuses a file that is too large already. Its size, which S3 tells, is not known yet; as a rule
   * the body ends with the line of the closing boundary.
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

/** Checks what follows the boundary behind the file: nothing, or parts that mean nothing. */
function checkTail(tail: Buffer, delimiter: Buffer): S3Error | undefined {
  let at = 0
  for (;;) {
    const line = readBoundaryLine(tail, at)
    // RFC 2046: what follows the closing boundary is ignored.
    if (line.kind === 'close') return undefined
    if (line.kind === 'malformed') return malformedForm('form-boundary-line')
    if (line.kind === 'incomplete') return malformedForm('form-incomplete')
    const head = tail.indexOf('\r\n\r\n', line.at - 2, 'latin1')
    const end = head < 0 ? -1 : tail.indexOf(delimiter, head + 4)
    if (end < 0) return malformedForm('form-incomplete')
    const error = checkIgnoredPart(tail.subarray(line.at, head))
    if (error !== undefined) return error
    at = end + delimiter.length
  }
}

function checkIgnoredPart(head: Buffer): S3Error | undefined {
  const part = parseFormPartHead(head)
  if (!part.ok) return part.error
  const key = part.value.name.toLowerCase()
  if (key === 'file') return notOneFile(2)
  if (!isMeaningfulField(key)) return undefined
  const message = 'POST requires the file to be the last of the form fields.'
  return misplacedField('form-field-after-file', part.value.name, message)
}
