import type { PlanTotals } from './plan-totals.ts'

/** What a run of a plan will need, if everything is accepted. */
export interface Estimate {
  readonly updates: number
  readonly copies: number
  readonly copyBytes: number
  readonly requests: number
  readonly seconds: number
  readonly dollars: number
}

/**
 * Prices of us-east-1 for a million requests, as of 2026: they change, and differ by region. KMS: one
 * call for an object, as without a bucket key.
 */
const WRITE_DOLLARS = 5
const READ_DOLLARS = 0.4
const KMS_DOLLARS = 3

/** Requests for one object: the change itself, and the reads before and after it. */
const READS = 8
const MILLION = 1_000_000

/** `rate`: objects a second; `bytesRate`: bytes a second for copies. */
export function estimateRun(totals: PlanTotals, rate: number, bytesRate: number): Estimate {
  let updates = 0
  let copies = 0
  let copyBytes = 0
  for (const { method, objects, bytes } of totals.rows) {
    if (method === 'update') updates += objects
    else if (method !== undefined) {
      copies += objects
      copyBytes += bytes
    }
  }
  const changes = updates + copies
  const reads = changes * READS
  return {
    updates,
    copies,
    copyBytes,
    requests: changes + reads,
    seconds: Math.max(changes / rate, copyBytes / bytesRate),
    dollars: (changes * WRITE_DOLLARS + reads * READ_DOLLARS + changes * KMS_DOLLARS) / MILLION,
  }
}
