import cluster from 'node:cluster'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { failure, ok, type Result } from '../base/result.ts'
import { settledWithin } from '../base/settled-within.ts'
import type { ConfigProblem, SocketAddress } from '../config/config.ts'
import { formatProblem } from '../config/problems.ts'
import { type ConfigSnapshot, packSnapshot } from '../service/config-snapshot.ts'
import { mergeReadiness } from '../service/merge-readiness.ts'
import type { ReadinessReport } from '../service/readiness.ts'
import type { DrainReport } from '../service/running-service.ts'
import type { Log } from '../telemetry/log.ts'
import { type MetricValues, mergeEnded } from '../telemetry/merge-metrics.ts'
import type { EmbeddedUpstream } from '../upstream/open-upstream.ts'
import type { AuditCollector } from './audit-collector.ts'
import { restartPauseMs } from './restart-pause.ts'
import { AUDIT_DESCRIPTOR, type WorkerAnswer, type WorkerRequest } from './worker-messages.ts'
import { type WorkerExit, WorkerProcess } from './worker-process.ts'

/** What a pool of workers needs to know. */
export interface WorkerPoolOptions {
  readonly snapshot: ConfigSnapshot
  readonly embedded: EmbeddedUpstream | undefined
  readonly log: Log
  /** Takes the audit lines of each worker that is started; undefined: workers have their own files. */
  readonly collector: AuditCollector | undefined
  /** No worker can be kept alive: the program has to end. */
  readonly onHopeless: () => void
}

/** A place for a worker, which is filled again when the worker dies. */
interface Slot {
  readonly number: number
  worker: WorkerProcess
  /** Workers in a row that died young. */
  failures: number
  restart: NodeJS.Timeout | undefined
}

/** Waiting for credentials is the longest part of it. */
const OPEN_MS = 60_000
const ANSWER_MS = 1_000
/** A worker that has lived this long has not died of its start. */
const STABLE_MS = 10_000
/** Workers in a row, in every slot, that died young: about 15 s. */
const FAILURES_MAX = 8
/** Beyond the deadline of a drain, for a worker to end by itself. */
const ENDING_MS = 10_000

const STDERR = 2

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))

/**
 * The worker processes that share the listeners. Started together or not at all; one that dies is
 * replaced, with growing pauses where that does not help; a new configuration is put to work by all
 * or by none.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions
  #snapshot: ConfigSnapshot
  #slots: Slot[] = []
  /** Loaded and idle, to take the place of one that dies: loading the program takes the most time. */
  #spare: WorkerProcess | undefined
  #isStopping = false
  #isAuditHeld = false
  #restarts = 0
  readonly #lastMetrics = new Map<WorkerProcess, readonly MetricValues[]>()
  #ended: readonly MetricValues[] = []

  constructor(options: WorkerPoolOptions) {
    this.#options = options
    this.#snapshot = options.snapshot
  }

  /** Workers that were started in the place of one that died. */
  get restarts(): number {
    return this.#restarts
  }

  /** Starts all; gives where they listen, or why they cannot, and then none is left. */
  async start(): Promise<Result<readonly SocketAddress[], ConfigProblem>> {
    const { path, config } = this.#snapshot
    // Workers take connections from the kernel's queue themselves. In round robin a connection is the
    // supervisor's until a worker takes it, and hangs if that one never does (docs/adr/0010).
    cluster.schedulingPolicy = cluster.SCHED_NONE
    cluster.setupPrimary({
      exec: MAIN,
      args: ['serve', '--config', path],
      serialization: 'advanced',
      // stdout is the audit's alone; a process that ends also makes its stdio blocking again, for all.
      stdio: ['inherit', STDERR, STDERR, 'ipc', 'pipe'],
    })
    this.#slots = Array.from({ length: config.workers }, (_, number) => ({
      number,
      worker: this.#nextWorker(),
      failures: 0,
      restart: undefined,
    }))
    const workers = this.#slots.map(({ worker }) => worker)
    const problems = await Promise.all(this.#slots.map((slot) => this.#openWorker(slot)))
    const problem = problems.find((found) => found !== undefined)
    if (problem !== undefined) return this.#giveUp(problem)
    let addresses: readonly SocketAddress[] = []
    // The first alone: an address that cannot be bound is told once, with nothing half started.
    for (const worker of workers) {
      const answer = await worker.ask({ kind: 'listen' }, OPEN_MS)
      if (answer?.kind !== 'listening') return this.#giveUp(problemOf(answer))
      await this.#serve(worker)
      addresses = answer.addresses
    }
    for (const slot of this.#slots) this.#supervise(slot, slot.worker)
    this.#keepSpare()
    return ok(addresses)
  }

  /** Puts the snapshot to work in all workers; or in none, and says why. */
  async apply(next: ConfigSnapshot, keepsUpstream: boolean): Promise<readonly ConfigProblem[]> {
    const workers = this.#serving()
    const request = { kind: 'prepare', snapshot: packSnapshot(next), keepsUpstream } as const
    const answers = await Promise.all(workers.map((worker) => worker.ask(request, OPEN_MS)))
    const problems = answers.flatMap((answer, i) =>
      // A worker that died meanwhile comes back with what is then at work.
      workers[i]?.state === 'gone' ? [] : refusalOf(answer),
    )
    if (problems.length > 0) {
      await this.#askAll(workers, { kind: 'abandon' })
      return firstOfEach(problems)
    }
    this.#snapshot = next
    for (const worker of workers) worker.snapshot = next
    await this.#askAll(workers, { kind: 'commit' })
    // One that came to serve between the two: it was started with what is now the old one.
    await Promise.all(this.#serving().map((worker) => this.#bringUpToDate(worker)))
    return []
  }

  /** Tells all that the audit cannot be written, or can again: whether to refuse new requests. */
  holdAudit(isHeld: boolean): void {
    this.#isAuditHeld = isHeld
    // Nothing is known of a worker that does not answer; none of these promises rejects.
    void this.#askAll(this.#serving(), { kind: 'hold-audit', isHeld })
  }

  /** Lets all look at their own audit files. */
  reopenAudit(): Promise<void> {
    return this.#askAll(this.#serving(), { kind: 'reopen-audit' })
  }

  /** One list for each worker, and one for all that have ended. */
  async metrics(): Promise<readonly (readonly MetricValues[])[]> {
    const lists = await Promise.all(
      this.#serving().map(async (worker) => {
        const answer = await worker.ask({ kind: 'metrics' }, ANSWER_MS)
        if (answer?.kind !== 'metrics') return this.#lastMetrics.get(worker) ?? []
        this.#lastMetrics.set(worker, answer.metrics)
        return answer.metrics
      }),
    )
    return [this.#ended, ...lists]
  }

  async readiness(): Promise<ReadinessReport> {
    const reports = await Promise.all(
      this.#serving().map(async (worker) => {
        const answer = await worker.ask({ kind: 'readiness' }, ANSWER_MS * 3)
        return answer?.kind === 'readiness' ? answer.readiness : undefined
      }),
    )
    return mergeReadiness(this.#slots.length, reports)
  }

  /** Drains all and waits until they have ended. */
  async drain(): Promise<DrainReport> {
    this.#isStopping = true
    this.#spare?.kill()
    for (const slot of this.#slots) {
      clearTimeout(slot.restart)
      if (slot.worker.state !== 'serving') slot.worker.kill()
    }
    const { delayMs, deadlineMs } = this.#snapshot.config.drain
    const limitMs = delayMs + deadlineMs + ENDING_MS
    const reports = await Promise.all(
      this.#serving().map(async (worker) => {
        const answer = await worker.ask({ kind: 'drain' }, limitMs)
        if (!(await settledWithin(worker.exited, ENDING_MS))) worker.kill()
        return answer?.kind === 'drained' ? answer.report : { inTime: false, lostLines: 0 }
      }),
    )
    return {
      inTime: reports.every((report) => report.inTime),
      lostLines: reports.reduce((sum, report) => sum + report.lostLines, 0),
    }
  }

  /** Ends all at once. */
  kill(): void {
    this.#isStopping = true
    this.#spare?.kill()
    for (const { worker, restart } of this.#slots) {
      clearTimeout(restart)
      worker.kill()
    }
  }

  #serving(): readonly WorkerProcess[] {
    return this.#slots.map(({ worker }) => worker).filter(({ state }) => state === 'serving')
  }

  /** The spare one, or another. */
  #nextWorker(): WorkerProcess {
    const spare = this.#spare
    this.#spare = undefined
    const worker = spare === undefined || spare.state === 'gone' ? this.#fork() : spare
    worker.begin(this.#snapshot)
    return worker
  }

  #keepSpare(): void {
    if (this.#isStopping || (this.#spare !== undefined && this.#spare.state !== 'gone')) return
    this.#spare = this.#fork()
  }

  #fork(): WorkerProcess {
    const worker = cluster.fork()
    const pipe = worker.process.stdio[AUDIT_DESCRIPTOR]
    if (pipe instanceof Socket) this.#options.collector?.take(pipe)
    return new WorkerProcess(worker)
  }

  /** From now on it takes requests, unless the audit cannot be written. */
  async #serve(worker: WorkerProcess): Promise<void> {
    worker.state = 'serving'
    if (this.#isAuditHeld) await worker.ask({ kind: 'hold-audit', isHeld: true }, ANSWER_MS)
  }

  async #giveUp(problem: ConfigProblem): Promise<Result<never, ConfigProblem>> {
    this.kill()
    await Promise.all(this.#slots.map(({ worker }) => worker.exited))
    return failure(problem)
  }

  async #openWorker({ number, worker }: Slot): Promise<ConfigProblem | undefined> {
    const { embedded } = this.#options
    const snapshot = packSnapshot(worker.snapshot ?? this.#snapshot)
    const request = { kind: 'open', worker: number, snapshot, embedded } as const
    const answer = await worker.ask(request, OPEN_MS)
    if (answer?.kind !== 'done') return problemOf(answer)
    worker.state = 'opened'
    return undefined
  }

  #supervise(slot: Slot, worker: WorkerProcess): void {
    worker.exited
      .then((exit) => this.#replace(slot, worker, exit))
      .catch((err: unknown) => this.#options.log.error({ err }, 'a worker could not be replaced'))
  }

  /** A worker has ended: another takes its place, at once unless the last ones died young. */
  async #replace(slot: Slot, worker: WorkerProcess, exit: WorkerExit): Promise<void> {
    this.#ended = await mergeEnded([this.#ended, this.#lastMetrics.get(worker) ?? []])
    this.#lastMetrics.delete(worker)
    if (this.#isStopping) return
    const { log, onHopeless } = this.#options
    const livedMs = performance.now() - worker.startedAt
    slot.failures = livedMs >= STABLE_MS ? 0 : slot.failures + 1
    const pauseMs = restartPauseMs(slot.failures)
    log.error({ worker: worker.pid, ...exit, pauseMs }, 'a worker died, another takes its place')
    if (this.#serving().length === 0 && this.#slots.every((s) => s.failures >= FAILURES_MAX)) {
      onHopeless()
      return
    }
    slot.restart = setTimeout(() => {
      this.#start(slot).catch((err: unknown) => log.error({ err }, 'a worker could not be started'))
    }, pauseMs)
  }

  async #start(slot: Slot): Promise<void> {
    const { log } = this.#options
    const worker = this.#nextWorker()
    slot.worker = worker
    this.#restarts++
    this.#supervise(slot, worker)
    const problem = (await this.#openWorker(slot)) ?? (await this.#listen(worker))
    if (problem !== undefined) {
      log.error(
        { worker: worker.pid, problem: formatProblem(this.#snapshot.path, problem) },
        'a worker could not start',
      )
      worker.kill()
      return
    }
    await this.#bringUpToDate(worker)
    this.#keepSpare()
    log.info({ worker: worker.pid }, 'a worker serves')
  }

  async #listen(worker: WorkerProcess): Promise<ConfigProblem | undefined> {
    const answer = await worker.ask({ kind: 'listen' }, OPEN_MS)
    if (answer?.kind !== 'listening') return problemOf(answer)
    await this.#serve(worker)
    return undefined
  }

  /** For a worker that was started while a reload was under way. */
  async #bringUpToDate(worker: WorkerProcess): Promise<void> {
    const snapshot = this.#snapshot
    if (worker.snapshot === snapshot) return
    worker.snapshot = snapshot
    const request = {
      kind: 'prepare',
      snapshot: packSnapshot(snapshot),
      keepsUpstream: false,
    } as const
    const answer = await worker.ask(request, OPEN_MS)
    if (answer?.kind === 'done') await worker.ask({ kind: 'commit' }, ANSWER_MS)
    else worker.kill()
  }

  async #askAll(workers: readonly WorkerProcess[], request: WorkerRequest): Promise<void> {
    await Promise.all(workers.map((worker) => worker.ask(request, OPEN_MS)))
  }
}

function problemOf(answer: WorkerAnswer | undefined): ConfigProblem {
  if (answer?.kind === 'failed') return answer.problem
  return { path: 'workers', message: 'a worker process ended or did not answer while it started' }
}

function refusalOf(answer: WorkerAnswer | undefined): readonly ConfigProblem[] {
  if (answer?.kind === 'done') return []
  if (answer?.kind === 'refused') return answer.problems
  return [{ path: 'workers', message: 'a worker process did not answer' }]
}

/** Workers find the same; once is enough. */
function firstOfEach(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const byPath = new Map<string, ConfigProblem>()
  for (const problem of problems) {
    if (!byPath.has(problem.path)) byPath.set(problem.path, problem)
  }
  return [...byPath.values()]
}
