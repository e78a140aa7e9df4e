import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { parseAmzDate } from './amz-date.ts'
import {
  type ContentLengthRange,
  type MatchCondition,
  parsePostConditions,
} from './post-policy-conditions.ts'

/** The limit of a policy's text: S3 accepts 20 KiB before the file. */
export const POLICY_TEXT_LENGTH_MAX = 20_480

/** A POST policy: its expiration and conditions. */
export interface PostPolicy {
  /** In ms since the epoch. */
  readonly expirationMs: number
  readonly matches: readonly MatchCondition[]
  /** The intersection if there are several ranges; undefined if there is none. */
  readonly contentLengthRange: ContentLengthRange | undefined
}

/**
 * Decodes a policy. Verify its signature first, because the signature covers this text.
 *
 * Anything but base64 of a JSON object with exactly `expiration` (ISO 8601 in UTC, `Z`) and
 * `conditions` is 400 InvalidPolicyDocument. If JSON names a property twice, the last one counts,
 * as in JSON.parse.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
export function parsePostPolicy(base64Text: string): Result<PostPolicy, S3Error> {
  const document = decodeDocument(base64Text)
  if (document === undefined)
    return failure(refusal('post-policy-malformed', { detail: 'Invalid JSON.' }))
  const { expiration, conditions, ...others } = document
  const unexpected = Object.keys(others)[0]
  if (unexpected !== undefined) {
    return failure(
      refusal('post-policy-malformed', { detail: `Unexpected: ${JSON.stringify(unexpected)}` }),
    )
  }
  if (expiration === undefined)
    return failure(refusal('post-policy-malformed', { detail: 'Policy missing expiration.' }))
  if (conditions === undefined)
    return failure(refusal('post-policy-malformed', { detail: 'Policy missing conditions.' }))
  const expirationMs = typeof expiration === 'string' ? parseIsoUtc(expiration) : undefined
  if (expirationMs === undefined)
    return failure(refusal('post-policy-malformed', { detail: "Invalid 'expiration' value." }))
  if (!Array.isArray(conditions))
    return failure(refusal('post-policy-malformed', { detail: "Invalid 'conditions' value." }))
  const parsed = parsePostConditions(conditions)
  if (!parsed.ok) return parsed
  const matches: MatchCondition[] = []
  let range: ContentLengthRange | undefined
  for (const condition of parsed.value) {
    if (condition.kind === 'content-length-range') range = intersect(range, condition)
    else matches.push(condition)
  }
  return ok({ expirationMs, matches, contentLengthRange: range })
}

function decodeDocument(base64Text: string): Record<string, unknown> | undefined {
  if (base64Text.length > POLICY_TEXT_LENGTH_MAX) return undefined
  const base64 = base64Text.replace(/[\r\n]/g, '')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined
  try {
    const json = UTF8.decode(Buffer.from(base64, 'base64'))
    const document: unknown = JSON.parse(unescapeDollars(json))
    return isRecord(document) ? document : undefined
  } catch {
    return undefined
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** S3's documentation has `\$` in strings for a dollar sign; JSON has no such escape. */
function unescapeDollars(json: string): string {
  return json.replace(/\\[\\$]/g, (pair) => (pair === '\\$' ? '$' : pair))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `2015-12-30T12:00:00.000Z`, with an optional fraction. */
function parseIsoUtc(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text)) return undefined
  const fraction = text.length > 20 ? Number(`0${text.slice(19, -1)}`) : 0
  const wholeMs = parseAmzDate(`${text.slice(0, 19).replace(/[-:]/g, '')}Z`)
  return wholeMs === undefined ? undefined : wholeMs + Math.floor(fraction * 1000)
}

function intersect(
  range: ContentLengthRange | undefined,
  other: ContentLengthRange,
): ContentLengthRange {
  if (range === undefined) return other
  return {
    kind: 'content-length-range',
    min: Math.max(range.min, other.min),
    max: Math.min(range.max, other.max),
  }
}
