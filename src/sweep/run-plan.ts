import { open } from 'node:fs/promises'
import { classify, missingLosses, withLossesOf } from './classify.ts'
import { plannedVersions } from './finished-plan.ts'
import type { Journal } from './journal.ts'
import { lookAtVersion } from './look-at-version.ts'
import type {
  AcceptedLoss,
  BucketFacts,
  EncryptTarget,
  Method,
  ObjectState,
  ResealOutcome,
  ServerAbilities,
  Target,
  Way,
} from './object-version.ts'
import type { PlannedVersion } from './plan-record.ts'
import { readRecordAt } from './read-journal.ts'
import { type ResealTask, reseal, settle } from './reseal.ts'
import type { RunProgress } from './run-progress.ts'
import { endRecord, parseRunRecord, type RunMethod } from './run-record.ts'
import type { S3Link } from './s3-request.ts'
import type { Snapshot } from './snapshot.ts'
import { parseSnapshot, snapshotRecord } from './snapshot-record.ts'
import type { StateFolder } from './state-folder.ts'

/** How a version ended in this run. */
export type RunOutcome = Exclude<ResealOutcome, { kind: 'changed' }>

/** What a run has to know. */
export interface RunContext {
  readonly link: S3Link
  readonly folder: StateFolder
  readonly journal: Journal
  readonly progress: RunProgress
  readonly decideTarget: (bucket: string, key: string) => Target
  readonly abilitiesOf: (bucket: string, target: EncryptTarget) => ServerAbilities
  readonly factsOf: (bucket: string) => BucketFacts | undefined
  /** Which versions the plan is of. */
  readonly versions: 'current' | 'all'
  readonly method: RunMethod
  readonly accepted: ReadonlySet<AcceptedLoss>
  /** Versions at the same time. */
  readonly concurrency: number
  readonly now: () => number
  /** Writes the audit's line of a version that ended; throws if that is not possible. */
  readonly audit: (
    planned: PlannedVersion,
    target: EncryptTarget,
    outcome: RunOutcome,
    ms: number,
  ) => Promise<void>
  /** Each version that ended; returns false if no other is to be begun. */
  readonly onEnd: (planned: PlannedVersion, outcome: RunOutcome) => boolean
}

/** Why a run ended. */
export type RunEnd =
  | { readonly kind: 'complete' }
  /** A signal, or `onEnd`. */
  | { readonly kind: 'stopped' }
  /** The state cannot be written: what was begun is looked up by the next run. */
  | { readonly kind: 'broken'; readonly cause: Error }

/**
 * Does what a plan says, in its order, some versions at the same time; what failed in an earlier run
 * comes last. Each has a record on the disk before anything of it is changed, and one when it has ended.
 */
export async function runPlan(context: RunContext): Promise<RunEnd> {
  const { link, concurrency, journal } = context
  const running = new Set<Promise<void>>()
  let isStopped = false
  let cause: Error | undefined
  const work = async (planned: PlannedVersion, way: Way): Promise<void> => {
    try {
      if (!(await runVersion(context, planned, way))) isStopped = true
    } catch (error) {
      cause ??= error instanceof Error ? error : new Error(String(error))
    }
  }
  for await (const [planned, way] of wantedVersions(context)) {
    if (isStopped || cause !== undefined || link.signal.aborted) break
    const one: Promise<void> = work(planned, way).finally(() => running.delete(one))
    running.add(one)
    if (running.size >= concurrency) await Promise.race(running)
  }
  await Promise.all(running)
  if (cause !== undefined) return { kind: 'broken', cause }
  await journal.flush()
  return isStopped || link.signal.aborted ? { kind: 'stopped' } : { kind: 'complete' }
}

/**
 * The versions of this run. Those that failed in an earlier one come last: versions that always fail
 * would end each run before it reaches the others.
 */
async function* wantedVersions(
  context: RunContext,
): AsyncGenerator<readonly [PlannedVersion, Way]> {
  const failed = new Set<number>()
  for await (const planned of plannedVersions(context.folder)) {
    const way = wayOf(context, planned)
    if (way === undefined) continue
    if (context.progress.statusOf(planned.n) === 'failed') failed.add(planned.n)
    else yield [planned, way]
  }
  if (failed.size === 0) return
  for await (const planned of plannedVersions(context.folder)) {
    const way = failed.has(planned.n) ? wayOf(context, planned) : undefined
    if (way !== undefined) yield [planned, way]
  }
}

/** The way that this run goes with a version; undefined: none. */
function wayOf(
  { progress, method, accepted }: RunContext,
  { n, classification: { way } }: PlannedVersion,
): Way | undefined {
  if (way === undefined || !isWanted(method, way.method)) return undefined
  const status = progress.statusOf(n)
  if (status === 'done' || status === 'settled') return undefined
  return missingLosses(way, accepted).length === 0 ? way : undefined
}

function isWanted(wanted: RunMethod, method: Method): boolean {
  return wanted === 'auto' || (wanted === 'update') === (method === 'update')
}

/** Returns false if no other version is to be begun. */
async function runVersion(
  context: RunContext,
  planned: PlannedVersion,
  way: Way,
): Promise<boolean> {
  const { journal, progress, decideTarget, onEnd, now } = context
  const { n, state } = planned
  const { bucket, key } = state.version
  const target = decideTarget(bucket, key)
  if (target.kind !== 'encrypt') throw new Error(`the policy has changed for ${bucket}/${key}`)
  const begun = now()
  const outcome = await resealOrPlanAnew(context, planned, target, way)
  // A stop is no failure: the next run looks what has become of it.
  if (context.link.signal.aborted && outcome.kind !== 'done') return false
  // First the audit: if the process is killed in between, the next run finds the same end again.
  await context.audit(planned, target, outcome, now() - begun)
  const record = endRecord(n, outcome)
  journal.append(record)
  await journal.flush()
  progress.addEnd(record)
  return onEnd(planned, outcome)
}

/**
 * Finds out what has become of a version that was begun when the process was killed. Changes nothing
 * but unfinished uploads.
 */
async function settlePending(
  context: RunContext,
  n: number,
  target: EncryptTarget,
): Promise<ResealOutcome | { readonly kind: 'not-begun' }> {
  const pending = context.progress.pendingOf(n)
  if (pending === undefined) return { kind: 'not-begun' }
  const { method, snapshot } = await readBegun(context.folder, pending.start)
  const task = taskOf(context, n, snapshot.state, target, method)
  return settle(context.link, task, snapshot, pending.uploadId)
}

/** What a version was before it was begun, and how it was to be changed. */
async function readBegun(
  { run }: StateFolder,
  start: number,
): Promise<{ readonly method: Method; readonly snapshot: Snapshot }> {
  const handle = await open(run, 'r')
  try {
    const fields = await readRecordAt(handle, start)
    const record = fields && parseRunRecord(fields)
    if (record?.record === 'begun') {
      const version = { ...record.version, versionId: record.version.versionId }
      const snapshot = parseSnapshot(version, record.isCurrent, record.snapshot)
      if (snapshot !== undefined) return { method: record.method, snapshot }
    }
    throw new Error('the run was changed while it was read')
  } finally {
    await handle.close()
  }
}

/** A version that has changed since the plan is planned anew, once. */
async function resealOrPlanAnew(
  context: RunContext,
  planned: PlannedVersion,
  target: EncryptTarget,
  way: Way,
): Promise<RunOutcome> {
  const settled = await settlePending(context, planned.n, target)
  const first =
    settled.kind === 'not-begun' ? await resealAsPlanned(context, planned, target, way) : settled
  if (first.kind !== 'changed') return first
  const anew = await planAnew(context, planned.state, target)
  if (anew.kind !== 'way') return anew
  const missing = missingLosses(anew.way, context.accepted)
  if (missing.length > 0 || !isWanted(context.method, anew.way.method)) {
    const reason = 'changed-since-plan'
    return { kind: 'left', class: classOf(anew.way), reason, needs: missing }
  }
  const second = await resealOnce(context, planned.n, anew.state, target, anew.way.method)
  return second.kind === 'changed'
    ? { kind: 'left', class: 'moving', reason: 'changed-twice', needs: [] }
    : second
}

/** The bucket may have got events, replication or ACLs since the plan: then a copy loses more. */
async function resealAsPlanned(
  context: RunContext,
  { n, state }: PlannedVersion,
  target: EncryptTarget,
  way: Way,
): Promise<ResealOutcome> {
  const today = withLossesOf(factsFor(context, state.version.bucket), way)
  const needs = missingLosses(today, context.accepted)
  if (needs.length > 0) {
    return { kind: 'left', class: classOf(way), reason: 'bucket-changed', needs }
  }
  return resealOnce(context, n, state, target, way.method)
}

function resealOnce(
  context: RunContext,
  n: number,
  state: ObjectState,
  target: EncryptTarget,
  method: Method,
): Promise<ResealOutcome> {
  return reseal(context.link, taskOf(context, n, state, target, method))
}

function taskOf(
  context: RunContext,
  n: number,
  state: ObjectState,
  target: EncryptTarget,
  method: Method,
): ResealTask {
  const { journal, now } = context
  const bucket = factsFor(context, state.version.bucket)
  return {
    state,
    target,
    method,
    bucket,
    now,
    onBegin: async (before) => {
      const { version, isCurrent } = before.state
      const snapshot = snapshotRecord(before)
      journal.append({ record: 'begun', n, method, version, isCurrent, snapshot })
      await journal.flush()
    },
    onUpload: async (uploadId) => {
      journal.append({ record: 'upload', n, uploadId })
      await journal.flush()
    },
  }
}

type Anew =
  | { readonly kind: 'way'; readonly state: ObjectState; readonly way: Way }
  | Extract<RunOutcome, { kind: 'left' }>

/**
 * Looks at the version again, and at whether it is still the current one. A plan of current versions
 * goes on with the one that has replaced it; a plan of all versions stays with the one that it names.
 */
async function planAnew(
  context: RunContext,
  planned: ObjectState,
  target: EncryptTarget,
): Promise<Anew> {
  const { bucket, key, versionId } = planned.version
  const { link, abilitiesOf, versions, now } = context
  const facts = factsFor(context, bucket)
  const entry = { ...planned, key }
  const current = await lookAtVersion(link, facts, {
    ...entry,
    versionId: undefined,
    isCurrent: true,
  })
  const isSame = current.state.version.versionId === versionId
  const isReplaced = planned.isCurrent && versions === 'current'
  const look =
    isSame || isReplaced || current.kind === 'unknown'
      ? current
      : await lookAtVersion(link, facts, { ...entry, versionId, isCurrent: false })
  if (look.kind === 'gone') return { kind: 'left', class: 'gone', reason: 'deleted', needs: [] }
  if (look.kind === 'unknown') {
    return { kind: 'left', class: 'cannot-know', reason: look.why, needs: [] }
  }
  const abilities = abilitiesOf(bucket, target)
  const {
    class: name,
    reason,
    way,
  } = classify({
    state: look.state,
    target,
    abilities,
    bucket: facts,
    now: now(),
  })
  return way === undefined
    ? { kind: 'left', class: name, reason: reason ?? 'changed-since-plan', needs: [] }
    : { kind: 'way', state: look.state, way }
}

function factsFor({ factsOf }: RunContext, bucket: string): BucketFacts {
  const facts = factsOf(bucket)
  if (facts === undefined) throw new Error(`no facts of ${bucket}`)
  return facts
}

function classOf({ method }: Way): 'update' | 'copy' {
  return method === 'update' ? 'update' : 'copy'
}
