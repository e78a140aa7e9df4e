/** GOVERNANCE can be bypassed by who has the right to, COMPLIANCE by nobody: the weaker first. */
export const LOCK_MODES = ['GOVERNANCE', 'COMPLIANCE'] as const
export type LockMode = (typeof LOCK_MODES)[number]

export const LOCK_MODE_HEADER = 'x-amz-object-lock-mode'
export const RETAIN_UNTIL_HEADER = 'x-amz-object-lock-retain-until-date'
export const BYPASS_HEADER = 'x-amz-bypass-governance-retention'

/** Until when an object is kept. */
export interface Retention {
  readonly mode: LockMode
  /** Milliseconds since 1970. */
  readonly untilMs: number
}

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$/

/**
 * Parses the two headers of a retention. Undefined unless both are there and valid, as S3 demands.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
export function parseRetention(
  mode: string | undefined,
  date: string | undefined,
): Retention | undefined {
  const known = LOCK_MODES.find((known) => known === mode)
  const untilMs = date !== undefined && DATE.test(date) ? Date.parse(date) : Number.NaN
  return known === undefined || Number.isNaN(untilMs) ? undefined : { mode: known, untilMs }
}

/** Returns the stronger mode and the later date of two retentions. */
export function longerRetention(a: Retention, b: Retention): Retention {
  const mode = a.mode === 'COMPLIANCE' || b.mode === 'COMPLIANCE' ? 'COMPLIANCE' : 'GOVERNANCE'
  return { mode, untilMs: Math.max(a.untilMs, b.untilMs) }
}

/** Returns the headers of a retention; the date in whole seconds, not before it. */
export function retentionHeaders({ mode, untilMs }: Retention): readonly string[] {
  const date = new Date(Math.ceil(untilMs / 1000) * 1000).toISOString().replace('.000Z', 'Z')
  return [LOCK_MODE_HEADER, mode, RETAIN_UNTIL_HEADER, date]
}
