import type { Method, ObjectClass } from './object-version.ts'
import type { PlannedVersion } from './plan-record.ts'
import type { Count } from './tally.ts'

/** Versions of one class and reason. */
export interface ClassCount extends Count {
  readonly class: ObjectClass
  readonly reason: string | undefined
  readonly method: Method | undefined
  /** Joined by blanks. */
  readonly losses: string
}

/** More reasons of a class than these (operators' words, dates of locks) are counted as one. */
const ROWS_MAX = 1000

/** What a plan holds, by class and reason; constant memory however many versions there are. */
export class PlanTotals {
  readonly #rows = new Map<string, ClassCount>()
  #objects = 0
  #bytes = 0

  add({ state, classification }: Pick<PlannedVersion, 'state' | 'classification'>): void {
    const { class: name, way } = classification
    const reason = groupOf(classification.reason)
    const losses = way?.losses.join(' ') ?? ''
    const wanted = JSON.stringify([name, reason, way?.method, losses])
    const isNew = !this.#rows.has(wanted)
    const isFull = isNew && this.#rows.size >= ROWS_MAX
    const id = isFull ? JSON.stringify([name, 'other', way?.method, losses]) : wanted
    const row = this.#rows.get(id)
    this.#rows.set(id, {
      class: name,
      reason: isFull ? 'other' : reason,
      method: way?.method,
      losses,
      objects: (row?.objects ?? 0) + 1,
      bytes: (row?.bytes ?? 0) + state.bytes,
    })
    this.#objects++
    this.#bytes += state.bytes
  }

  get all(): Count {
    return { objects: this.#objects, bytes: this.#bytes }
  }

  get rows(): readonly ClassCount[] {
    return [...this.#rows.values()]
  }

  countOf(name: ObjectClass): Count {
    let objects = 0
    let bytes = 0
    for (const row of this.#rows.values()) {
      if (row.class !== name) continue
      objects += row.objects
      bytes += row.bytes
    }
    return { objects, bytes }
  }
}

/** Dates of retentions would make a row each. */
function groupOf(reason: string | undefined): string | undefined {
  return reason?.startsWith('retained until ') ? 'retention' : reason
}
