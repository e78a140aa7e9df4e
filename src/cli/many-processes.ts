import { failure, ok, type Result } from '../base/result.ts'
import { settledWithin } from '../base/settled-within.ts'
import type { ConfigProblem } from '../config/config.ts'
import { AdminServer, type AdminSource } from '../service/admin.ts'
import type { ConfigSnapshot } from '../service/config-snapshot.ts'
import { evidenceOptions } from '../service/evidence-options.ts'
import { ListenError } from '../service/listen-error.ts'
import { closeAudit, openAudit, openSinks, reopenAudit } from '../service/open-audit.ts'
import type { ReadinessReport } from '../service/readiness.ts'
import type { DrainReport } from '../service/running-service.ts'
import type { ServiceAddresses } from '../service/service.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'
import type { ConfigurationEvent } from '../telemetry/configuration-event.ts'
import { type MetricValues, mergeMetrics, mergeValues } from '../telemetry/merge-metrics.ts'
import { registerSource, singleValue } from '../telemetry/metric-series.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { AuditCollector } from './audit-collector.ts'
import type { ProcessHost } from './process-host.ts'
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.ts'

/** The options of the processes. */
type ManyProcessesOptions = Omit<WorkerPoolOptions, 'collector'>

/** Per worker, as with a single process. */
const AUDIT_BUFFER_BYTES_MAX = 16 * 1024 * 1024
/** The wait for the last lines in workers' pipes, after the workers have ended. */
const PIPES_MS = 1_000

/**
 * The service in worker processes that share the listeners. This process serves no requests: it
 * starts and replaces workers, has the admin listener, writes the audit log, and reports for all.
 *
 * Only one process writes the audit log. After a full disk or pipe has truncated a line, only the
 * rest of that line or a newline may follow, which several writers cannot guarantee.
 */
export class ManyProcesses implements ProcessHost, AdminSource {
  readonly #options: ManyProcessesOptions
  readonly #metrics: Metrics
  readonly #audit: AuditLog
  /** Undefined: each worker writes its own files. */
  readonly #collector: AuditCollector | undefined
  readonly #pool: WorkerPool
  readonly #admin = new AdminServer(this)
  #isStarted = false

  private constructor(options: ManyProcessesOptions, metrics: Metrics, audit: AuditLog) {
    this.#options = options
    this.#metrics = metrics
    this.#audit = audit
    const { evidence } = options.snapshot.config.audit
    this.#collector = evidence?.directory === undefined ? new AuditCollector(audit) : undefined
    this.#pool = new WorkerPool({ ...options, collector: this.#collector })
    metrics.watchAudit(audit)
    registerSource(metrics.registry, {
      name: 'sealgate_worker_restarts_total',
      help: 'Workers started to replace one that died.',
      type: 'counter',
      aggregator: 'sum',
      values: () => singleValue(this.#pool.restarts),
    })
  }

  /** Opens the audit log; starts nothing yet. */
  static async open(
    options: ManyProcessesOptions,
    metrics: Metrics,
  ): Promise<Result<ManyProcesses, ConfigProblem>> {
    const { config } = options.snapshot
    let hold: (isHeld: boolean) => void = () => undefined
    const audit = await openAudit(
      {
        destination: config.audit.destination,
        bufferBytesMax: AUDIT_BUFFER_BYTES_MAX * config.workers,
        evidence: evidenceOptions(config, 0),
        forwarders: openSinks(config, options.log),
        onState: ({ kind }) => {
          if (kind !== 'losing') hold(kind === 'stalled')
        },
      },
      options.log,
    )
    if (!audit.ok) return audit
    const processes = new ManyProcesses(options, metrics, audit.value)
    hold = (isHeld) => processes.#pool.holdAudit(isHeld)
    return ok(processes)
  }

  async start(): Promise<Result<ServiceAddresses, ConfigProblem>> {
    const { admin } = this.#options.snapshot.config
    try {
      const port =
        admin === undefined
          ? undefined
          : await ListenError.wrap('admin.address', this.#admin.listen(admin))
      const listen = await this.#pool.start()
      if (!listen.ok) {
        await this.#admin.close()
        return listen
      }
      this.#isStarted = true
      const hasAdmin = admin !== undefined && port !== undefined
      return ok({ listen: listen.value, admin: hasAdmin ? { host: admin.host, port } : undefined })
    } catch (error) {
      if (error instanceof ListenError) return failure(error.problem)
      throw error
    }
  }

  apply(next: ConfigSnapshot, keepsUpstream: boolean): Promise<readonly ConfigProblem[]> {
    return this.#pool.apply(next, keepsUpstream)
  }

  async reopenAudit(): Promise<void> {
    if (this.#collector === undefined) await this.#pool.reopenAudit()
    return reopenAudit(this.#audit, this.#options.log)
  }

  recordConfiguration(event: ConfigurationEvent): void {
    this.#audit.writeConfiguration(event)
  }

  async drain(last: () => ConfigurationEvent): Promise<DrainReport> {
    const { inTime, lostLines } = await this.#pool.drain()
    if (this.#collector !== undefined) await settledWithin(this.#collector.ended(), PIPES_MS)
    this.#audit.writeConfiguration(last())
    await closeAudit(this.#audit, this.#options.log)
    await this.#admin.close()
    return { inTime, lostLines: lostLines + this.#audit.lostLines }
  }

  quit(): void {
    this.#pool.kill()
    this.#audit.flushSync()
  }

  get isStarted(): boolean {
    return this.#isStarted
  }

  async metrics(): Promise<{ readonly contentType: string; readonly text: string }> {
    const { registry } = this.#metrics
    const workers = await this.#pool.metrics()
    const text = await mergeMetrics(await registry.getMetricsAsJSON(), workers)
    return { contentType: registry.contentType, text }
  }

  async metricValues(): Promise<readonly MetricValues[]> {
    const workers = await this.#pool.metrics()
    return mergeValues(await this.#metrics.registry.getMetricsAsJSON(), workers)
  }

  readiness(): Promise<ReadinessReport> {
    return this.#pool.readiness()
  }
}
