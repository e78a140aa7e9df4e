import { failure, ok, type Result } from '../base/result.ts'
import { collectAfterVersions } from './bound-heap.ts'
import { classify } from './classify.ts'
import type { Journal } from './journal.ts'
import { type Look, lookAtVersion } from './look-at-version.ts'
import type { ObjectSource, SourceEntry, SourcePage } from './object-source.ts'
import {
  type BucketFacts,
  type Classification,
  type EncryptTarget,
  NO_ABILITIES,
  type ServerAbilities,
  type Target,
} from './object-version.ts'
import type { PlanProgress } from './open-plan.ts'
import { type PageRecord, type PlannedVersion, plannedRecord } from './plan-record.ts'
import type { S3Link } from './s3-request.ts'

/** What a plan is made of. */
export interface PlanContext {
  readonly link: S3Link
  readonly journal: Journal
  readonly source: ObjectSource
  readonly decideTarget: (bucket: string, key: string) => Target
  readonly abilitiesOf: (bucket: string, target: EncryptTarget) => ServerAbilities
  readonly progress: PlanProgress
  /** Requests at the same time. */
  readonly concurrency: number
  readonly now: () => number
  readonly onPage: () => void
}

/**
 * Plans the versions of one bucket behind a position. Memory is that of two pages, however many there
 * are. Each page ends with a record of where the source goes on. Fails with words for people; returns
 * false if it was stopped.
 */
export async function planBucket(
  context: PlanContext,
  facts: BucketFacts,
  from: unknown,
): Promise<Result<boolean, string>> {
  const { source, link } = context
  const guard = new LoopGuard()
  let reading = source.readPage(facts.bucket, from)
  for (;;) {
    const page = await reading
    if (link.signal.aborted) return ok(false)
    if (!page.ok) return failure(`${facts.bucket}: ${page.error}`)
    const { next } = page.value
    const isLast = next === undefined
    if (!isLast && !guard.isNew(next)) {
      return failure(`${facts.bucket}: the listing goes in a circle`)
    }
    // The next page is read while this one is looked at.
    if (!isLast) reading = source.readPage(facts.bucket, next)
    const isWhole = await planPage(context, facts, page.value)
    if (!isWhole) await reading
    if (isLast || !isWhole) return ok(isWhole)
  }
}

/** Returns false if it was stopped: then nothing of the page is planned. */
async function planPage(
  context: PlanContext,
  facts: BucketFacts,
  page: SourcePage,
): Promise<boolean> {
  const looks = await lookAtAll(context, facts, page.entries)
  if (context.link.signal.aborted) return false
  for (const look of looks) appendPlanned(context, facts, look)
  const record = pageRecord(context, facts, page)
  context.journal.append(record)
  await context.journal.flush()
  context.progress.addPage(record)
  context.onPage()
  collectAfterVersions(looks.length)
  return true
}

/** Looks at the versions, some at the same time; in the order of the page. */
async function lookAtAll(
  { link, concurrency }: PlanContext,
  facts: BucketFacts,
  entries: readonly SourceEntry[],
): Promise<readonly Look[]> {
  const looks: Look[] = []
  let begun = 0
  const work = async (): Promise<void> => {
    for (let i = begun++; i < entries.length && !link.signal.aborted; i = begun++) {
      const entry = entries[i]
      if (entry !== undefined) looks[i] = await lookAtVersion(link, facts, entry)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return looks
}

function appendPlanned(context: PlanContext, facts: BucketFacts, look: Look): void {
  const planned = planVersion(context, facts, look)
  context.progress.totals.add(planned)
  context.journal.append(plannedRecord(planned))
}

function planVersion(context: PlanContext, facts: BucketFacts, look: Look): PlannedVersion {
  const { bucket, key } = look.state.version
  const target = context.decideTarget(bucket, key)
  const rule = target.kind === 'undecided' ? undefined : target.rule
  const n = context.progress.totals.all.objects
  return { n, state: look.state, classification: classOf(context, facts, look, target), rule }
}

function classOf(
  { abilitiesOf, now }: PlanContext,
  bucket: BucketFacts,
  look: Look,
  target: Target,
): Classification {
  if (look.kind === 'gone') return { class: 'gone', reason: 'deleted', way: undefined }
  if (look.kind === 'unknown') return { class: 'cannot-know', reason: look.why, way: undefined }
  const abilities = target.kind === 'encrypt' ? abilitiesOf(bucket.bucket, target) : NO_ABILITIES
  return classify({ state: look.state, target, abilities, bucket, now: now() })
}

function pageRecord(
  { progress }: PlanContext,
  { bucket }: BucketFacts,
  { next, deleteMarkers, unreadable }: SourcePage,
): PageRecord {
  const planned = progress.totals.all.objects
  return { record: 'page', bucket, next: next ?? null, planned, deleteMarkers, unreadable }
}

/** Finds a source whose positions go in a circle, in constant memory (Brent). */
class LoopGuard {
  #saved = ''
  #steps = 0
  #limit = 1

  isNew(position: unknown): boolean {
    const text = JSON.stringify(position)
    if (text === this.#saved) return false
    this.#steps++
    if (this.#steps === this.#limit) {
      this.#saved = text
      this.#steps = 0
      this.#limit *= 2
    }
    return true
  }
}
