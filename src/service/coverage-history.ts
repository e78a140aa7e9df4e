import { WRITE_OUTCOMES, type WriteOutcome } from '../telemetry/metric-words.ts'

/** Objects written, by outcome. */
export type WriteCounts = Readonly<Record<WriteOutcome, number>>

export const NO_WRITES: WriteCounts = { sealed: 0, exempt: 0, observed: 0, unconfirmed: 0 }

/** Length of a slot. */
export const SLOT_MS = 5 * 60_000
/** Six hours. */
export const SLOTS_MAX = 72

/** What was written in each of the last slots, from sums that are looked at once a slot. */
export class CoverageHistory {
  /** Sums at the ends of slots, oldest first. */
  readonly #marks: WriteCounts[] = [NO_WRITES]

  /** A slot has ended with these sums. */
  mark(sums: WriteCounts): void {
    this.#marks.push(sums)
    if (this.#marks.length > SLOTS_MAX) this.#marks.shift()
  }

  /** Oldest first; the last one is not over yet. `sums`: as they are now. */
  slots(sums: WriteCounts): readonly WriteCounts[] {
    return this.#marks.map((before, i) => difference(this.#marks[i + 1] ?? sums, before))
  }
}

function difference(after: WriteCounts, before: WriteCounts): WriteCounts {
  const counts = { ...NO_WRITES }
  for (const outcome of WRITE_OUTCOMES) {
    counts[outcome] = Math.max(0, after[outcome] - before[outcome])
  }
  return counts
}
