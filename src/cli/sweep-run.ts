import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { failure, ok, type Result } from '../base/result.ts'
import type { Config, SocketAddress } from '../config/config.ts'
import { configHash } from '../config/config-hash.ts'
import { formatSocketAddress } from '../config/socket-address.ts'
import { hashPolicy } from '../service/hash-policy.ts'
import {
  abilitiesFor,
  askAbilities,
  checkWays,
  describeAbilities,
  type RuleAbilities,
} from '../sweep/abilities.ts'
import { decideTarget } from '../sweep/decide-target.ts'
import { type FinishedPlan, readFinishedPlan } from '../sweep/finished-plan.ts'
import { formatBytes, formatCount } from '../sweep/format-numbers.ts'
import { describeUnreadable } from '../sweep/format-plan.ts'
import { type BucketInspection, inspectBuckets } from '../sweep/inspect-bucket.ts'
import { Journal } from '../sweep/journal.ts'
import type { AcceptedLoss, BucketFacts } from '../sweep/object-version.ts'
import { Pacer } from '../sweep/pacer.ts'
import { populationOf } from '../sweep/population.ts'
import { RunPace, type RunWork } from '../sweep/run-pace.ts'
import { type RunContext, type RunEnd, runPlan } from '../sweep/run-plan.ts'
import { type RunProgress, readRun } from '../sweep/run-progress.ts'
import type { RunMethod, RunOpening, RunRecord } from '../sweep/run-record.ts'
import type { S3Link } from '../sweep/s3-request.ts'
import { lockState, type StateFolder, type StateLock, stateFolder } from '../sweep/state-folder.ts'
import { Tally } from '../sweep/tally.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'
import { packageVersion } from '../telemetry/package-version.ts'
import { RequestIds } from '../telemetry/request-id.ts'
import type { SweepNumbers } from '../telemetry/sweep-metrics.ts'
import type { ExitCode, Terminal } from './command.ts'
import { endpointOf, inspectionContext, loadSweepConfig, openSweepLink } from './open-sweep.ts'
import { openSweepAudit, sweepEvent, sweepRecord } from './sweep-audit.ts'
import { serveSweepMetrics } from './sweep-metrics.ts'
import { SweepProgress } from './sweep-progress.ts'
import type { StopAfter } from './sweep-values.ts'

/** Failures of one kind, after which all others would fail too. */
const FAILURES_IN_ROW = 10

/** A line of the audit that takes longer ends a run. */
const AUDIT_MS = 10_000

/** The options of `sealgate sweep run`. */
interface SweepRunOptions {
  readonly state: string
  readonly method: RunMethod
  readonly accept: readonly AcceptedLoss[]
  /** Requests a second. */
  readonly rate: number
  /** Bytes a second that S3 copies. */
  readonly octets: number
  readonly concurrency: number
  readonly stopAfter?: StopAfter | undefined
  readonly maxFailures: number
  /** Where `/metrics` is answered. */
  readonly metrics?: SocketAddress | undefined
  readonly format: 'text' | 'json'
}

/** A run that may begin. */
interface Prepared {
  readonly plan: FinishedPlan
  readonly config: Config
  readonly progress: RunProgress
  /** What former processes did. */
  readonly before: Tally
}

/** `sealgate sweep run`: does what a finished plan says, and only that. */
export async function sweepRun(options: SweepRunOptions, terminal: Terminal): Promise<ExitCode> {
  const folder = stateFolder(options.state)
  const lock = lockIfThere(folder)
  if (!lock.ok) return failed(terminal, lock.error)
  try {
    const prepared = await prepare(folder, terminal)
    if (!prepared.ok) return prepared.error
    const ended = await run(folder, lock.value, prepared.value, options, terminal)
    return ended.ok ? ended.value : failed(terminal, ended.error)
  } finally {
    lock.value.release()
  }
}

function lockIfThere(folder: StateFolder): Result<StateLock, string> {
  try {
    return lockState(folder.lock)
  } catch (error) {
    if (!existsSync(dirname(folder.lock))) {
      return failure(
        `there is no plan in ${dirname(folder.lock)}: make one with sealgate sweep plan`,
      )
    }
    return failure(`cannot use the state: ${error instanceof Error ? error.message : error}`)
  }
}

/**
 * Verifies the plan, and that the configuration still is the one that it was made with. Says what is
 * wrong, and fails with the exit code.
 */
async function prepare(
  folder: StateFolder,
  terminal: Terminal,
): Promise<Result<Prepared, ExitCode>> {
  const plan = await readFinishedPlan(folder)
  if (!plan.ok) return failure(failed(terminal, plan.error))
  const loaded = await loadSweepConfig(plan.value.opening.config, terminal)
  if (!loaded.ok) return loaded
  const config = loaded.value
  const before = new Tally()
  const read = (record: RunRecord): void => {
    if (record.record === 'done') before.addDone(record.method, record.before.bytes)
  }
  const { hash } = plan.value
  const progress = checkConfig(config, plan.value) ?? (await readRun(folder.run, hash, read))
  return progress.ok
    ? ok({ plan: plan.value, config, progress: progress.value, before })
    : failure(failed(terminal, progress.error))
}

/** Why nothing of the plan may be run with this configuration. */
function checkConfig(config: Config, { opening }: FinishedPlan): Result<never, string> | undefined {
  if (config.policy.mode !== 'enforce') {
    return failure("the policy's mode is observe: nothing is changed before it is enforce")
  }
  if (hashPolicy(config.policy) !== opening.policy) {
    return failure('the policy has changed since the plan: make a new plan in another folder')
  }
  if (endpointOf(config) !== opening.endpoint) {
    return failure(`the plan is of another server, ${opening.endpoint}`)
  }
  return undefined
}

async function run(
  folder: StateFolder,
  lock: StateLock,
  prepared: Prepared,
  options: SweepRunOptions,
  terminal: Terminal,
): Promise<Result<ExitCode, string>> {
  const { plan, config } = prepared
  const opened = await openSweepLink(config, terminal)
  if (!opened.ok) return opened
  const link = opened.value
  try {
    const inspections = await inspectBuckets(
      link,
      plan.opening.scope.buckets,
      inspectionContext(config),
    )
    if (!inspections.ok) return inspections
    const abilities = await askServer(link, prepared, inspections.value, options, terminal)
    if (!abilities.ok) return abilities
    const audit = await openSweepAudit(config, join(options.state, 'audit.jsonl'))
    if (!audit.ok) return audit
    try {
      const server = { link, inspections: inspections.value, abilities: abilities.value }
      return await runAll(folder, lock, prepared, server, audit.value, options, terminal)
    } finally {
      await audit.value.close()
    }
  } finally {
    await link.close()
  }
}

interface Server {
  readonly link: S3Link
  readonly inspections: readonly BucketInspection[]
  readonly abilities: readonly RuleAbilities[]
}

/** Asks what the server can do, for the rules that this run would use. */
async function askServer(
  link: S3Link,
  { plan, config }: Prepared,
  inspections: readonly BucketInspection[],
  { method }: SweepRunOptions,
  terminal: Terminal,
): Promise<Result<readonly RuleAbilities[], string>> {
  const ways = plan.ways.filter(
    (way) => method === 'auto' || (method === 'update') === (way.method === 'update'),
  )
  const all: RuleAbilities[] = []
  for (const inspection of inspections) {
    const { bucket } = inspection.facts
    const rules = new Set(ways.filter((way) => way.bucket === bucket).map(({ rule }) => rule))
    const question = {
      sweep: plan.hash,
      isAws: config.upstream.isAws,
      isWanted: (rule: string) => rules.has(rule),
    }
    const asked = await askAbilities(link, config.policy, inspection, question)
    if (!asked.ok) return asked
    all.push(...asked.value)
  }
  for (const abilities of all) terminal.stderr(`${describeAbilities(abilities)}\n`)
  const checked = checkWays(ways, all)
  return checked.ok ? ok(all) : checked
}

async function runAll(
  folder: StateFolder,
  lock: StateLock,
  { plan, config, progress, before }: Prepared,
  { link, inspections, abilities }: Server,
  audit: AuditLog,
  options: SweepRunOptions,
  terminal: Terminal,
): Promise<Result<ExitCode, string>> {
  const { scope } = plan.opening
  const accepted = new Set(options.accept)
  const opening: RunOpening = {
    journal: 'run',
    version: packageVersion(),
    plan: plan.hash,
    method: options.method,
    accepted: options.accept,
  }
  const journal = await Journal.open(folder.run, opening, () => new Date(), lock.isHeld)
  const tally = new Tally()
  const ids = new RequestIds()
  const configName = configHash(config)
  const todo = workOf(plan, accepted, options.method)
  const pace = new RunPace(withoutDone(todo, before))
  const doneBefore = progress.countOf('done') + progress.countOf('settled')
  const shown = new SweepProgress(terminal, options.format === 'json', doneBefore)
  const limit = new Limit(options.stopAfter, options.maxFailures)
  const pacer = new Pacer({
    requestsPerSecond: options.rate,
    bytesPerSecond: options.octets,
    failuresMax: FAILURES_IN_ROW,
  })
  const facts = factsByBucket(inspections, abilities)
  const context: RunContext = {
    link: { ...link, pacer },
    folder,
    journal,
    progress,
    decideTarget: (bucket, key) => decideTarget(config.policy, scope.as ?? undefined, bucket, key),
    abilitiesOf: (bucket, { rule }) => abilitiesFor(abilities, bucket, rule),
    factsOf: (bucket) => facts.get(bucket),
    versions: scope.versions,
    method: options.method,
    accepted,
    concurrency: options.concurrency,
    now: Date.now,
    audit: async (planned, target, outcome, durationMs) => {
      if (outcome.kind === 'left') return
      const time = new Date(Date.now() - durationMs).toISOString()
      const facts = { time, requestId: ids.next(), configHash: configName, durationMs }
      audit.write(sweepRecord(planned, target, outcome, facts))
      const isWritten = await audit.written(AUDIT_MS)
      if (!isWritten) throw new Error('the audit cannot be written')
    },
    onEnd: (planned, outcome) => {
      tally.add(outcome, planned.state.bytes)
      if (outcome.kind === 'done') pace.note(outcome.method, planned.state.bytes)
      shown.show({
        done: progress.countOf('done') + progress.countOf('settled'),
        of: todo.updates + todo.copies,
        bytes: todo.copies > 0 ? pace.copiedBytes : undefined,
        remaining: pace.remainingSeconds,
        text: progressText(tally, pacer),
      })
      pacer.noteOutcome(outcome.kind === 'failed' ? outcome.code : undefined)
      const mayGoOn = limit.allows(outcome.kind === 'failed')
      return mayGoOn && audit.isAccepting && pacer.problem === undefined
    },
  }
  const metrics = await openMetrics(options.metrics, terminal, () => {
    const { requests, backOffs, rate } = pacer
    const { copiedBytes } = pace
    return { versions: populationOf(plan, progress), copiedBytes, requests, backOffs, rate }
  })
  if (!metrics.ok) {
    // From Node 26 on a file that is left open ends the process when it is collected.
    await journal.close()
    return metrics
  }
  audit.writeSweep(await sweepEvent('begin', folder, plan, progress, configName))
  const end = await runToItsEnd(context)
  audit.writeSweep(await sweepEvent('end', folder, plan, progress, configName))
  const isAudited = await audit.written(AUDIT_MS)
  shown.end()
  metrics.value?.close()
  if (end.kind === 'broken') return failure(`stopped: ${end.cause.message}`)
  const problems = [
    ...(limit.hasFailedTooOften ? ['--max-failures is reached'] : []),
    ...(pacer.problem === undefined ? [] : [pacer.problem]),
    ...(audit.isAccepting && isAudited ? [] : ['the audit cannot be written']),
  ]
  terminal.stdout(describeRun(plan, progress, tally, end, problems, options))
  return ok(exitCodeOf(plan, progress, end))
}

/** What a plan has for a run that accepts these losses. */
function workOf(
  { totals }: FinishedPlan,
  accepted: ReadonlySet<string>,
  wanted: RunMethod,
): RunWork {
  const work = { updates: 0, copies: 0, copyBytes: 0 }
  for (const { method, losses, objects, bytes } of totals.rows) {
    if (method === undefined || !isAccepted(losses, accepted)) continue
    if (method === 'update' && wanted !== 'copy') work.updates += objects
    if (method === 'update' || wanted === 'update') continue
    work.copies += objects
    work.copyBytes += bytes
  }
  return work
}

function withoutDone({ updates, copies, copyBytes }: RunWork, { done }: Tally): RunWork {
  const [copied, inParts] = [done.get('copy'), done.get('multipart-copy')]
  return {
    updates: updates - (done.get('update')?.objects ?? 0),
    copies: copies - (copied?.objects ?? 0) - (inParts?.objects ?? 0),
    copyBytes: copyBytes - (copied?.bytes ?? 0) - (inParts?.bytes ?? 0),
  }
}

/** Undefined: nobody wants any. */
async function openMetrics(
  address: SocketAddress | undefined,
  terminal: Terminal,
  read: () => SweepNumbers,
): Promise<Result<{ close(): void } | undefined, string>> {
  if (address === undefined) return ok(undefined)
  const served = await serveSweepMetrics(address, read)
  if (served.ok) {
    const at = formatSocketAddress({ ...address, port: served.value.port })
    terminal.stderr(`metrics at http://${at}/metrics\n`)
  }
  return served
}

/** Runs the plan, and closes the journal, whatever happens to either. */
async function runToItsEnd(context: RunContext): Promise<RunEnd> {
  const { journal } = context
  try {
    const end = await runPlan(context)
    if (end.kind === 'broken') return end
    journal.append({ record: 'close', end: end.kind })
    await journal.flush()
    return end
  } catch (error) {
    return { kind: 'broken', cause: error instanceof Error ? error : new Error(String(error)) }
  } finally {
    // What could not be written has been said.
    await journal.close().catch(() => undefined)
  }
}

/** What the buckets are, and what the server said when it was asked. */
function factsByBucket(
  inspections: readonly BucketInspection[],
  abilities: readonly RuleAbilities[],
): ReadonlyMap<string, BucketFacts> {
  return new Map(
    inspections.map(({ facts }) => {
      const asked = abilities.find(
        ({ bucket, hasAnnotations }) => bucket === facts.bucket && hasAnnotations === false,
      )
      return [facts.bucket, { ...facts, hasAnnotations: asked?.hasAnnotations }]
    }),
  )
}

function progressText(tally: Tally, { rate, backOffs }: Pacer): string {
  const pace = backOffs === 0 ? '' : `, ${formatCount(rate)} requests/s after ${backOffs} back-offs`
  return `${formatCount(tally.failed.objects)} failed${pace}`
}

/** When a run ends by itself. */
class Limit {
  readonly #stopAfter: StopAfter | undefined
  readonly #maxFailures: number
  readonly #begun = performance.now()
  #ended = 0
  #failures = 0

  constructor(stopAfter: StopAfter | undefined, maxFailures: number) {
    this.#stopAfter = stopAfter
    this.#maxFailures = maxFailures
  }

  get hasFailedTooOften(): boolean {
    return this.#failures >= this.#maxFailures
  }

  allows(isFailure: boolean): boolean {
    this.#ended++
    if (isFailure) this.#failures++
    const { objects, ms } = this.#stopAfter ?? { objects: undefined, ms: undefined }
    const isOver =
      (objects !== undefined && this.#ended >= objects) ||
      (ms !== undefined && performance.now() - this.#begun >= ms)
    return !isOver && !this.hasFailedTooOften
  }
}

function isAccepted(losses: string, accepted: ReadonlySet<string>): boolean {
  return losses.split(' ').every((loss) => loss === '' || accepted.has(loss))
}

function describeRun(
  plan: FinishedPlan,
  progress: RunProgress,
  tally: Tally,
  end: RunEnd,
  problems: readonly string[],
  { format }: SweepRunOptions,
): string {
  const left = leftCount(plan, progress)
  const done = [...tally.done].map(([method, { objects, bytes }]) => ({ method, objects, bytes }))
  const isStopped = end.kind === 'stopped'
  if (format === 'json') {
    const { objects: failedObjects } = tally.failed
    const total = progress.countOf('done')
    return `${JSON.stringify({ event: 'run', end: end.kind, done, failed: failedObjects, total, left, unreadable: plan.unreadable })}\n`
  }
  const lines = [
    ...done.map(
      ({ method, objects, bytes }) =>
        `${formatCount(objects)} ${objects === 1 ? 'version' : 'versions'} by ${method} (${formatBytes(bytes)})`,
    ),
    ...(tally.failed.objects > 0 ? [`${formatCount(tally.failed.objects)} failed`] : []),
    ...problems.map((problem) => `stopped: ${problem}`),
    ...(isStopped ? ['stopped; the same command goes on where it was'] : []),
    `${formatCount(progress.countOf('done'))} done in all, ${formatCount(left)} left: \`sealgate sweep report\` names them`,
    ...describeUnreadable(plan.unreadable),
  ]
  return `${lines.join('\n')}\n`
}

/** Versions that are neither under the rule's key nor exempt. */
function leftCount(plan: FinishedPlan, progress: RunProgress): number {
  const { failed, left } = populationOf(plan, progress)
  return failed + left
}

function exitCodeOf(plan: FinishedPlan, progress: RunProgress, end: RunEnd): ExitCode {
  if (progress.countOf('failed') > 0 || end.kind !== 'complete') return 1
  return leftCount(plan, progress) + plan.unreadable === 0 ? 0 : 3
}

function failed(terminal: Terminal, message: string): ExitCode {
  terminal.stderr(`sealgate: ${message}\n`)
  return 1
}
