import { createHmac } from 'node:crypto'
import type { AuthenticationContext } from './authenticate.ts'
import { findAccount, parseAmzDate, parseCredential } from './credential.ts'
import { invalidArgument, S3Fault } from './fault.ts'
import { isSameHex, signingKey } from './signature.ts'

/** A form's fields before the file: names in lower case, values of one name joined by commas. */
export type FormFields = ReadonlyMap<string, string>

/** The limits of a verified policy on the file. */
export interface FileLimits {
  readonly sizeMin: number
  readonly sizeMax: number
}

const SIZE_MAX = 5 * 1024 ** 3

/** Fields that no condition has to name. */
const FREE_FIELDS = new Set(['x-amz-signature', 'file', 'policy'])

/**
 * Verifies a form's signature and that its fields meet its policy; `bucket` counts as a field. The
 * signature is verified first: a forged policy is not even decoded. Throws `AccessDenied`,
 * `InvalidArgument`, `SignatureDoesNotMatch`, `InvalidPolicyDocument`,
 * `AuthorizationHeaderMalformed`, `InvalidAccessKeyId`, `InvalidToken`.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
export function verifyPostPolicy(
  fields: FormFields,
  bucket: string,
  context: AuthenticationContext,
): FileLimits {
  const policy = fields.get('policy')
  // Without a policy the request is anonymous, and no bucket here is public.
  if (policy === undefined) throw new S3Fault('AccessDenied')
  const algorithm = requiredField(fields, 'X-Amz-Algorithm')
  const credentialText = requiredField(fields, 'X-Amz-Credential')
  const dateTime = requiredField(fields, 'X-Amz-Date')
  const signature = requiredField(fields, 'X-Amz-Signature')
  if (algorithm !== 'AWS4-HMAC-SHA256') {
    throw invalidArgument(
      'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"',
      'X-Amz-Algorithm',
      algorithm,
    )
  }
  const credential = parseCredential(
    credentialText,
    context.region,
    'InvalidArgument',
    'Error parsing the X-Amz-Credential parameter',
  )
  if (parseAmzDate(dateTime) === undefined || dateTime.slice(0, 8) !== credential.date) {
    throw invalidArgument('Invalid X-Amz-Date', 'X-Amz-Date', dateTime)
  }
  const account = findAccount(
    context.accounts,
    credential.accessKeyId,
    fields.get('x-amz-security-token'),
  )
  const key = signingKey(account.secretAccessKey, credential.date, context.region)
  if (!isSameHex(createHmac('sha256', key).update(policy).digest('hex'), signature)) {
    throw new S3Fault('SignatureDoesNotMatch', undefined, [
      ['AWSAccessKeyId', account.accessKeyId],
      ['StringToSign', policy],
      ['SignatureProvided', signature],
    ])
  }
  return checkPolicy(Buffer.from(policy, 'base64').toString('utf8'), fields, bucket, context.now)
}

/** The value of a field. Throws `InvalidArgument` as S3 words it. */
export function requiredField(fields: FormFields, name: string): string {
  const value = fields.get(name.toLowerCase())
  if (value !== undefined) return value
  throw invalidArgument(
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    name,
    '',
  )
}

function checkPolicy(text: string, fields: FormFields, bucket: string, now: number): FileLimits {
  const { expiration, conditions } = parsePolicy(text)
  if (now > expiration) throw denied('Policy expired.')
  const named = new Set<string>()
  const contentTypeStart = commonStart(fields.get('content-type') ?? '')
  let limits: FileLimits = { sizeMin: 0, sizeMax: SIZE_MAX }
  for (const condition of conditions) {
    if (condition.kind === 'content-length-range') {
      limits = { sizeMin: condition.min, sizeMax: condition.max }
      continue
    }
    const name = condition.field.toLowerCase()
    named.add(name)
    const value = name === 'bucket' ? bucket : fields.get(name)
    const start = name === 'content-type' ? contentTypeStart : value
    if (value === undefined || !meets(condition, value, start ?? '')) {
      throw denied(
        `Policy Condition failed: ["${condition.kind}", "$${condition.field}", "${condition.value}"]`,
      )
    }
  }
  const extra = [...fields.keys()].filter(
    (name) => !named.has(name) && !FREE_FIELDS.has(name) && !name.startsWith('x-ignore-'),
  )
  if (extra.length > 0) throw denied(`Extra input fields: ${extra.join(', ')}`)
  return limits
}

type Condition =
  | { readonly kind: 'eq' | 'starts-with'; readonly field: string; readonly value: string }
  | { readonly kind: 'content-length-range'; readonly min: number; readonly max: number }

function meets(
  condition: { readonly kind: 'eq' | 'starts-with'; readonly value: string },
  value: string,
  start: string,
): boolean {
  return condition.kind === 'eq' ? value === condition.value : start.startsWith(condition.value)
}

/**
 * Returns the common prefix of a list's items: a Content-Type may be a list, and each item must
 * match.
 */
function commonStart(list: string): string {
  let start: string | undefined
  for (const item of list.split(',')) {
    const text = item.trim()
    start ??= text
    let length = 0
    while (length < start.length && start[length] === text[length]) length += 1
    start = start.slice(0, length)
  }
  return start ?? ''
}

function parsePolicy(text: string): {
  expiration: number
  conditions: readonly Condition[]
} {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw invalidPolicy('Invalid JSON.')
  }
  if (!isRecord(parsed)) throw invalidPolicy('Invalid JSON.')
  const { expiration, conditions } = parsed
  const isDate =
    typeof expiration === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(expiration) &&
    !Number.isNaN(Date.parse(expiration))
  if (!isDate) throw invalidPolicy("Invalid 'expiration' value")
  if (!Array.isArray(conditions)) throw invalidPolicy('Policy missing conditions.')
  const list: readonly unknown[] = conditions
  return { expiration: Date.parse(expiration), conditions: list.map(parseCondition) }
}

function parseCondition(condition: unknown): Condition {
  if (Array.isArray(condition)) return parseListCondition(condition)
  if (!isRecord(condition)) throw invalidPolicy('Invalid Condition.')
  const [entry, ...others] = Object.entries(condition)
  if (entry === undefined || others.length > 0) {
    throw invalidPolicy(
      'Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.',
    )
  }
  const [field, value] = entry
  if (typeof value !== 'string') {
    throw invalidPolicy('Invalid Simple-Condition: value must be a string.')
  }
  return { kind: 'eq', field, value }
}

function parseListCondition(condition: readonly unknown[]): Condition {
  const [operator, first, second] = condition
  if (condition.length !== 3 || typeof operator !== 'string') {
    throw invalidPolicy('Invalid Condition: wrong number of arguments.')
  }
  const kind = operator.toLowerCase()
  if (kind === 'content-length-range') {
    const min = Number(first)
    const max = Number(second)
    if (!Number.isInteger(min) || !Number.isInteger(max) || min < 0) {
      throw invalidPolicy('Invalid content-length-range.')
    }
    return { kind, min, max }
  }
  if (kind !== 'eq' && kind !== 'starts-with') {
    throw invalidPolicy(`Invalid Condition: unknown operation '${operator}'.`)
  }
  if (typeof first !== 'string' || typeof second !== 'string') {
    throw invalidPolicy('Invalid Condition: arguments must be strings.')
  }
  if (!first.startsWith('$')) {
    throw denied(`Policy Condition failed: ["${kind}", "${first}", "${second}"]`)
  }
  return { kind, field: first.slice(1), value: second }
}

function denied(message: string): S3Fault {
  return new S3Fault('AccessDenied', `Invalid according to Policy: ${message}`)
}

function invalidPolicy(message: string): S3Fault {
  return new S3Fault('InvalidPolicyDocument', `Invalid Policy: ${message}`)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
