import type { UnreadableKey } from './finished-plan.ts'
import {
  encryptionText,
  type RowStatus,
  reasonOf,
  type SweepRow,
  UNREADABLE,
} from './sweep-rows.ts'
import type { Count } from './tally.ts'

/** Versions that are listed by name; the others are in the CSV. */
const LISTED_MAX = 1000
/** Groups beyond are counted as `other`. */
const GROUPS_MAX = 1000

/** A version that is not done, and why. */
interface LeftVersion {
  readonly name: string
  readonly status: RowStatus
  readonly class: string
  readonly reason: string
  readonly recovery: readonly string[]
}

/** What became of a plan, in numbers; constant memory. */
export class SweepSummary {
  readonly statuses = new Map<string, Count>()
  /** By class and reason, of what is left. */
  readonly left = new Map<string, Count>()
  /** By the key before the sweep, and after it. */
  readonly before = new Map<string, Count>()
  readonly after = new Map<string, Count>()
  readonly listed: LeftVersion[] = []
  #all: Count = { objects: 0, bytes: 0 }
  #unlisted = 0

  add(row: SweepRow): void {
    const { planned, end, status } = row
    const { bytes, encryption } = planned.state
    const found = encryptionText(end?.record === 'done' ? end.before.encryption : encryption)
    const now = encryptionText(end?.record === 'done' ? end.after.encryption : encryption)
    this.#all = plus(this.#all, bytes)
    count(this.statuses, status, bytes)
    count(this.before, found, bytes)
    count(this.after, now, bytes)
    if (status !== 'left' && status !== 'failed') return
    const why = reasonOf(row)
    count(this.left, `${why.class}: ${groupOf(why.reason)}`, bytes)
    const recovery = end?.record === 'failed' ? end.recovery : []
    this.#list({ name: nameOf(row), status, ...why, recovery })
  }

  /** Its object is no version of the plan: nobody knows what it is. */
  addUnreadable({ bucket, key }: UnreadableKey): void {
    this.#list({ name: `${bucket}/${key}`, status: 'left', ...UNREADABLE, recovery: [] })
  }

  #list(version: LeftVersion): void {
    if (this.listed.length < LISTED_MAX) this.listed.push(version)
    else this.#unlisted++
  }

  get all(): Count {
    return this.#all
  }

  /** Versions that are left and not in `listed`. */
  get unlisted(): number {
    return this.#unlisted
  }

  countOf(status: RowStatus): Count {
    return this.statuses.get(status) ?? { objects: 0, bytes: 0 }
  }
}

/** `bucket/key`, with the version id if there is one. */
export function nameOf({ planned }: SweepRow): string {
  const { bucket, key, versionId } = planned.state.version
  return versionId === undefined ? `${bucket}/${key}` : `${bucket}/${key}?versionId=${versionId}`
}

function groupOf(reason: string): string {
  return reason.replace(/^retained until \S+/, 'retention')
}

function count(counts: Map<string, Count>, name: string, bytes: number): void {
  const isFull = counts.size >= GROUPS_MAX && !counts.has(name)
  const group = isFull ? 'other' : name
  counts.set(group, plus(counts.get(group) ?? { objects: 0, bytes: 0 }, bytes))
}

function plus({ objects, bytes }: Count, more: number): Count {
  return { objects: objects + 1, bytes: bytes + more }
}
