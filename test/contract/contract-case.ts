import type { Run } from './run.ts'
import type { TargetKind } from './target.ts'

/** What a case saw, by name; compared member by member with what it expects. */
export type Observation = Readonly<Record<string, unknown>>

/** The cause of most differences through Sealgate. */
export const POLICY = "the policy's encryption, whatever was asked"

/** A known difference from AWS, with its cause. */
export interface Difference {
  readonly see: Observation
  readonly cause: string
}

/**
 * One statement about S3. `aws` is what AWS does, as `source` says: "AWS" and pages of its documentation of S3 by their
 * names (`API_PutObject`, `sigv4-streaming`), an RFC, or another public place.
 * `differs` names the targets that do otherwise: `rgw` and `sandbox` asked directly,
 * `sealgate` in front of either, `sealgate+rgw` in front of one.
 */
export interface ContractCase {
  readonly id: string
  readonly says: string
  readonly source: string
  readonly run: (run: Run) => Promise<Observation>
  readonly aws: Observation
  readonly differs?: Partial<Readonly<Record<DifferenceKey, Difference>>>
  /** Targets that this is not asked of, and why. */
  readonly notFor?: Partial<Readonly<Record<DifferenceKey, string>>>
}

/** Whom a difference or an exception names. */
export type DifferenceKey = 'rgw' | 'sandbox' | 'sealgate' | 'sealgate+rgw' | 'sealgate+sandbox'

const LOOKUP: Readonly<Record<TargetKind, readonly DifferenceKey[]>> = {
  rgw: ['rgw'],
  sandbox: ['sandbox'],
  other: [],
  'sealgate+rgw': ['sealgate+rgw', 'sealgate', 'rgw'],
  'sealgate+other': ['sealgate'],
  'sealgate+sandbox': ['sealgate+sandbox', 'sealgate', 'sandbox'],
}

/** What the case has to see at that target: the most special difference, or what AWS does. */
export function expectedAt(one: ContractCase, target: TargetKind): Observation {
  for (const key of LOOKUP[target]) {
    const difference = one.differs?.[key]
    if (difference) return difference.see
  }
  return one.aws
}

/** Why the case is not asked of that target; undefined: it is. */
export function reasonToSkip(one: ContractCase, target: TargetKind): string | undefined {
  for (const key of LOOKUP[target]) {
    const reason = one.notFor?.[key]
    if (reason !== undefined) return reason
  }
  return undefined
}

/**
 * A difference of RGW asked directly. Sealgate judges the matter itself, so through it the answer is
 * AWS's again.
 */
export function judgedHere(
  see: Observation,
  cause: string,
  aws: Observation,
): NonNullable<ContractCase['differs']> {
  return {
    rgw: { see, cause },
    'sealgate+rgw': { see: aws, cause: 'Sealgate judges it itself, as AWS does' },
  }
}
