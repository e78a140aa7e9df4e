import { formatCount, formatShare } from '../base/html.ts'
import type { ReadFile } from '../trail/read-lines.ts'
import type { Counts } from './groups.ts'
import type { Summary } from './summarize.ts'
import type { Answers } from './verdict-words.ts'

/** A signed head of a trail's tree. */
export interface NewestCheckpoint {
  readonly path: string
  readonly origin: string
  readonly size: number
  /** Base64. */
  readonly root: string
}

/** What a reader needs to accept a report: how it was made, and from what. */
export interface ReportHead {
  readonly command: string
  readonly version: string
  /** `YYYY-MM-DDTHH:mm:ss.sssZ` */
  readonly runAt: string
  readonly files: readonly ReadFile[]
  readonly checkpoints: readonly NewestCheckpoint[]
  readonly answers: Answers
}

/** A report: its head, and what the lines say. */
export interface Report {
  readonly head: ReportHead
  readonly summary: Summary
}

/** The share of stored objects that S3 confirmed under the policy's key, as text; undefined: none was stored. */
export function sealedShare({ objects, sealed }: Counts): string | undefined {
  return objects === 0 ? undefined : formatShare(sealed / objects)
}

/** The report in one sentence, without its number. */
export function sentenceOf({ objects }: Counts): string {
  return objects === 0
    ? 'No object was written in this period.'
    : `of the ${formatCount(objects)} objects that were written in this period are under the policy's key, as S3 confirmed.`
}

/** The words for what became of an upload, in the order in which they are added up. */
export const MEANINGS = {
  sealed: "under the policy's key, and S3 confirmed it",
  exempt: 'a rule leaves them as they are',
  observed: 'mode observe: nothing was changed',
  unconfirmed: 'S3 named no encryption; the object may be stored',
  mismatched: 'S3 named another encryption; the object may be stored',
  refused: 'refused by Sealgate: nothing was stored',
  failed: 'refused by S3, or its answer did not come',
} as const
