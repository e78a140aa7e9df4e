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

/** The options of a worker pool. */
export interface WorkerPoolOptions {
  readonly snapshot: ConfigSnapshot
  readonly embedded: EmbeddedUpstream | undefined
  readonly log: Log
  /** Reads the audit lines of each started worker; undefined: workers have their own files. */
  readonly collector: AuditCollector | undefined
  /** Options of node for the workers, besides this process's own. */
  readonly nodeOptions: readonly string[]
  /** Called if no worker can be kept alive: the program must end. */
  readonly onHopeless: () => void
}

/** A slot for a worker; it is filled again if the worker dies. */
interface Slot {
  readonly number: number
  worker: WorkerProcess
  /** Workers in a row that died soon after their start. */
  failures: number
  restart: NodeJS.Timeout | undefined
}

/** The wait for credentials is the longest part of it. */
const OPEN_MS = 60_000
const ANSWER_MS = 1_000
/** A worker that has lived this long did not die because of its start. */
const STABLE_MS = 10_000
/** Workers in a row, in every slot, that died soon: about 15 s. */
const FAILURES_MAX = 8
/** The time after a drain's deadline in which a worker must end. */
const ENDING_MS = 10_000

const STDERR = 2

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))

/**
 * The worker processes that share the listeners. All of them start, or none. A dead worker is
 * replaced, with growing pauses if replacements die too. A new configuration is applied by all
 * workers, or by none.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions
  #snapshot: ConfigSnapshot
  #slots: Slot[] = []
  /** Loaded and idle, to replace a dead worker: loading the program takes the most time. */
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

  /** The number of workers started to replace a dead one. */
  get restarts(): number {
    return this.#restarts
  }

  /** Starts all workers; returns the addresses, or the problem, and then no worker is left. */
  async start(): Promise<Result<readonly SocketAddress[], ConfigProblem>> {
    const { path, config } = this.#snapshot
    // Workers take connections from the kernel's queue themselves. With round robin a connection
    // belongs to the supervisor until a worker takes it, and hangs if that worker never does
    // (docs/adr/0010).
    cluster.schedulingPolicy = cluster.SCHED_NONE
    cluster.setupPrimary({
      exec: MAIN,
      args: ['serve', '--config', path],
      execArgv: [...process.execArgv, ...this.#options.nodeOptions],
      serialization: 'advanced',
      // stdout is only for the audit log. A process that ends also makes its stdio blocking again,
      // for all.
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
    // The first worker alone: an address that cannot be bound is reported once, with nothing half
    // started.
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

  /** Applies the snapshot in all workers; or in none, and returns the problems. */
  async apply(next: ConfigSnapshot, keepsUpstream: boolean): Promise<readonly ConfigProblem[]> {
    const workers = this.#serving()
    const request = { kind: 'prepare', snapshot: packSnapshot(next), keepsUpstream } as const
    const answers = await Promise.all(workers.map((worker) => worker.ask(request, OPEN_MS)))
    const problems = answers.flatMap((answer, i) =>
      // A worker that died meanwhile is replaced with the configuration that is then current.
      workers[i]?.state === 'gone' ? [] : refusalOf(answer),
    )
    // The workers that were asked are being ended: none has taken it over, and the audit log is closed.
    if (this.#isStopping) return [{ path: 'workers', message: 'the program is stopping' }]
    if (problems.length > 0) {
      await this.#askAll(workers, { kind: 'abandon' })
      return firstOfEach(problems)
    }
    this.#snapshot = next
    for (const worker of workers) worker.snapshot = next
    await this.#askAll(workers, { kind: 'commit' })
    // A worker that began to serve in between was started with the now old configuration.
    await Promise.all(this.#serving().map((worker) => this.#bringUpToDate(worker)))
    return []
  }

  /**
   * Tells all workers whether the audit log cannot be written, so that they refuse new requests.
   */
  holdAudit(isHeld: boolean): void {
    this.#isAuditHeld = isHeld
    // Workers that do not answer are ignored; none of these promises rejects.
    void this.#askAll(this.#serving(), { kind: 'hold-audit', isHeld })
  }

  /** Makes all workers check or reopen their own audit files. */
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

  /** Drains all workers and waits until they have ended. */
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

  /** Kills all workers. */
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

  /** Returns the spare worker, or a new one. */
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

  /** Makes the worker serve requests, unless the audit log cannot be written. */
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

  /**
   * Replaces a worker that ended; at once, unless the previous ones died soon after their start.
   */
  async #replace(slot: Slot, worker: WorkerProcess, exit: WorkerExit): Promise<void> {
    this.#ended = await mergeEnded([this.#ended, this.#lastMetrics.get(worker) ?? []])
    this.#lastMetrics.delete(worker)
    if (this.#isStopping) return
    const { log, onHopeless } = this.#options
    const livedMs = performance.now() - worker.startedAt
    slot.failures = livedMs >= STABLE_MS ? 0 : slot.failures + 1
    const pauseMs = restartPauseMs(slot.failures)
    log.error({ worker: worker.pid, ...exit, pauseMs }, 'a worker died and is being replaced')
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

  /** Updates a worker that was started during a reload. */
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
  return { path: 'workers', message: 'a worker process ended or did not answer during its start' }
}

function refusalOf(answer: WorkerAnswer | undefined): readonly ConfigProblem[] {
  if (answer?.kind === 'done') return []
  if (answer?.kind === 'refused') return answer.problems
  return [{ path: 'workers', message: 'a worker process did not answer' }]
}

/** All workers find the same problems; reports each once. */
function firstOfEach(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const byPath = new Map<string, ConfigProblem>()
  for (const problem of problems) {
    if (!byPath.has(problem.path)) byPath.set(problem.path, problem)
  }
  return [...byPath.values()]
}
