import { refusal, type S3Error } from '../s3/error.ts'
import type { Reason } from '../s3/reasons.ts'

/** What is wrong with a form. */
type FormReason = Extract<Reason, `form-${string}`>

/** The body is not the form that it says it is. */
export function malformedForm(reason: FormReason): S3Error {
  return refusal(
    'MalformedPOSTRequest',
    reason,
    'The body of your POST request is not well-formed multipart/form-data.',
  )
}

/** Bytes of a form before its file's content. S3's limit. */
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
 * A field stands twice, or behind the file, where S3 joins or ignores it: what S3 would do and what
 * was judged here must not differ. The value is not repeated, it may be a signature.
 */
export function misplacedField(reason: FormReason, name: string, message: string): S3Error {
  return refusal('InvalidArgument', reason, message, [['ArgumentName', name]])
}
