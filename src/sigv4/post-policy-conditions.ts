import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'

/** A condition of a POST policy on one field, or on the file's size. */
type PostCondition = MatchCondition | ContentLengthRange

/** A field must be, or start with, a value. */
export interface MatchCondition {
  readonly kind: 'eq' | 'starts-with'
  /** As in the policy, without `$`; case-insensitive. */
  readonly field: string
  /**
   * Whether the policy writes the field's name with `$`, as S3 requires. Without it the condition
   * fails.
   */
  readonly hasDollar: boolean
  readonly value: string
}

/** The file's size in bytes, both ends included. */
export interface ContentLengthRange {
  readonly kind: 'content-length-range'
  readonly min: number
  readonly max: number
}

/** The limit of a policy's conditions. */
export const POST_CONDITIONS_MAX = 200

/**
 * Parses a policy's conditions: `{"field": "value"}`, `["eq", "$field", "value"]`, `["starts-with",
 * "$field", "prefix"]`, `["content-length-range", min, max]`. Anything else is 400
 * InvalidPolicyDocument.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
export function parsePostConditions(list: readonly unknown[]): Result<PostCondition[], S3Error> {
  if (list.length > POST_CONDITIONS_MAX)
    return failure(refusal('post-policy-malformed', { detail: 'Too many conditions.' }))
  const conditions: PostCondition[] = []
  for (const item of list) {
    const condition = Array.isArray(item) ? parseList(item) : parseSimple(item)
    if (!condition.ok) return condition
    conditions.push(condition.value)
  }
  return ok(conditions)
}

/** A field's value in the form that conditions compare. */
export interface FormFieldValue {
  readonly text: string
  /**
   * The text that `starts-with` compares: the value, or the common prefix of a Content-Type's list
   * items.
   */
  readonly start: string
}

/**
 * Prepares a field's value, by its lower-case name. Content-Type is a comma-separated list and each
 * item must match. Their common prefix is computed once, not for each of 200 conditions.
 */
export function formFieldValue(lowerCaseName: string, text: string): FormFieldValue {
  if (lowerCaseName !== 'content-type') return { text, start: text }
  const [first = '', ...others] = text.split(',').map((item) => item.trimStart())
  let length = first.length
  for (const item of others) length = commonLength(first, item, length)
  return { text, start: first.slice(0, length) }
}

function commonLength(one: string, other: string, lengthMax: number): number {
  let length = 0
  while (length < lengthMax && length < other.length && one[length] === other[length]) length += 1
  return length
}

/**
 * Returns whether a field's value (undefined: the form has no such field) meets a condition. An
 * absent field fails every condition, including `starts-with` an empty text.
 */
export function meetsCondition(
  condition: MatchCondition,
  value: FormFieldValue | undefined,
): boolean {
  if (value === undefined || !condition.hasDollar) return false
  if (condition.kind === 'eq') return value.text === condition.value
  return value.start.startsWith(condition.value)
}

/** Returns whether a policy must have a condition for a field with that (lower-case) name. */
export function needsCondition(lowerCaseName: string): boolean {
  return (
    lowerCaseName !== 'policy' &&
    lowerCaseName !== 'x-amz-signature' &&
    lowerCaseName !== 'file' &&
    !lowerCaseName.startsWith('x-ignore-')
  )
}

/**
 * Formats a condition as S3's error messages do: `["eq", "$field", "value"]`. Secrets are left out.
 */
export function describeCondition(condition: MatchCondition): string {
  const { kind, field, hasDollar, value } = condition
  const shown = isSecretField(field.toLowerCase()) ? '...' : value
  return `["${kind}", ${JSON.stringify((hasDollar ? '$' : '') + field)}, ${JSON.stringify(shown)}]`
}

function isSecretField(name: string): boolean {
  return name === 'x-amz-security-token' || name.endsWith('-customer-key')
}

function parseSimple(item: unknown): Result<PostCondition, S3Error> {
  if (typeof item !== 'object' || item === null) {
    return failure(
      refusal('post-policy-malformed', {
        detail: 'Invalid Condition: a condition must be an object or a list.',
      }),
    )
  }
  const properties: [string, unknown][] = Object.entries(item)
  const [first, ...rest] = properties
  if (first === undefined || rest.length > 0) {
    return failure(
      refusal('post-policy-malformed', {
        detail:
          'Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.',
      }),
    )
  }
  const [field, value] = first
  if (typeof value !== 'string') {
    return failure(
      refusal('post-policy-malformed', {
        detail: 'Invalid Simple-Condition: value must be a string.',
      }),
    )
  }
  return ok({ kind: 'eq', field, hasDollar: true, value })
}

function parseList(item: readonly unknown[]): Result<PostCondition, S3Error> {
  const [operator, field, value] = item
  if (item.length !== 3) {
    return failure(
      refusal('post-policy-malformed', {
        detail: 'Invalid Condition: a list must have exactly three elements.',
      }),
    )
  }
  if (operator === 'content-length-range') return parseRange(field, value)
  if (operator !== 'eq' && operator !== 'starts-with') {
    return failure(
      refusal('post-policy-malformed', {
        detail: 'Invalid Condition: the operation is not known.',
      }),
    )
  }
  if (typeof field !== 'string' || typeof value !== 'string') {
    return failure(
      refusal('post-policy-malformed', {
        detail: 'Invalid Condition: field and value must be strings.',
      }),
    )
  }
  const hasDollar = field.startsWith('$')
  return ok({ kind: operator, field: hasDollar ? field.slice(1) : field, hasDollar, value })
}

function parseRange(minText: unknown, maxText: unknown): Result<PostCondition, S3Error> {
  const min = byteCount(minText)
  const max = byteCount(maxText)
  if (min === undefined || max === undefined || min > max) {
    return failure(
      refusal('post-policy-malformed', {
        detail: 'Invalid Condition: content-length-range takes two byte counts, the smaller first.',
      }),
    )
  }
  return ok({ kind: 'content-length-range', min, max })
}

/** A whole number of bytes, as a number or as digits. */
function byteCount(value: unknown): number | undefined {
  const count = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined
}
