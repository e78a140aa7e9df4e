import { failure, ok, type Result } from '../base/result.ts'
import { expandFilename } from '../body/expand-filename.ts'
import { type FormField, fieldValue } from '../body/form-fields.ts'
import type { FormHead } from '../body/form-head-reader.ts'
import {
  isEncryptionHeader,
  type RequestedEncryption,
  readEncryptionHeaders,
} from '../s3/encryption-headers.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { refuseLongKey } from '../s3/resource.ts'
import { parsePostAuthentication } from '../sigv4/post-authentication.ts'
import type { FormBody } from './plan-body.ts'
import type { FormContent, S3Request } from './read-request.ts'

/** A form and the resulting request. */
interface ReadForm {
  readonly request: S3Request
  readonly form: FormContent
}

/**
 * Converts the fields of a POST form to a request: key, authentication and encryption. Pure;
 * nothing is verified yet.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 */
export function readForm(
  request: S3Request,
  plan: FormBody,
  head: FormHead,
): Result<ReadForm, S3Error> {
  const expanded = expandFilename(head.fields, head.file.filename)
  if (!expanded.ok) return expanded
  const fields = expanded.value
  const key = fieldValue(fields, 'key') ?? ''
  if (key === '') return failure(refusal('post-field-missing', { name: 'key' }))
  const tooLong = refuseLongKey(key)
  if (tooLong !== undefined) return failure(tooLong)
  // As in a path: some servers would end the key there, and store another key than we judged.
  if (key.includes('\0')) {
    return failure(refusal('key-invalid'))
  }
  const authentication = parsePostAuthentication(fields)
  if (!authentication.ok) return authentication
  const requested = readEncryptionFields(fields)
  if (!requested.ok) return requested
  const form: FormContent = {
    fields,
    authentication: authentication.value,
    fileContentType: head.file.contentType,
    plan,
  }
  const resource = { ...request.resource, key }
  return ok({ form, request: { ...request, resource, requestedEncryption: requested.value, form } })
}

function readEncryptionFields(fields: readonly FormField[]): Result<RequestedEncryption, S3Error> {
  const list: string[] = []
  for (const { key, value } of fields) {
    if (isEncryptionHeader(key)) list.push(key, value)
  }
  return readEncryptionHeaders(list)
}
