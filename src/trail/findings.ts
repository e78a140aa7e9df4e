/** Where in a trail. */
export interface Place {
  readonly file: string
  /** From 1. */
  readonly line?: number
  /** Of the line's first byte in the file. */
  readonly offset?: number
  /** Of the line, without its LF. */
  readonly bytes?: number
}

/** Something wrong with the trail, or a hole that the trail itself tells of. */
export interface Finding {
  readonly what: string
  readonly place?: Place
}

/** So many of a kind are kept; all are counted. */
const KEPT_MAX = 100

/** What a verification has found so far. */
export class Findings {
  /** It is not what was written, or not what was signed. */
  readonly failures: Finding[] = []
  /** The trail tells by itself that something is missing. */
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
