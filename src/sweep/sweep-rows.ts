import { type FileHandle, open } from 'node:fs/promises'
import { failure, ok, type Result } from '../base/result.ts'
import { plannedVersions } from './finished-plan.ts'
import type { ObjectEncryption } from './object-version.ts'
import type { PlannedVersion } from './plan-record.ts'
import { readRecordAt } from './read-journal.ts'
import { type RunProgress, readRun } from './run-progress.ts'
import { type EndRecord, parseRunRecord } from './run-record.ts'
import type { StateFolder } from './state-folder.ts'

/** A version of the plan, and the last that a run says of it. */
export interface SweepRow {
  readonly planned: PlannedVersion
  /** Undefined: no run has ended with it. */
  readonly end: EndRecord | undefined
  /** How it stands, in one word. */
  readonly status: RowStatus
}

/** `fine`: sealed or exempt as planned, or gone. `left`: everything that is not done. */
export type RowStatus = 'fine' | 'done' | 'failed' | 'left'

const FINE: ReadonlySet<string> = new Set(['sealed', 'exempt', 'gone'])

/** Reads what became of a plan. Eight bytes of memory for each version that was begun. */
export class SweepRows {
  readonly #folder: StateFolder
  readonly progress: RunProgress
  readonly #ends: Float64Array

  private constructor(folder: StateFolder, progress: RunProgress, ends: Float64Array) {
    this.#folder = folder
    this.progress = progress
    this.#ends = ends
  }

  /** `plan`: its hash. Fails with words for people. */
  static async open(folder: StateFolder, plan: string): Promise<Result<SweepRows, string>> {
    // The place of the last end, and one, so that 0 is none.
    let ends = new Float64Array(1024)
    const progress = await readRun(folder.run, plan, ({ record, n }, start) => {
      if (record === 'begun' || record === 'upload') return
      if (n >= ends.length) {
        const larger = new Float64Array(Math.max(n + 1, ends.length * 2))
        larger.set(ends)
        ends = larger
      }
      ends[n] = start + 1
    })
    return progress.ok ? ok(new SweepRows(folder, progress.value, ends)) : failure(progress.error)
  }

  /** Every version, in the order of the plan. */
  async *rows(): AsyncGenerator<SweepRow> {
    let handle: FileHandle | undefined
    try {
      for await (const planned of plannedVersions(this.#folder)) {
        const place = this.#ends[planned.n] ?? 0
        if (place === 0) {
          yield { planned, end: undefined, status: statusOf(planned, undefined) }
          continue
        }
        handle ??= await open(this.#folder.run, 'r')
        const end = await readEnd(handle, place - 1)
        yield { planned, end, status: statusOf(planned, end) }
      }
    } finally {
      await handle?.close()
    }
  }
}

/** The class and the reason of what is left, or of what was done. */
export function reasonOf({ planned, end }: SweepRow): {
  readonly class: string
  readonly reason: string
} {
  if (end?.record === 'skipped') {
    const needs = end.needs.length === 0 ? '' : `; needs --accept ${end.needs.join(',')}`
    return { class: end.class, reason: `${end.reason}${needs}` }
  }
  if (end?.record === 'failed') return { class: planned.classification.class, reason: end.code }
  const { class: name, reason, way } = planned.classification
  const losses = way?.losses ?? []
  const needs = losses.length === 0 ? '' : `needs --accept ${losses.join(',')}`
  return { class: name, reason: [reason, needs].filter((part) => part).join('; ') }
}

/** The same of a key that requests cannot name. */
export const UNREADABLE = {
  class: 'cannot',
  reason: 'no-name: the key is percent-encoded',
} as const

/** `aws:kms arn:…`, `AES256`, `none`. */
export function encryptionText(encryption: ObjectEncryption): string {
  switch (encryption.kind) {
    case 'sse-kms':
      return `${encryption.algorithm} ${encryption.keyId}`
    case 'sse-s3':
      return 'AES256'
    case 'service':
      return encryption.algorithm
    case 'customer-key':
      return 'SSE-C'
    case 'none':
    case 'unknown':
      return encryption.kind
  }
}

function statusOf(planned: PlannedVersion, end: EndRecord | undefined): RowStatus {
  switch (end?.record) {
    case 'done':
      return 'done'
    case 'failed':
      return 'failed'
    case 'skipped':
      return FINE.has(end.class) ? 'fine' : 'left'
    default:
      return FINE.has(planned.classification.class) ? 'fine' : 'left'
  }
}

async function readEnd(handle: FileHandle, start: number): Promise<EndRecord> {
  const fields = await readRecordAt(handle, start)
  const record = fields && parseRunRecord(fields)
  if (record === undefined || record.record === 'begun' || record.record === 'upload') {
    throw new Error('the run was changed while it was read')
  }
  return record
}
