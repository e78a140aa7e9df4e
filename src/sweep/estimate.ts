import { formatBytes, formatCount, formatSeconds } from './format-numbers.ts'
import type { PlanTotals } from './plan-totals.ts'

/** What a run of a plan will need, if everything is accepted. */
interface Estimate {
  readonly updates: number
  readonly copies: number
  readonly copyBytes: number
  readonly requests: number
  readonly seconds: number
  readonly dollars: number
}

/** What an estimate takes for granted. Prices change, and differ by region. */
export const ASSUMPTIONS = {
  /** What the defaults of `sweep run` make of small objects, and their limit of bytes. */
  objectsPerSecond: 20,
  copiedBytesPerSecond: 200_000_000,
  /** Before and after the change. */
  readsPerObject: 8,
  /** As without a bucket key. */
  kmsCallsPerObject: 1,
  prices: 'us-east-1, 2026',
  dollarsPerMillionChanges: 5,
  dollarsPerMillionReads: 0.4,
  dollarsPerMillionKmsCalls: 3,
} as const

const MILLION = 1_000_000

/** What a run of everything that the plan could do needs. */
export function estimateRun(totals: PlanTotals): Estimate {
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
  const reads = changes * ASSUMPTIONS.readsPerObject
  const dollars =
    changes * ASSUMPTIONS.dollarsPerMillionChanges +
    reads * ASSUMPTIONS.dollarsPerMillionReads +
    changes * ASSUMPTIONS.kmsCallsPerObject * ASSUMPTIONS.dollarsPerMillionKmsCalls
  return {
    updates,
    copies,
    copyBytes,
    requests: changes + reads,
    seconds: Math.max(
      changes / ASSUMPTIONS.objectsPerSecond,
      copyBytes / ASSUMPTIONS.copiedBytesPerSecond,
    ),
    dollars: dollars / MILLION,
  }
}

/** The same for people, with what it takes for granted. */
export function describeEstimate(estimate: Estimate): readonly string[] {
  const { updates, copies, copyBytes, requests, seconds, dollars } = estimate
  if (updates + copies === 0) return ['nothing to do']
  const { objectsPerSecond, copiedBytesPerSecond, readsPerObject } = ASSUMPTIONS
  const prices = `$${ASSUMPTIONS.dollarsPerMillionChanges} a million changes, $${ASSUMPTIONS.dollarsPerMillionReads} a million reads, $${ASSUMPTIONS.dollarsPerMillionKmsCalls} a million calls of KMS`
  return [
    `to do: ${formatCount(updates)} updates, ${formatCount(copies)} copies (${formatBytes(copyBytes)})`,
    `about ${formatCount(requests)} requests: the change of each object, and ${readsPerObject} reads before and after it`,
    `about ${formatSeconds(seconds)} at ${objectsPerSecond} objects and ${formatBytes(copiedBytesPerSecond)} of copies a second, as without options`,
    `about $${dollars.toFixed(2)}: ${prices} (one for each object, as without bucket keys); prices of ${ASSUMPTIONS.prices}: check them`,
    'not in it: the parts of large copies, what the old versions cost that a copy leaves, minimum durations of storage classes, replicas, receivers of events',
  ]
}
