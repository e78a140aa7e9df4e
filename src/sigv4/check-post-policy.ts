import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import type { PostField } from './post-authentication.ts'
import type { PostPolicy } from './post-policy.ts'
import {
  type ContentLengthRange,
  describeCondition,
  type FormFieldValue,
  formFieldValue,
  meetsCondition,
  needsCondition,
} from './post-policy-conditions.ts'

/** A form to check against its policy. */
interface PostForm {
  readonly bucket: string
  /** All fields before the file, authentication included, `${filename}` expanded. */
  readonly fields: readonly PostField[]
  readonly nowMs: number
}

/**
 * Checks a form against its policy: it has not expired, the form meets every condition, and a
 * condition covers every field. The last check exempts `policy`, `x-amz-signature`, `file` and
 * `x-ignore-*`. The conditions must name the bucket, otherwise the policy would be valid for any
 * bucket. Failures are 403 AccessDenied; a duplicate field is 400 InvalidArgument. {@link
 * checkContentLength} checks the file's size once it is known.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
export function checkPostPolicy(policy: PostPolicy, form: PostForm): Result<undefined, S3Error> {
  if (form.nowMs > policy.expirationMs) {
    return failure(refusal('post-policy-expired'))
  }
  const values = formValues(form)
  if (!values.ok) return values
  const asked = new Set<string>()
  for (const condition of policy.matches) {
    const field = condition.field.toLowerCase()
    asked.add(field)
    if (meetsCondition(condition, values.value.get(field))) continue
    const detail = `Policy Condition failed: ${describeCondition(condition)}`
    return failure(refusal('post-condition-failed', { detail }))
  }
  const extra = [...values.value.keys()].filter((name) => !asked.has(name) && needsCondition(name))
  if (extra.length > 0) {
    return failure(refusal('post-extra-fields', { names: extra.join(', ') }))
  }
  return ok(undefined)
}

/** Checks the file's size in bytes: 400 EntityTooSmall or EntityTooLarge. */
export function checkContentLength(
  range: ContentLengthRange | undefined,
  bytes: number,
): Result<undefined, S3Error> {
  if (range === undefined) return ok(undefined)
  if (bytes < range.min) {
    return failure(refusal('post-file-too-small', { bytes, min: range.min }))
  }
  if (bytes > range.max) {
    return failure(refusal('post-file-too-large', { bytes, max: range.max }))
  }
  return ok(undefined)
}

/** Returns the values that conditions refer to, by lower-case field name. */
function formValues(form: PostForm): Result<ReadonlyMap<string, FormFieldValue>, S3Error> {
  const values = new Map<string, FormFieldValue>()
  for (const { name, value } of form.fields) {
    const lowerCaseName = name.toLowerCase()
    if (values.has(lowerCaseName))
      return failure(refusal('post-field-repeated', { name: lowerCaseName }))
    values.set(lowerCaseName, formFieldValue(lowerCaseName, value))
  }
  if (!values.has('key')) return failure(refusal('post-field-missing', { name: 'key' }))
  if ((values.get('bucket')?.text ?? form.bucket) !== form.bucket) {
    return failure(
      refusal('post-condition-failed', { detail: 'The field bucket is another bucket.' }),
    )
  }
  values.set('bucket', formFieldValue('bucket', form.bucket))
  return ok(values)
}
