import { failure, ok, type Result } from '../base/result.ts'
import type { Method } from './object-version.ts'
import { hashFile, readPlanHash } from './open-plan.ts'
import { type PlannedVersion, type PlanOpening, parseOpening, parsePlanned } from './plan-record.ts'
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
  const hash = await hashFile(folder.plan)
  if (hash !== expected) return failure('the plan was changed after it was finished')
  const totals = new PlanTotals()
  const ways = new Map<string, PlannedWay>()
  let opening: PlanOpening | undefined
  for await (const line of readJournal(folder.plan)) {
    if (!line.ok) return line
    const { record, fields } = line.value
    if (record === 'open') opening = parseOpening(fields)
    const planned = record === 'planned' ? parsePlanned(fields) : undefined
    if (planned === undefined) continue
    totals.add(planned)
    noteWay(ways, planned)
  }
  if (opening === undefined) return failure('the plan has no beginning')
  return ok({ opening, hash, totals, ways: [...ways.values()] })
}

/** The versions of a plan, in its order. Throws if the file was changed meanwhile. */
export async function* plannedVersions(folder: StateFolder): AsyncGenerator<PlannedVersion> {
  for await (const line of readJournal(folder.plan)) {
    if (!line.ok) throw new Error(line.error)
    const planned = line.value.record === 'planned' ? parsePlanned(line.value.fields) : undefined
    if (planned !== undefined) yield planned
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
