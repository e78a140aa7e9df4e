import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { isBoundary } from './form-boundary.ts'
import type { FormPartHead } from './form-part-head.ts'

/** The parts of a form to write around a file's content. */
export interface FormContent {
  /** Random, so that the file's content cannot contain it; 1 to 70 characters of RFC 2046. */
  readonly boundary: string
  /** In this order, before the file. */
  readonly fields: readonly { readonly name: string; readonly value: string }[]
  readonly file: Pick<FormPartHead, 'filename' | 'contentType'>
}

/** The part of a form before its file's content. */
export interface FormFrame {
  readonly boundary: string
  readonly prelude: Buffer
}

/**
 * Builds a form up to the content of its file. A client's text cannot add a header, a field or a
 * part: names with control characters, quotes or backslashes are refused, file names are escaped,
 * and a value that contains the boundary is refused.
 *
 * Fails with MalformedPOSTRequest.
 *
 * Source: RFC 7578, section 4.2; escapes as in browsers,
 * https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
 */
export function buildFormFrame(form: FormContent): Result<FormFrame, S3Error> {
  if (!isBoundary(form.boundary)) return failure(refusal('form-boundary-malformed'))
  const open = `--${form.boundary}\r\n`
  let prelude = ''
  for (const { name, value } of form.fields) {
    if (!isWritableName(name)) return failure(refusal('form-field-name'))
    if (value.includes(form.boundary)) return failure(refusal('form-boundary-in-value'))
    prelude += `${open}Content-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  }
  const { filename, contentType } = form.file
  prelude += `${open}Content-Disposition: form-data; name="file"`
  if (filename !== undefined) prelude += `; filename="${escapeFilename(filename)}"`
  if (contentType !== undefined) {
    if (!/^[\x20-\x7e]*$/.test(contentType)) return failure(refusal('form-content-type'))
    prelude += `\r\nContent-Type: ${contentType}`
  }
  return ok({ boundary: form.boundary, prelude: Buffer.from(`${prelude}\r\n\r\n`, 'utf8') })
}

/**
 * Returns the exact Content-Length of the new form, although the file's length is not known yet:
 * the client's bytes from the file's content on, our prelude, and the difference of the boundaries.
 * It is correct because `buildFormEnd` adds as many bytes as the client had after its file.
 */
export function formContentLength(
  frame: FormFrame,
  client: { readonly boundary: string; readonly remaining: number },
): number {
  return frame.prelude.length + client.remaining + frame.boundary.length - client.boundary.length
}

/**
 * Builds the bytes after the file's content: the closing boundary, and as many further bytes as the
 * client's form had (`FormEnd.extra`). A form that ends with its file, as all libraries write it,
 * gets the same two bytes of line end and no filling. If the client had further fields, which S3
 * ignores, one ignored field replaces them. If there is no room for a field, the filling comes
 * after the closing boundary, where RFC 2046 ignores it.
 */
export function buildFormEnd(frame: FormFrame, extra: number): Buffer {
  const open = `\r\n--${frame.boundary}`
  const field = `${open}\r\nContent-Disposition: form-data; name="x-ignore-filling"\r\n\r\n`
  const filling = extra - field.length - '\r\n'.length
  if (filling >= 0) return Buffer.from(`${field}${'.'.repeat(filling)}${open}--\r\n`, 'latin1')
  const lineEnd = extra >= 2 ? '\r\n' : ''
  return Buffer.from(`${open}--${lineEnd}${' '.repeat(extra - lineEnd.length)}`, 'latin1')
}

function isWritableName(name: string): boolean {
  return name !== '' && !/[\p{Cc}"\\]/u.test(name)
}

/**
 * Escapes control characters, quotes and backslashes with percent encoding. Backslashes too: a
 * parser that supports `\"` would otherwise miss the end of a name that ends with one.
 */
function escapeFilename(filename: string): string {
  return filename.replace(/[\p{Cc}"\\]/gu, (character) => encodeURIComponent(character))
}
