import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { KEY_BYTES_MAX } from '../s3/resource.ts'
import { FORM_HEAD_BYTES_MAX, type FormField } from './form-fields.ts'

/**
 * Replaces `${filename}` with the name of the file in all fields except the policy's text: S3
 * supports the variable in every field and expands it before it checks the policy. Only the part
 * after the last slash or backslash of the file's name is used. If the file has no name, the
 * variable is kept, as in S3.
 *
 * The result has the same limit as a form's fields. A longer one is refused before it is built:
 * KeyTooLongError for the key, MaxPostPreDataLengthExceeded for all fields together.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
 */
export function expandFilename(
  fields: readonly FormField[],
  filename: string | undefined,
): Result<readonly FormField[], S3Error> {
  if (filename === undefined) return ok(fields)
  const base = filename.slice(Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\')) + 1)
  const baseBytes = Buffer.byteLength(base)
  const expanded: FormField[] = []
  let bytes = 0
  for (const field of fields) {
    const pieces = field.key === 'policy' ? [field.value] : field.value.split(FILENAME_VARIABLE)
    const added = (pieces.length - 1) * (baseBytes - FILENAME_VARIABLE.length)
    const valueBytes = Buffer.byteLength(field.value) + added
    if (field.key === 'key' && valueBytes > KEY_BYTES_MAX)
      return failure(refusal('key-too-long', { bytes: valueBytes, max: KEY_BYTES_MAX }))
    bytes += valueBytes
    if (bytes > FORM_HEAD_BYTES_MAX)
      return failure(refusal('form-head-too-long', { max: FORM_HEAD_BYTES_MAX }))
    expanded.push(pieces.length === 1 ? field : { ...field, value: pieces.join(base) })
  }
  return ok(expanded)
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: S3's variable has this very form.
const FILENAME_VARIABLE = '${filename}'
