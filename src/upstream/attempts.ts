import type { AnswerHead } from './upstream-answer.ts'
import type { UpstreamFailureKind } from './upstream-failure.ts'

/** The attempts to send one request. */
export interface Attempts {
  /** Why attempts failed, including repeated ones. */
  readonly failures: readonly UpstreamFailureKind[]
  /** The last head that arrived; undefined if none did. */
  readonly head: AnswerHead | undefined
  /** How long the last head took, from the start of its attempt. */
  readonly headMs: number | undefined
  /** Regions of buckets that S3 named, in order. */
  readonly learnt: readonly LearntRegion[]
}

/** S3 named another region for a bucket than was known. */
interface LearntRegion {
  readonly bucket: string
  readonly region: string
}

const NO_FAILURES: readonly UpstreamFailureKind[] = []
const NO_REGIONS: readonly LearntRegion[] = []

/** Records the attempts of one request. */
export class AttemptNotes implements Attempts {
  failures = NO_FAILURES
  learnt = NO_REGIONS
  head: AnswerHead | undefined
  headMs: number | undefined

  noteFailures(kinds: readonly UpstreamFailureKind[]): void {
    this.failures = [...this.failures, ...kinds]
  }

  noteRegion(region: LearntRegion): void {
    this.learnt = [...this.learnt, region]
  }

  noteHead(head: AnswerHead, ms: number): void {
    this.head = head
    this.headMs = ms
  }
}
