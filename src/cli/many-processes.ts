import { failure, ok, type Result } from '../base/result.ts'
import type { ConfigProblem } from '../config/config.ts'
import { AdminServer, type AdminSource } from '../service/admin.ts'
import type { ConfigSnapshot } from '../service/config-snapshot.ts'
import { ListenError } from '../service/listen-error.ts'
import type { ReadinessReport } from '../service/readiness.ts'
import type { ServiceAddresses } from '../service/service.ts'
import { mergeMetrics } from '../telemetry/merge-metrics.ts'
import { registerSource, singleValue } from '../telemetry/metric-series.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Host } from './host.ts'
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.ts'

/**
 * The service in worker processes that share the listeners. This process takes no requests: it
 * starts and replaces workers, has the admin listener, and speaks for all.
 */
export class ManyProcesses implements Host, AdminSource {
  readonly #snapshot: ConfigSnapshot
  readonly #pool: WorkerPool
  readonly #metrics: Metrics
  readonly #admin = new AdminServer(this)

  constructor(options: WorkerPoolOptions, metrics: Metrics) {
    this.#snapshot = options.snapshot
    this.#pool = new WorkerPool(options)
    this.#metrics = metrics
    registerSource(metrics.registry, {
      name: 'sealgate_worker_restarts_total',
      help: 'Workers that were started in the place of one that died.',
      type: 'counter',
      aggregator: 'sum',
      values: () => singleValue(this.#pool.restarts),
    })
  }

  async start(): Promise<Result<ServiceAddresses, ConfigProblem>> {
    const { admin } = this.#snapshot.config
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

  reopenAudit(): Promise<void> {
    return this.#pool.reopenAudit()
  }

  async drain(): Promise<boolean> {
    const inTime = await this.#pool.drain()
    await this.#admin.close()
    return inTime
  }

  quit(): void {
    this.#pool.kill()
  }

  async metrics(): Promise<{ readonly contentType: string; readonly text: string }> {
    const { registry } = this.#metrics
    const workers = await this.#pool.metrics()
    const text = await mergeMetrics(await registry.getMetricsAsJSON(), workers)
    return { contentType: registry.contentType, text }
  }

  readiness(): Promise<ReadinessReport> {
    return this.#pool.readiness()
  }
}
