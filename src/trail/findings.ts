/** A place in a trail. */
export interface Place {
  readonly file: string
  /** From 1. */
  readonly line?: number
  /** The offset of the line's first byte in the file. */
  readonly offset?: number
  /** The length of the line, without its LF. */
  readonly bytes?: number
}

/** A problem of the trail, or a gap that the trail itself reports. */
export interface Finding {
  readonly what: string
  readonly place?: Place
}

/** Limit of stored findings of each kind; all are counted. */
const KEPT_MAX = 100

/** The findings of a verification. */
export class Findings {
  /** The trail differs from what was written or signed. */
  readonly failures: Finding[] = []
  /** The trail itself reports that something is missing. */
  readonly gaps: Finding[] = []
  /** Worth knowing, and nothing is missing. */
  readonly notes: Finding[] = []
  failureCount = 0
  gapCount = 0

  fail(what: string, place?: Place): void {
    this.failureCount++
    keep(this.failures, what, place)
  }

  gap(what: string, place?: Place): void {
    this.gapCount++
    keep(this.gaps, what, place)
  }

  note(what: string, place?: Place): void {
    keep(this.notes, what, place)
  }
}

function keep(list: Finding[], what: string, place: Place | undefined): void {
  if (list.length < KEPT_MAX) list.push(place === undefined ? { what } : { what, place })
}
