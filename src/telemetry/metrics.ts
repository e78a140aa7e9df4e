import { collectDefaultMetrics, Registry } from 'prom-client'
import { OPERATIONS } from '../s3/operation.ts'
import type { Reason } from '../s3/reasons.ts'
import {
  type CounterCell,
  cellsFor,
  count,
  counterValues,
  type HistogramCell,
  histogramCell,
  histogramValues,
  type Labels,
  observe,
  registerCounter,
  registerSource,
  registerWords,
  type SeriesValue,
} from './metric-series.ts'
import {
  CONFIRMATION_RESULTS,
  type CountedAction,
  ENCRYPTION_ACTIONS,
  KEY_SET_RESULTS,
  REFUSAL_REASONS,
  type RELOAD_RESULTS,
  REQUEST_WORDS,
  type RequestWords,
  UPSTREAM_ERROR_KINDS,
} from './metric-words.ts'
import { type ConfiguredFacts, type ServiceGauges, ServiceMetrics } from './service-metrics.ts'

/** The contribution of one request to the metrics; traffic to other hosts leaves out the fields of S3 requests. */
export interface RequestMeasurement extends RequestWords {
  /** The API name; undefined: not recognised. */
  readonly operation?: string | undefined
  /** Status that the client got; 0 if the socket was closed before an answer. */
  readonly status: number
  readonly decision: 'allow' | 'deny' | 'observe' | 'none'
  readonly durationMs: number
  /** From sending to the head of S3's answer; undefined if S3 was not asked or did not answer. */
  readonly upstreamMs?: number | undefined
  readonly requestBytes: number
  readonly responseBytes: number
  /** The effect on an upload's encryption headers; undefined if it is not an upload. */
  readonly action?: CountedAction | undefined
  readonly confirmation?: (typeof CONFIRMATION_RESULTS)[number] | undefined
  /** The value of `x-sealgate-reason`, if the proxy refused. */
  readonly reason?: Reason | undefined
  /** For the optional labels, as in the audit line. */
  readonly bucket?: string | undefined
  readonly client: string | undefined
}

/** The options of the metrics. */
interface MetricsOptions {
  readonly bucketLabel: boolean
  readonly clientLabel: boolean
  /** Whether to include Node's own metrics: event loop, heap, garbage collection. */
  readonly withDefaults: boolean
  /**
   * The number of this process among the serving ones, from 0; undefined if it serves no requests.
   */
  readonly worker?: number | undefined
}

/** Seconds; from a refusal (below a millisecond) to a copy that takes minutes. */
const DURATION_BOUNDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
] as const

/**
 * Limit of series with a bucket's label; a scrape of 20,000 takes half a second of the serving
 * thread.
 */
export const BUCKET_SERIES_MAX = 10_000
const OTHER = '_other'
const UNKNOWN_OPERATION = 'Unknown'

const DECISIONS = ['allow', 'deny', 'observe', 'none'] as const

/** The cells of one operation, looked up once per request. */
interface OperationCells {
  readonly operation: string
  readonly duration: HistogramCell
  readonly upstream: HistogramCell
  readonly encryption: ReadonlyMap<string, CounterCell>
  readonly confirmations: ReadonlyMap<string, CounterCell>
}

/** The cells of one bucket and client; of all, if these are not labels. */
interface Scope {
  /** The optional labels. */
  readonly labels: Labels
  readonly client: string
  /** Whether the bucket has its own label. */
  readonly isNamed: boolean
  /** By operation, then by status * 4 + decision. */
  readonly requests: Map<string, Map<number, CounterCell>>
  readonly refusals: Map<string, CounterCell>
}

/**
 * The metrics of one process, with its own registry. A request costs one call of `requestStarted`
 * and one of `requestEnded`: map lookups and additions, no label hashing.
 */
export class Metrics {
  /** For `/metrics` and for aggregation over workers. */
  readonly registry = new Registry()
  readonly #options: MetricsOptions
  readonly #operations = new Map<string, OperationCells>()
  /** By client, then by bucket. */
  readonly #scopes = new Map<string, Map<string, Scope>>()
  readonly #unlabelled: Scope
  #namedSeries = 0
  readonly #requestWords = REQUEST_WORDS.map((metric) => ({
    ...metric,
    cells: cellsFor(metric.label, metric.words),
  }))
  readonly #upstreamErrors = cellsFor('kind', UPSTREAM_ERROR_KINDS)
  /** By issuer and result. */
  readonly #identityTokens = new Map<string, CounterCell>()
  readonly #keySets = new Map<string, ReadonlyMap<string, CounterCell>>()
  #requestBytes = 0
  #responseBytes = 0
  #inflight = 0
  /** Buckets that get a label of their own. */
  #labelledBuckets: ReadonlySet<string> = new Set()
  readonly #service: ServiceMetrics

  constructor(options: MetricsOptions) {
    this.#options = options
    for (const { name, isUpload, encryptionRole } of OPERATIONS) {
      if (isUpload || encryptionRole === 'inherits-mpu') this.#cellsOf(name)
    }
    this.#unlabelled = this.#scopeOf('', '')
    const { refusals, labels } = this.#unlabelled
    for (const reason of REFUSAL_REASONS) {
      refusals.set(reason, { labels: { reason, ...labels }, value: 0 })
    }
    this.#registerRequests()
    this.#registerSessions()
    this.#service = new ServiceMetrics(this.registry, () => this.#inflight, options.worker)
    if (options.withDefaults) collectDefaultMetrics({ register: this.registry })
  }

  /** Counts the arrival of a request head. A call of `requestEnded` follows every call. */
  requestStarted(): void {
    this.#inflight++
  }

  /** Counts the end of a request, however it ended. */
  requestEnded(measurement: RequestMeasurement): void {
    this.#inflight--
    const cells = this.#cellsOf(measurement.operation ?? UNKNOWN_OPERATION)
    this.#countRequest(cells.operation, measurement)
    observe(cells.duration, DURATION_BOUNDS, measurement.durationMs / 1000)
    if (measurement.upstreamMs !== undefined) {
      observe(cells.upstream, DURATION_BOUNDS, measurement.upstreamMs / 1000)
    }
    this.#requestBytes += measurement.requestBytes
    this.#responseBytes += measurement.responseBytes
    const { action, confirmation } = measurement
    if (action !== undefined) count(cells.encryption, action)
    if (confirmation !== undefined) count(cells.confirmations, confirmation)
    for (const { field, cells: words } of this.#requestWords) {
      const word = measurement[field]
      if (word !== undefined) count(words, word)
    }
  }

  /**
   * Counts a request for session keys. `issuer`: its name in the configuration; empty if it is not
   * there. `result`: `issued`, or the reason of the refusal.
   */
  sessionRequested(issuer: string, result: string): void {
    const name = `${issuer} ${result}`
    const cell = this.#identityTokens.get(name) ?? { labels: { issuer, result }, value: 0 }
    cell.value++
    this.#identityTokens.set(name, cell)
  }

  /** Counts an attempt to read the keys of an issuer. */
  keySetRead(issuer: string, result: (typeof KEY_SET_RESULTS)[number]): void {
    count(this.#keySetsOf(issuer), result)
  }

  /** Counts a failure to reach S3. */
  upstreamError(kind: (typeof UPSTREAM_ERROR_KINDS)[number]): void {
    count(this.#upstreamErrors, kind)
  }

  /** Records that the program has started with its configuration. */
  configLoaded(nowMs: number): void {
    this.#service.configLoaded(nowMs)
  }

  /** Records a reload attempt. */
  configReload(result: (typeof RELOAD_RESULTS)[number], nowMs: number): void {
    this.#service.configReload(result, nowMs)
  }

  /** Sets the active configuration. */
  configured(facts: ConfiguredFacts): void {
    this.#service.configured(facts)
    this.#labelledBuckets = facts.buckets
    // At 0 from the start, so that a first failure counts.
    for (const issuer of facts.issuers) this.#keySetsOf(issuer)
  }

  /** Sets the source of the gauges about open connections. */
  watchService(gauges: ServiceGauges): void {
    this.#service.watchService(gauges)
  }

  /**
   * Sets the source of the seconds until the first upstream credentials expire; undefined: never.
   */
  watchCredentials(secondsLeft: () => number | undefined): void {
    this.#service.watchCredentials(secondsLeft)
  }

  /** Sets the source of the numbers of lost and of undelivered audit lines. */
  watchAudit(audit: { readonly lostLines: number; readonly undeliveredLines: number }): void {
    this.#service.watchAudit(audit)
  }

  /** Requests that are being served. */
  get inflight(): number {
    return this.#inflight
  }

  #keySetsOf(issuer: string): ReadonlyMap<string, CounterCell> {
    const cells = this.#keySets.get(issuer) ?? cellsFor('result', KEY_SET_RESULTS, { issuer })
    this.#keySets.set(issuer, cells)
    return cells
  }

  #cellsOf(operation: string): OperationCells {
    const found = this.#operations.get(operation)
    if (found !== undefined) return found
    const labels = { operation }
    const known = OPERATIONS.find(({ name }) => name === operation)
    const isUpload = known?.isUpload === true
    const isConfirmed = isUpload || known?.encryptionRole === 'inherits-mpu'
    const cells = {
      operation,
      duration: histogramCell(labels, DURATION_BOUNDS),
      upstream: histogramCell(labels, DURATION_BOUNDS),
      encryption: cellsFor('action', isUpload ? ENCRYPTION_ACTIONS : [], labels),
      confirmations: cellsFor('result', isConfirmed ? CONFIRMATION_RESULTS : [], labels),
    }
    this.#operations.set(operation, cells)
    return cells
  }

  #countRequest(operation: string, measurement: RequestMeasurement): void {
    const { bucketLabel, clientLabel } = this.#options
    const scope =
      bucketLabel || clientLabel
        ? this.#scopeOf(
            clientLabel ? (measurement.client ?? '') : '',
            bucketLabel ? this.#bucketLabel(measurement.bucket) : '',
          )
        : this.#unlabelled
    const { status, decision, reason } = measurement
    const at = status * 4 + DECISIONS.indexOf(decision)
    const cell =
      scope.requests.get(operation)?.get(at) ??
      this.#openRequests(scope, operation, at, measurement)
    cell.value++
    if (reason === undefined) return
    const refusals = scope.refusals.get(reason) ?? this.#openRefusals(scope, reason)
    refusals.value++
  }

  #openRequests(
    asked: Scope,
    operation: string,
    at: number,
    { status, decision }: RequestMeasurement,
  ): CounterCell {
    const scope = this.#boundedScope(asked)
    const cells = scope.requests.get(operation) ?? new Map<number, CounterCell>()
    scope.requests.set(operation, cells)
    const labels = { operation, status: String(status), decision, ...scope.labels }
    const cell = cells.get(at) ?? { labels, value: 0 }
    cells.set(at, cell)
    return cell
  }

  #openRefusals(asked: Scope, reason: Reason): CounterCell {
    const scope = this.#boundedScope(asked)
    const cell = scope.refusals.get(reason) ?? { labels: { reason, ...scope.labels }, value: 0 }
    scope.refusals.set(reason, cell)
    return cell
  }

  /**
   * Returns the scope for one more series: clients choose operations and statuses, so they are
   * limited.
   */
  #boundedScope(scope: Scope): Scope {
    if (!scope.isNamed) return scope
    if (this.#namedSeries >= BUCKET_SERIES_MAX) return this.#scopeOf(scope.client, OTHER)
    this.#namedSeries++
    return scope
  }

  #scopeOf(client: string, bucket: string): Scope {
    const scopes = this.#scopes.get(client) ?? new Map<string, Scope>()
    this.#scopes.set(client, scopes)
    const found = scopes.get(bucket)
    if (found !== undefined) return found
    const scope = {
      labels: {
        ...(this.#options.bucketLabel ? { bucket } : {}),
        ...(this.#options.clientLabel ? { client } : {}),
      },
      client,
      isNamed: bucket !== '' && bucket !== OTHER,
      requests: new Map(),
      refusals: new Map(),
    }
    scopes.set(bucket, scope)
    return scope
  }

  #bucketLabel(bucket: string | undefined): string {
    if (bucket === undefined) return ''
    return this.#labelledBuckets.has(bucket) ? bucket : OTHER
  }

  #registerRequests(): void {
    registerCounter(this.registry, 'sealgate_requests_total', 'Requests that have ended.', () =>
      counterValues(this.#allRequests()),
    )
    this.#histogram(
      'sealgate_request_duration_seconds',
      'From request head to the end.',
      'duration',
    )
    this.#histogram(
      'sealgate_upstream_duration_seconds',
      "From sending to the head of S3's answer.",
      'upstream',
    )
    registerCounter(
      this.registry,
      'sealgate_bytes_total',
      "Bytes of bodies on the client's side.",
      () =>
        counterValues([
          { labels: { direction: 'request' }, value: this.#requestBytes },
          { labels: { direction: 'response' }, value: this.#responseBytes },
        ]),
    )
    registerCounter(
      this.registry,
      'sealgate_encryption_total',
      "Effects on uploads' encryption headers.",
      () => this.#perOperation('encryption'),
    )
    registerCounter(
      this.registry,
      'sealgate_confirmations_total',
      "S3's answers about encryption.",
      () => this.#perOperation('confirmations'),
    )
    for (const { name, help, cells } of this.#requestWords)
      registerWords(this.registry, name, help, cells)
    registerCounter(
      this.registry,
      'sealgate_refusals_total',
      'Requests that the proxy refused.',
      () => counterValues(this.#allRefusals()),
    )
    registerWords(
      this.registry,
      'sealgate_upstream_errors_total',
      'Failures to reach S3.',
      this.#upstreamErrors,
    )
  }

  #registerSessions(): void {
    registerCounter(
      this.registry,
      'sealgate_sts_requests_total',
      'Requests for session keys.',
      () => counterValues(this.#identityTokens.values()),
    )
    registerCounter(
      this.registry,
      'sealgate_sts_key_set_reads_total',
      "Reads of issuers' keys.",
      () => [...this.#keySets.values()].flatMap((cells) => counterValues(cells.values())),
    )
  }

  #histogram(name: string, help: string, cell: 'duration' | 'upstream'): void {
    registerSource(this.registry, {
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: () => {
        const cells = [...this.#operations.values()].map((operation) => operation[cell])
        const used = cells.filter(({ count }) => count > 0)
        return histogramValues(name, DURATION_BOUNDS, used)
      },
    })
  }

  #perOperation(name: 'encryption' | 'confirmations'): SeriesValue[] {
    return [...this.#operations.values()].flatMap((cells) => counterValues(cells[name].values()))
  }

  *#allScopes(): Iterable<Scope> {
    for (const scopes of this.#scopes.values()) yield* scopes.values()
  }

  *#allRequests(): Iterable<CounterCell> {
    for (const { requests } of this.#allScopes()) {
      for (const cells of requests.values()) yield* cells.values()
    }
  }

  *#allRefusals(): Iterable<CounterCell> {
    for (const { refusals } of this.#allScopes()) yield* refusals.values()
  }
}
