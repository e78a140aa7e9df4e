/** A sweep event: the audit line that says of which plan the changes that follow, or went before, are. */
export interface SweepEvent {
  /** Milliseconds since the epoch. */
  readonly timeMs: number
  readonly event: 'begin' | 'end'
  /** SHA-256 of the active configuration, in hex. */
  readonly configHash: string
  /** SHA-256 of the plan's file, in hex. */
  readonly plan: string
  /** SHA-256 of the run's file as it is at this time, in hex; null: there is none yet. */
  readonly run: string | null
  /** The whole population of the plan = fine + done + failed + left. */
  readonly versions: number
  /** Sealed or exempt as planned, sealed by others, or deleted since. */
  readonly fine: number
  readonly done: number
  readonly failed: number
  readonly left: number
}
