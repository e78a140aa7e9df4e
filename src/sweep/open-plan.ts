import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rename, stat, truncate, writeFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { failure, ok, type Result } from '../base/result.ts'
import {
  type PageRecord,
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
  let waiting: Parameters<PlanTotals['add']>[0][] = []
  for await (const line of readJournal(folder.plan)) {
    if (!line.ok) return line
    const { record, fields, end } = line.value
    if (record === 'open') {
      const { version: _, ...former } = parseOpening(fields) ?? { version: '' }
      const { version: __, ...mine } = opening
      if (!isDeepStrictEqual(former, mine)) {
        return failure(
          'this state has a plan of another bucket, prefix, source, configuration or policy: use another folder',
        )
      }
      // Versions without the end of their page do not count.
      waiting = []
    } else if (record === 'planned') {
      const planned = parsePlanned(fields)
      if (planned === undefined) return failure('the plan holds an unknown record')
      waiting.push(planned)
    } else if (record === 'page') {
      const page = parsePage(fields)
      if (page === undefined) return failure('the plan holds an unknown record')
      for (const planned of waiting) progress.totals.add(planned)
      waiting = []
      progress.addPage(page)
      whole = end
    }
  }
  await truncate(folder.plan, whole)
  return ok(progress)
}

/** Gives the plan its hash, which makes it a finished one. Throws the file system's error. */
export async function finishPlan(folder: StateFolder): Promise<string> {
  const hash = await hashFile(folder.plan)
  const draft = `${folder.planHash}.new`
  await writeFile(draft, `${hash}  plan.jsonl\n`, { mode: 0o600, flush: true })
  await rename(draft, folder.planHash)
  return hash
}

/** SHA-256 of a file, hex. */
async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  return hash.digest('hex')
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch {
    return false
  }
}
