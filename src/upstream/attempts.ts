import type { AnswerHead } from './upstream-answer.ts'
import type { UpstreamFailureKind } from './upstream-failure.ts'

/** What is known of the attempts to send one request. */
export interface Attempts {
  /** Why attempts failed, those that were repeated included. */
  readonly failures: readonly UpstreamFailureKind[]
  /** The last head that came; undefined if none did. */
  readonly head: AnswerHead | undefined
  /** How long the last head took, from the beginning of its attempt. */
  readonly headMs: number | undefined
  /** Regions of buckets that S3 named, in that order. */
  readonly learnt: readonly LearntRegion[]
}

/** S3 said that a bucket is in another region than was known. */
interface LearntRegion {
  readonly bucket: string
  readonly region: string
}

const NO_FAILURES: readonly UpstreamFailureKind[] = []
const NO_REGIONS: readonly LearntRegion[] = []

/** Notes the attempts of one request as they are made. */
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
