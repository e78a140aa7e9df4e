import { S3Fault } from './fault.ts'

/** A statement that denies something. Statements that allow say nothing here: accounts may do all. */
interface DenyStatement {
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  readonly conditions: readonly PolicyCondition[]
}

/** One key of one operator. */
interface PolicyCondition {
  readonly operator: ConditionOperator
  readonly key: string
  readonly values: readonly string[]
}

/** The evaluated members of a policy document and of a statement. */
interface PolicyNode {
  readonly Statement?: unknown
  readonly Effect?: unknown
  readonly Principal?: unknown
  readonly AWS?: unknown
  readonly Action?: unknown
  readonly Resource?: unknown
  readonly Condition?: unknown
  readonly NotAction?: unknown
  readonly NotResource?: unknown
  readonly NotPrincipal?: unknown
}

type ConditionOperator = (typeof OPERATORS)[number]

const OPERATORS = [
  'StringEquals',
  'StringEqualsIfExists',
  'StringNotEquals',
  'StringNotEqualsIfExists',
  'StringLike',
  'StringNotLike',
  'Null',
  'Bool',
] as const

/** The request that a policy evaluates. */
interface PolicyQuestion {
  /** `s3:PutObject`, … */
  readonly action: string
  /** `arn:aws:s3:::<bucket>`, or that and `/<key>` */
  readonly resource: string
  /** Returns the value of a condition key; `undefined` if the request has none. */
  valueOf(key: string): string | undefined
}

/**
 * Parses a bucket policy, as far as the sandbox evaluates it: Deny statements for every principal
 * on `s3:x-amz-*`, `aws:SecureTransport` and `s3:signatureversion`. Throws `MalformedPolicy` for
 * statements that it cannot enforce.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html (the policy
 * that denies uploads without SSE-KMS) and
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export function parseBucketPolicy(text: string): readonly DenyStatement[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new S3Fault('MalformedPolicy')
  }
  if (!isRecord(parsed)) throw new S3Fault('MalformedPolicy')
  const statements: DenyStatement[] = []
  for (const statement of listOf(parsed.Statement)) {
    if (!isRecord(statement)) throw new S3Fault('MalformedPolicy')
    if (statement.Effect === 'Deny') statements.push(parseDeny(statement))
    else if (statement.Effect !== 'Allow') throw malformed('Effect')
  }
  return statements
}

/** Returns whether a statement denies the request. */
export function isDenied(statements: readonly DenyStatement[], question: PolicyQuestion): boolean {
  return statements.some(
    (statement) =>
      statement.actions.some((pattern) => isLike(question.action, pattern)) &&
      statement.resources.some((pattern) => isLike(question.resource, pattern)) &&
      statement.conditions.every((condition) => holds(condition, question.valueOf(condition.key))),
  )
}

function parseDeny(statement: PolicyNode): DenyStatement {
  for (const name of ['NotAction', 'NotResource', 'NotPrincipal'] as const) {
    if (statement[name] !== undefined) throw malformed(name)
  }
  const principal = statement.Principal
  const aws = isRecord(principal) ? principal.AWS : principal
  if (!listOf(aws).includes('*')) throw malformed('Principal')
  return {
    actions: stringsOf(statement.Action, 'Action'),
    resources: stringsOf(statement.Resource, 'Resource'),
    conditions: parseConditions(statement.Condition ?? {}),
  }
}

function parseConditions(block: unknown): readonly PolicyCondition[] {
  if (!isRecord(block)) throw malformed('Condition')
  const conditions: PolicyCondition[] = []
  for (const [name, keys] of Object.entries(block)) {
    const operator = OPERATORS.find((candidate) => candidate === name)
    if (operator === undefined || !isRecord(keys)) throw malformed(name)
    for (const [key, values] of Object.entries(keys)) {
      const lower = key.toLowerCase()
      const isKnown =
        lower.startsWith('s3:x-amz-') ||
        lower === 'aws:securetransport' ||
        lower === 's3:signatureversion'
      if (!isKnown) throw malformed(key)
      conditions.push({ operator, key: lower, values: stringsOf(values, key) })
    }
  }
  return conditions
}

function holds(condition: PolicyCondition, value: string | undefined): boolean {
  const { operator, values } = condition
  switch (operator) {
    case 'StringEquals':
    case 'Bool':
      return value !== undefined && values.includes(value)
    case 'StringEqualsIfExists':
      return value === undefined || values.includes(value)
    // A negated operator is true if the key is missing.
    case 'StringNotEquals':
      return value === undefined || !values.includes(value)
    case 'StringNotEqualsIfExists':
      return value === undefined || !values.includes(value)
    case 'StringLike':
      return value !== undefined && values.some((pattern) => isLike(value, pattern))
    case 'StringNotLike':
      return value === undefined || !values.some((pattern) => isLike(value, pattern))
    case 'Null':
      return values.includes(value === undefined ? 'true' : 'false')
  }
}

/** `*` matches any characters, `?` one. Linear in time: only the last star is retried. */
function isLike(text: string, pattern: string): boolean {
  let t = 0
  let p = 0
  let star = -1
  let starText = 0
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++
      starText = t
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      t++
      p++
    } else if (star !== -1) {
      p = star + 1
      t = ++starText
    } else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

function stringsOf(value: unknown, name: string): readonly string[] {
  const list = listOf(value).map((item) => (typeof item === 'boolean' ? String(item) : item))
  if (list.length === 0 || !list.every((item) => typeof item === 'string')) throw malformed(name)
  return list
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function isRecord(value: unknown): value is PolicyNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function malformed(name: string): S3Fault {
  return new S3Fault('MalformedPolicy', `The sandbox does not evaluate this policy: ${name}`)
}
