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

/** The time that answers are wanted for, in ms since the epoch. */
export interface Period {
  readonly fromMs: number
  /** Exclusive. */
  readonly toMs: number
}

/** The time of a gap: what is missing lies within it. */
export interface Span {
  readonly fromMs: number
  /** Infinite if nothing bounds it. */
  readonly untilMs: number
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
  /** Gaps that lie outside of the period. */
  outsideCount = 0
  readonly #period: Period | undefined

  /** `period`: gaps that lie outside of it are counted apart; failures never are. */
  constructor(period?: Period) {
    this.#period = period
  }

  fail(what: string, place?: Place): void {
    this.failureCount++
    keep(this.failures, what, place)
  }

  /** `span` is left out if nothing says when it was. */
  gap(what: string, place?: Place, span?: Span): void {
    if (this.#period !== undefined && span !== undefined && !overlaps(span, this.#period)) {
      this.outsideCount++
      return
    }
    this.gapCount++
    keep(this.gaps, what, place)
  }

  note(what: string, place?: Place): void {
    keep(this.notes, what, place)
  }
}

function overlaps({ fromMs, untilMs }: Span, period: Period): boolean {
  return !(untilMs < period.fromMs || fromMs >= period.toMs)
}

function keep(list: Finding[], what: string, place: Place | undefined): void {
  if (list.length < KEPT_MAX) list.push(place === undefined ? { what } : { what, place })
}
