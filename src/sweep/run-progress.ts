import { existsSync } from 'node:fs'
import { failure, ok, type Result } from '../base/result.ts'
import type { ObjectClass } from './object-version.ts'
import { readJournal } from './read-journal.ts'
import { parseRunRecord, planOfRun, type RunRecord } from './run-record.ts'

/** What the last record of a version says. */
type RunStatus = 'none' | 'begun' | 'done' | 'settled' | 'skipped' | 'failed'

const STATUSES = ['none', 'begun', 'done', 'settled', 'skipped', 'failed'] as const

/** Classes of a version that need nothing any more. */
const FINE: ReadonlySet<ObjectClass> = new Set(['sealed', 'exempt', 'gone'])

/** Where a run says that a version was begun, which may have been changed. */
interface PendingReseal {
  /** Of its record `begun`, which has what it was before. */
  readonly start: number
  readonly uploadId: string | undefined
}

/** What counts of the end of a version. */
type Ended =
  | { readonly record: 'done' | 'failed'; readonly n: number }
  | { readonly record: 'skipped'; readonly n: number; readonly class: ObjectClass }

/**
 * How far a run is: one byte for each version of the plan, and a place in the file for each that was begun
 * and did not end well.
 */
export class RunProgress {
  #statuses = new Uint8Array(1024)
  readonly #pending = new Map<number, PendingReseal>()
  readonly #counts = new Map<RunStatus, number>()

  statusOf(n: number): RunStatus {
    return STATUSES[this.#statuses[n] ?? 0] ?? 'none'
  }

  /** What was begun and did not end well: it failed, or the process was killed. */
  pendingOf(n: number): PendingReseal | undefined {
    return this.#pending.get(n)
  }

  /** Versions with this status. */
  countOf(status: RunStatus): number {
    return this.#counts.get(status) ?? 0
  }

  /** `start`: its place in the file. */
  add(record: RunRecord, start: number): void {
    const { n } = record
    switch (record.record) {
      case 'begun':
        this.#pending.set(n, { start, uploadId: undefined })
        this.#set(n, 'begun')
        return
      case 'upload': {
        const pending = this.#pending.get(n)
        if (pending !== undefined) this.#pending.set(n, { ...pending, uploadId: record.uploadId })
        return
      }
      default:
        this.addEnd(record)
    }
  }

  addEnd(record: Ended): void {
    // What failed may have been changed: the next run compares it again.
    if (record.record !== 'failed') this.#pending.delete(record.n)
    const isFine = record.record === 'skipped' && FINE.has(record.class)
    this.#set(record.n, isFine ? 'settled' : record.record)
  }

  #set(n: number, status: RunStatus): void {
    if (n >= this.#statuses.length) {
      const larger = new Uint8Array(Math.max(n + 1, this.#statuses.length * 2))
      larger.set(this.#statuses)
      this.#statuses = larger
    }
    this.#count(this.statusOf(n), -1)
    this.#statuses[n] = STATUSES.indexOf(status)
    this.#count(status, 1)
  }

  #count(status: RunStatus, change: number): void {
    this.#counts.set(status, this.countOf(status) + change)
  }
}

/**
 * Reads what was done of a plan. Fails with words for people if the journal is broken, or of another
 * plan. `onRecord`: for each record of a version, with its place.
 */
export async function readRun(
  file: string,
  plan: string,
  onRecord: (record: RunRecord, start: number) => void = () => undefined,
): Promise<Result<RunProgress, string>> {
  const progress = new RunProgress()
  if (!existsSync(file)) return ok(progress)
  for await (const line of readJournal(file)) {
    if (!line.ok) return line
    const { fields, record: name, start } = line.value
    if (name === 'open' && planOfRun(fields) !== plan) {
      return failure('the run is of another plan')
    }
    if (name === 'open' || name === 'close') continue
    const record = parseRunRecord(fields)
    if (record === undefined) {
      return failure('the run holds an unknown record: another version of sealgate wrote it')
    }
    progress.add(record, start)
    onRecord(record, start)
  }
  return ok(progress)
}
