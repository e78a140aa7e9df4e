import { getFips } from 'node:crypto'
import type { Registry } from 'prom-client'
import {
  cellsFor,
  count,
  optionalValue,
  registerCounter,
  registerGauge,
  registerWords,
  type SeriesValue,
  singleValue,
} from './metric-series.ts'
import { RELOAD_RESULTS } from './metric-words.ts'
import { packageVersion } from './package-version.ts'

/** The metrics about the active configuration. */
export interface ConfiguredFacts {
  readonly mode: 'enforce' | 'observe'
  /** SHA-256 of the configuration, in hexadecimal. */
  readonly hash: string
  /** Limit of concurrent requests of one process. */
  readonly inflightMax: number
  /** Buckets that get a label of their own. */
  readonly buckets: ReadonlySet<string>
  readonly certificates: readonly CertificateFacts[]
  /** The names of the issuers of identity tokens. */
  readonly issuers: readonly string[]
}

/** When the first certificate of a file expires. */
export interface CertificateFacts {
  readonly use: 'listener' | 'egress-ca'
  readonly file: string
  readonly expiresAtSeconds: number
}

/** Values that are stored elsewhere, and read at a scrape. */
export interface ServiceGauges {
  /** Connections to the listeners. */
  readonly connections: () => number
  /** Connections without an identified client. */
  readonly unauthenticatedConnections: () => number
  /** Connections to S3, and requests that wait for one. */
  readonly upstream: () => {
    readonly busy: number
    readonly free: number
    readonly waiting: number
  }
  /** Whether an outside part (`upstream`, `credentials`) has failed, as far as it is known. */
  readonly degraded: () => ReadonlyMap<string, boolean>
}

/** What a service publishes of one process besides its requests: its configuration, its state, its connections. */
export class ServiceMetrics {
  readonly #inflight: () => number
  readonly #reloads = cellsFor('result', RELOAD_RESULTS)
  #facts: ConfiguredFacts | undefined
  #gauges: ServiceGauges | undefined
  #lastReload: { readonly isSuccess: boolean; readonly successAtMs: number } | undefined
  #credentialsExpiry: () => number | undefined = () => undefined
  #audit = { lostLines: 0, undeliveredLines: 0 }

  /** `inflight`: requests that are being served. `worker`: the number of this process, if it serves. */
  constructor(registry: Registry, inflight: () => number, worker: number | undefined) {
    this.#inflight = inflight
    this.#registerState(registry)
    this.#registerProcess(registry, worker)
  }

  /** Records that the program has started with its configuration. */
  configLoaded(nowMs: number): void {
    this.#lastReload = { isSuccess: true, successAtMs: nowMs }
  }

  /** Records a reload attempt. */
  configReload(result: (typeof RELOAD_RESULTS)[number], nowMs: number): void {
    count(this.#reloads, result)
    if (result === 'success') this.configLoaded(nowMs)
    else this.#lastReload = { isSuccess: false, successAtMs: this.#lastReload?.successAtMs ?? 0 }
  }

  /** Sets the active configuration. */
  configured(facts: ConfiguredFacts): void {
    this.#facts = facts
  }

  /** Sets the source of the gauges about open connections. */
  watchService(gauges: ServiceGauges): void {
    this.#gauges = gauges
  }

  /**
   * Sets the source of the seconds until the first upstream credentials expire; undefined: never.
   */
  watchCredentials(secondsLeft: () => number | undefined): void {
    this.#credentialsExpiry = secondsLeft
  }

  /** Sets the source of the numbers of lost and of undelivered audit lines. */
  watchAudit(audit: { readonly lostLines: number; readonly undeliveredLines: number }): void {
    this.#audit = audit
  }

  #registerState(registry: Registry): void {
    registerWords(
      registry,
      'sealgate_config_reloads_total',
      'Reloads of the configuration.',
      this.#reloads,
    )
    registerGauge(
      registry,
      'sealgate_config_last_reload_successful',
      'Whether the last reload of the configuration succeeded.',
      'min',
      () => optionalValue(this.#lastReload && Number(this.#lastReload.isSuccess)),
    )
    registerGauge(
      registry,
      'sealgate_config_last_reload_success_timestamp_seconds',
      'When the active configuration was loaded.',
      'max',
      () => optionalValue(this.#lastReload && this.#lastReload.successAtMs / 1000),
    )
    registerGauge(registry, 'sealgate_config_info', 'The active configuration.', 'max', () =>
      this.#facts === undefined
        ? []
        : [{ labels: { mode: this.#facts.mode, hash: this.#facts.hash }, value: 1 }],
    )
    registerGauge(
      registry,
      'sealgate_certificate_expiry_timestamp_seconds',
      'When the first certificate in a file expires.',
      'min',
      () =>
        (this.#facts?.certificates ?? []).map(({ use, file, expiresAtSeconds }) => ({
          labels: { use, file },
          value: expiresAtSeconds,
        })),
    )
    registerGauge(
      registry,
      'sealgate_credentials_expiry_seconds',
      'Time until the first upstream credentials expire; negative if they have expired.',
      'min',
      () => optionalValue(this.#credentialsExpiry()),
    )
    registerCounter(
      registry,
      'sealgate_audit_lost_lines_total',
      'Audit lines that could not be written.',
      () => singleValue(this.#audit.lostLines),
    )
    registerCounter(
      registry,
      'sealgate_audit_undelivered_lines_total',
      'Copies of audit lines that no sink took.',
      () => singleValue(this.#audit.undeliveredLines),
    )
  }

  #registerProcess(registry: Registry, worker: number | undefined): void {
    const ofWorker = (value: () => number) => (): SeriesValue[] =>
      worker === undefined ? [] : [{ labels: { worker: String(worker) }, value: value() }]
    const fips = String(getFips() === 1)
    const build = { version: packageVersion(), node: process.version, fips }
    registerGauge(registry, 'sealgate_build_info', 'The running program.', 'max', () => [
      { labels: build, value: 1 },
    ])
    registerGauge(
      registry,
      'sealgate_inflight_requests',
      'Requests that are being served.',
      'sum',
      () => singleValue(this.#inflight()),
    )
    registerGauge(
      registry,
      'sealgate_worker_inflight_requests',
      'Running requests of one process.',
      'sum',
      ofWorker(() => this.#inflight()),
    )
    registerGauge(
      registry,
      'sealgate_inflight_limit',
      'Requests that one process may serve.',
      'sum',
      () => (this.#facts === undefined ? [] : ofWorker(() => this.#facts?.inflightMax ?? 0)()),
    )
    registerCounter(
      registry,
      'sealgate_worker_cpu_seconds_total',
      'CPU time of one process that serves.',
      ofWorker(cpuSeconds),
    )
    registerGauge(registry, 'sealgate_connections', 'Connections to the listeners.', 'sum', () =>
      optionalValue(this.#gauges?.connections()),
    )
    registerGauge(
      registry,
      'sealgate_unauthenticated_connections',
      'Connections without an identified client.',
      'sum',
      () => optionalValue(this.#gauges?.unauthenticatedConnections()),
    )
    registerGauge(
      registry,
      'sealgate_degraded',
      'Whether S3 is unreachable, or credentials for it are missing.',
      'max',
      () =>
        [...(this.#gauges?.degraded() ?? [])].map(([part, isDegraded]) => ({
          labels: { part },
          value: Number(isDegraded),
        })),
    )
    registerGauge(registry, 'sealgate_upstream_connections', 'Connections to S3.', 'sum', () => {
      const upstream = this.#gauges?.upstream()
      if (upstream === undefined) return []
      return [
        { labels: { state: 'busy' }, value: upstream.busy },
        { labels: { state: 'free' }, value: upstream.free },
      ]
    })
    registerGauge(
      registry,
      'sealgate_upstream_waiting_requests',
      'Requests that wait for a connection to S3.',
      'sum',
      () => optionalValue(this.#gauges?.upstream().waiting),
    )
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
