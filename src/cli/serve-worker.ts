import type { ConfigProblem } from '../config/config.ts'
import { unpackSnapshot } from '../service/config-snapshot.ts'
import { type PreparedSwap, RunningService } from '../service/running-service.ts'
import { type Log, openLog } from '../telemetry/log.ts'
import { Metrics } from '../telemetry/metrics.ts'
import type { ExitCode, Terminal } from './command.ts'
import { loadEgress } from './load-egress.ts'
import {
  AUDIT_DESCRIPTOR,
  type Envelope,
  isEnvelope,
  type WorkerAnswer,
  type WorkerRequest,
} from './worker-messages.ts'

/**
 * A worker: executes the requests of the process that started it, until it is drained. It ignores
 * signals, because a terminal or systemd sends them to all processes. If the parent ends, node ends
 * the worker.
 */
export function serveWorker(terminal: Terminal): Promise<ExitCode> {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, ignore)
  const worker = new WorkerSide(terminal)
  return new Promise((resolve) => {
    process.on('exit', () => worker.flush())
    process.on('message', (message: unknown) => {
      if (!isEnvelope<WorkerRequest>(message)) return
      const { sealgate, body } = message
      worker.answer(body).then(
        (answer) => send({ sealgate, body: answer }, () => isLast(answer) && resolve(0)),
        (error: unknown) => {
          const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
          send({ sealgate, body: failed({ path: '', message: text }) }, () => resolve(1))
        },
      )
    })
    send({ sealgate: 0, body: { kind: 'hello' } }, ignore)
  }).then((code) => {
    if (process.connected) process.disconnect()
    return code === 0 ? 0 : 1
  })
}

/** Returns whether the worker ends after this answer. */
function isLast({ kind }: WorkerAnswer): boolean {
  return kind === 'drained' || kind === 'failed'
}

function send(envelope: Envelope<WorkerAnswer>, onSent: () => void): void {
  process.send?.(envelope, onSent)
}

class WorkerSide {
  readonly #terminal: Terminal
  #log: Log | undefined
  #metrics: Metrics | undefined
  #running: RunningService | undefined
  #prepared: PreparedSwap | undefined

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  async answer(request: WorkerRequest): Promise<WorkerAnswer> {
    switch (request.kind) {
      case 'open':
        return this.#open(request)
      case 'listen': {
        const listening = await this.#service.listen()
        if (!listening.ok) return failed(listening.error)
        return { kind: 'listening', addresses: listening.value.listen }
      }
      case 'prepare':
        return this.#prepare(request)
      case 'commit':
        this.#prepared?.commit()
        this.#prepared = undefined
        return DONE
      case 'abandon':
        await this.#abandon()
        return DONE
      case 'hold-audit':
        this.#running?.holdAudit(request.isHeld)
        return DONE
      case 'reopen-audit':
        await this.#running?.reopenAudit()
        return DONE
      case 'metrics':
        return {
          kind: 'metrics',
          metrics: (await this.#metrics?.registry.getMetricsAsJSON()) ?? [],
        }
      case 'readiness':
        return { kind: 'readiness', readiness: await this.#service.readiness() }
      case 'drain':
        return { kind: 'drained', report: await this.#service.drain() }
    }
  }

  /** Writes the audit lines that are still in memory. */
  flush(): void {
    this.#running?.flushAudit()
  }

  get #service(): RunningService {
    if (this.#running === undefined) throw new Error('the worker has not been opened')
    return this.#running
  }

  async #open(request: Extract<WorkerRequest, { kind: 'open' }>): Promise<WorkerAnswer> {
    const taken = await unpackSnapshot(request.snapshot, this.#terminal.env)
    if (!taken.ok) return failed(first(taken.error.problems))
    const { config } = taken.value
    this.#log = openLog({ level: config.log.level })
    this.#metrics = new Metrics({
      ...config.metrics,
      withDefaults: true,
      worker: request.worker,
    })
    const opened = await RunningService.open({
      snapshot: taken.value,
      embedded: request.embedded,
      log: this.#log,
      metrics: this.#metrics,
      auditDescriptor: AUDIT_DESCRIPTOR,
      worker: request.worker + 1,
      ...(await loadEgress(config)),
    })
    if (!opened.ok) return failed(opened.error)
    this.#running = opened.value
    return DONE
  }

  async #prepare(request: Extract<WorkerRequest, { kind: 'prepare' }>): Promise<WorkerAnswer> {
    const taken = await unpackSnapshot(request.snapshot, this.#terminal.env)
    if (!taken.ok) return { kind: 'refused', problems: taken.error.problems }
    const prepared = await this.#service.prepare(taken.value, request.keepsUpstream)
    if (!prepared.ok) return { kind: 'refused', problems: prepared.error }
    // A configuration that was still being prepared when it was abandoned.
    await this.#abandon()
    this.#prepared = prepared.value
    return DONE
  }

  async #abandon(): Promise<void> {
    const prepared = this.#prepared
    this.#prepared = undefined
    await prepared?.abandon()
  }
}

const DONE = { kind: 'done' } as const

function failed(problem: ConfigProblem): WorkerAnswer {
  return { kind: 'failed', problem }
}

function first(problems: readonly ConfigProblem[]): ConfigProblem {
  return problems[0] ?? { path: '', message: 'the configuration cannot be used' }
}

function ignore(): void {}
