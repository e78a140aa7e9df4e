import { refusal, type S3Error } from '../s3/error.ts'
import type { Reason } from '../s3/reasons.ts'

/** The reasons for refusing a malformed form. */
type FormReason = Extract<Reason, `form-${string}`>

/** The body is not a valid form. */
export function malformedForm(reason: FormReason): S3Error {
  return refusal(
    'MalformedPOSTRequest',
    reason,
    'The body of your POST request is not well-formed multipart/form-data.',
  )
}

/** S3's limit of a form's bytes before the file's content. */
export const FORM_HEAD_BYTES_MAX = 20_480

/** More than {@link FORM_HEAD_BYTES_MAX} before the file, as sent or with `${filename}` expanded. */
export function headTooLong(): S3Error {
  return refusal(
    'MaxPostPreDataLengthExceeded',
    'form-head-too-long',
    // S3's own spelling.
    'Your POST request fields preceeding the upload file was too large.',
    [['MaxPostPreDataLengthBytes', String(FORM_HEAD_BYTES_MAX)]],
  )
}

/** The form has no file, or more than one. */
export function notOneFile(files: number): S3Error {
  return refusal(
    'InvalidArgument',
    'form-not-one-file',
    'POST requires exactly one file upload per request.',
    [
      ['ArgumentName', 'file'],
      ['ArgumentValue', String(files)],
    ],
  )
}

/**
 * A field is duplicate, or after the file. S3 joins or ignores such fields, and our judgement must
 * not differ from S3's. The error omits the value, because it may be a signature.
 */
export function misplacedField(reason: FormReason, name: string, message: string): S3Error {
  return refusal('InvalidArgument', reason, message, [['ArgumentName', name]])
}
