import { failure, ok, type Result } from '../base/result.ts'
import { hashFile } from './hash-file.ts'
import type { Method } from './object-version.ts'
import { readPlanHash, UNKNOWN_RECORD } from './open-plan.ts'
import {
  type PlannedVersion,
  type PlanOpening,
  parseOpening,
  parsePage,
  parsePlanned,
} from './plan-record.ts'
import { PlanTotals } from './plan-totals.ts'
import { readJournal } from './read-journal.ts'
import type { StateFolder } from './state-folder.ts'

/** A plan that is complete and as it was written. */
export interface FinishedPlan {
  readonly opening: PlanOpening
  /** SHA-256, hex. */
  readonly hash: string
  readonly totals: PlanTotals
  /** What has to be possible, for each rule in each bucket. */
  readonly ways: readonly PlannedWay[]
  /** Keys that requests cannot name: nothing can be done with their objects. */
  readonly unreadable: number
}

/** Versions of a bucket that get a rule's key by a method. */
export interface PlannedWay {
  readonly bucket: string
  readonly rule: string
  readonly method: Method
  /** The first such key. */
  readonly key: string
  /** Some of them are under KMS. */
  readonly isFromKms: boolean
}

/** Reads and verifies a plan, all of it. Fails with words for people. */
export async function readFinishedPlan(folder: StateFolder): Promise<Result<FinishedPlan, string>> {
  const expected = await readPlanHash(folder)
  if (expected === undefined) {
    return failure('there is no finished plan in this state: `sealgate sweep plan` makes one')
  }
  const hash = await hashFile(folder.plan, 'sha256')
  if (hash !== expected) return failure('the plan was changed after it was finished')
  const reading = new Reading()
  for await (const line of readJournal(folder.plan)) {
    if (!line.ok) return line
    if (!reading.add(line.value.record, line.value.fields)) return failure(UNKNOWN_RECORD)
  }
  const { opening, totals, ways, unreadable } = reading
  if (opening === undefined) return failure('the plan has no beginning')
  return ok({ opening, hash, totals, ways: [...ways.values()], unreadable })
}

/** What the records so far add up to. */
class Reading {
  readonly totals = new PlanTotals()
  readonly ways = new Map<string, PlannedWay>()
  unreadable = 0
  opening: PlanOpening | undefined

  /** Returns false for an unknown record. */
  add(record: string, fields: object): boolean {
    switch (record) {
      case 'open':
        this.opening = parseOpening(fields)
        return true
      case 'planned': {
        const planned = parsePlanned(fields)
        if (planned === undefined) return false
        this.totals.add(planned)
        noteWay(this.ways, planned)
        return true
      }
      case 'page': {
        const page = parsePage(fields)
        this.unreadable += page?.unreadable.length ?? 0
        return page !== undefined
      }
      default:
        return record === 'preflight' || record === 'close'
    }
  }
}

/** The versions of a plan, in its order. Throws if the file was changed meanwhile. */
export async function* plannedVersions(folder: StateFolder): AsyncGenerator<PlannedVersion> {
  for await (const line of readJournal(folder.plan)) {
    if (!line.ok) throw new Error(line.error)
    if (line.value.record !== 'planned') continue
    const planned = parsePlanned(line.value.fields)
    if (planned === undefined) throw new Error(UNKNOWN_RECORD)
    yield planned
  }
}

/** A key that requests cannot name. */
export interface UnreadableKey {
  readonly bucket: string
  /** Percent-encoded. */
  readonly key: string
}

/** The keys of a plan that requests cannot name, in its order. Throws if the file was changed meanwhile. */
export async function* unreadableKeys(folder: StateFolder): AsyncGenerator<UnreadableKey> {
  for await (const line of readJournal(folder.plan)) {
    if (!line.ok) throw new Error(line.error)
    if (line.value.record !== 'page') continue
    const page = parsePage(line.value.fields)
    if (page === undefined) throw new Error(UNKNOWN_RECORD)
    for (const key of page.unreadable) yield { bucket: page.bucket, key }
  }
}

function noteWay(ways: Map<string, PlannedWay>, planned: PlannedVersion): void {
  const { state, classification, rule = '' } = planned
  const { bucket, key } = state.version
  const method = classification.way?.method
  if (method === undefined) return
  const isFromKms = state.encryption.kind === 'sse-kms'
  const id = JSON.stringify([bucket, rule, method, isFromKms])
  if (!ways.has(id)) ways.set(id, { bucket, rule, method, key, isFromKms })
}
