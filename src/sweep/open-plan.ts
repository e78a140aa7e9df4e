import { readFile, rename, stat, truncate, writeFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { failure, ok, type Result } from '../base/result.ts'
import { hashFile } from './hash-file.ts'
import {
  type PageRecord,
  type PlannedVersion,
  type PlanOpening,
  parseOpening,
  parsePage,
  parsePlanned,
} from './plan-record.ts'
import { PlanTotals } from './plan-totals.ts'
import { readJournal } from './read-journal.ts'
import type { StateFolder } from './state-folder.ts'

/** How far a plan is. */
export class PlanProgress {
  readonly totals = new PlanTotals()
  /** Where each bucket goes on; null: it is complete. */
  readonly positions = new Map<string, unknown>()
  #deleteMarkers = 0
  #unreadable = 0

  addPage({ bucket, next, deleteMarkers, unreadable }: PageRecord): void {
    this.positions.set(bucket, next)
    this.#deleteMarkers += deleteMarkers
    this.#unreadable += unreadable.length
  }

  get deleteMarkers(): number {
    return this.#deleteMarkers
  }

  /** Keys that requests cannot name. */
  get unreadable(): number {
    return this.#unreadable
  }
}

/**
 * Reads how far a plan is, and cuts off what came after its last page: that page is planned again.
 * Fails if the state is of another plan, or finished.
 */
export async function resumePlan(
  folder: StateFolder,
  opening: PlanOpening,
): Promise<Result<PlanProgress, string>> {
  const progress = new PlanProgress()
  let whole = 0
  if (!(await exists(folder.plan))) return ok(progress)
  if (await exists(folder.planHash)) {
    return failure('this state has a finished plan: use another folder for another plan')
  }
  const reader = new PlanReader(progress, opening)
  for await (const line of readJournal(folder.plan)) {
    if (!line.ok) return line
    const { record, fields, end } = line.value
    const problem = reader.read(record, fields)
    if (problem !== undefined) return failure(problem)
    if (record === 'page') whole = end
  }
  await truncate(folder.plan, whole)
  return ok(progress)
}

/** Counts the versions of a plan; those without the end of their page do not count. */
class PlanReader {
  readonly #progress: PlanProgress
  readonly #opening: PlanOpening | undefined
  #waiting: PlannedVersion[] = []

  /** `opening`: what the plan must be; undefined: any. */
  constructor(progress: PlanProgress, opening: PlanOpening | undefined) {
    this.#progress = progress
    this.#opening = opening
  }

  /** Returns what is wrong with a record. */
  read(record: string, fields: object): string | undefined {
    switch (record) {
      case 'open':
        this.#waiting = []
        return this.#isOfThisPlan(fields) ? undefined : OTHER_PLAN
      case 'planned': {
        const planned = parsePlanned(fields)
        if (planned === undefined) return UNKNOWN_RECORD
        this.#waiting.push(planned)
        return undefined
      }
      case 'page': {
        const page = parsePage(fields)
        if (page === undefined) return UNKNOWN_RECORD
        for (const planned of this.#waiting) this.#progress.totals.add(planned)
        this.#waiting = []
        this.#progress.addPage(page)
        return undefined
      }
      case 'preflight':
      case 'close':
        return undefined
      default:
        return UNKNOWN_RECORD
    }
  }

  /** By another version of the program, perhaps. */
  #isOfThisPlan(fields: object): boolean {
    if (this.#opening === undefined) return true
    const former = parseOpening(fields)
    return (
      former !== undefined &&
      isDeepStrictEqual({ ...former, version: '' }, { ...this.#opening, version: '' })
    )
  }
}

/** Why a plan cannot be read. */
export const UNKNOWN_RECORD =
  'the plan holds an unknown record: another version of sealgate wrote it'

const OTHER_PLAN =
  'this state has a plan of another bucket, prefix, source, configuration or policy: use another folder'

/** Counts what an unfinished plan has so far, without changing it. */
export async function readPlanSoFar(folder: StateFolder): Promise<Result<PlanProgress, string>> {
  const progress = new PlanProgress()
  if (!(await exists(folder.plan))) return failure('there is no plan in this state')
  const reader = new PlanReader(progress, undefined)
  for await (const line of readJournal(folder.plan)) {
    if (!line.ok) return line
    const problem = reader.read(line.value.record, line.value.fields)
    if (problem !== undefined) return failure(problem)
  }
  return ok(progress)
}

/** Gives the plan its hash, which makes it a finished one. Throws the file system's error. */
export async function finishPlan(folder: StateFolder): Promise<string> {
  const hash = await hashFile(folder.plan, 'sha256')
  const draft = `${folder.planHash}.new`
  await writeFile(draft, `${hash}  plan.jsonl\n`, { mode: 0o600, flush: true })
  await rename(draft, folder.planHash)
  return hash
}

/** The hash that a finished plan was given; undefined: there is no finished plan. */
export async function readPlanHash(folder: StateFolder): Promise<string | undefined> {
  try {
    const text = await readFile(folder.planHash, 'utf8')
    return /^([0-9a-f]{64}) {2}plan\.jsonl\n$/.exec(text)?.[1]
  } catch {
    return undefined
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch {
    return false
  }
}
