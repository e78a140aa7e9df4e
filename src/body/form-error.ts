import { refusal, type S3Error } from '../s3/error.ts'

/** The body is not the form that it says it is. `reason` begins with `form-` and says what is wrong. */
export function malformedForm(reason: `form-${string}`): S3Error {
  return refusal(
    'MalformedPOSTRequest',
    reason,
    'The body of your POST request is not well-formed multipart/form-data.',
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
export function misplacedField(reason: `form-${string}`, name: string, message: string): S3Error {
  return refusal('InvalidArgument', reason, message, [['ArgumentName', name]])
}
