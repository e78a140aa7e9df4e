import { getFips } from 'node:crypto'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { OPERATIONS } from '../s3/operation.ts'
import type { Reason } from '../s3/reasons.ts'
import {
  type CounterCell,
  counterValues,
  type HistogramCell,
  histogramCell,
  histogramValues,
  type Labels,
  observe,
  registerSource,
  type SeriesValue,
  singleValue,
} from './metric-series.ts'
import {
  CONFIRMATION_RESULTS,
  type CountedAction,
  ENCRYPTION_ACTIONS,
  KEY_SET_RESULTS,
  REFUSAL_REASONS,
  RELOAD_RESULTS,
  REQUEST_WORDS,
  type RequestWords,
  UPSTREAM_ERROR_KINDS,
} from './metric-words.ts'
import { packageVersion } from './package-version.ts'

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
interface ServiceGauges {
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
  readonly #reloads = cellsFor('result', RELOAD_RESULTS)
  /** By issuer and result. */
  readonly #identityTokens = new Map<string, CounterCell>()
  readonly #keySets = new Map<string, ReadonlyMap<string, CounterCell>>()
  #requestBytes = 0
  #responseBytes = 0
  #inflight = 0
  #facts: ConfiguredFacts | undefined
  #gauges: ServiceGauges | undefined
  #lastReload: { readonly isSuccess: boolean; readonly successAtMs: number } | undefined
  #credentialsExpiry: () => number | undefined = () => undefined
  #audit = { lostLines: 0, undeliveredLines: 0 }

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
    this.#registerState()
    this.#registerProcess()
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
    // At 0 from the start, so that a first failure counts.
    for (const issuer of facts.issuers) this.#keySetsOf(issuer)
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
    return this.#facts?.buckets.has(bucket) === true ? bucket : OTHER
  }

  #registerRequests(): void {
    this.#counter('sealgate_requests_total', 'Requests that have ended.', () =>
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
    this.#counter('sealgate_bytes_total', "Bytes of bodies on the client's side.", () =>
      counterValues([
        { labels: { direction: 'request' }, value: this.#requestBytes },
        { labels: { direction: 'response' }, value: this.#responseBytes },
      ]),
    )
    this.#counter('sealgate_encryption_total', "Effects on uploads' encryption headers.", () =>
      this.#perOperation('encryption'),
    )
    this.#counter('sealgate_confirmations_total', "S3's answers about encryption.", () =>
      this.#perOperation('confirmations'),
    )
    for (const { name, help, cells } of this.#requestWords) this.#words(name, help, cells)
    this.#counter('sealgate_refusals_total', 'Requests that the proxy refused.', () =>
      counterValues(this.#allRefusals()),
    )
    this.#words('sealgate_upstream_errors_total', 'Failures to reach S3.', this.#upstreamErrors)
  }

  #registerSessions(): void {
    this.#counter('sealgate_sts_requests_total', 'Requests for session keys.', () =>
      counterValues(this.#identityTokens.values()),
    )
    this.#counter('sealgate_sts_key_set_reads_total', "Reads of issuers' keys.", () =>
      [...this.#keySets.values()].flatMap((cells) => counterValues(cells.values())),
    )
  }

  #registerState(): void {
    this.#words('sealgate_config_reloads_total', 'Reloads of the configuration.', this.#reloads)
    this.#gauge(
      'sealgate_config_last_reload_successful',
      'Whether the last reload of the configuration succeeded.',
      'min',
      () => optionalValue(this.#lastReload && Number(this.#lastReload.isSuccess)),
    )
    this.#gauge(
      'sealgate_config_last_reload_success_timestamp_seconds',
      'When the active configuration was loaded.',
      'max',
      () => optionalValue(this.#lastReload && this.#lastReload.successAtMs / 1000),
    )
    this.#gauge('sealgate_config_info', 'The active configuration.', 'max', () =>
      this.#facts === undefined
        ? []
        : [{ labels: { mode: this.#facts.mode, hash: this.#facts.hash }, value: 1 }],
    )
    this.#gauge(
      'sealgate_certificate_expiry_timestamp_seconds',
      'When the first certificate in a file expires.',
      'min',
      () =>
        (this.#facts?.certificates ?? []).map(({ use, file, expiresAtSeconds }) => ({
          labels: { use, file },
          value: expiresAtSeconds,
        })),
    )
    this.#gauge(
      'sealgate_credentials_expiry_seconds',
      'Time until the first upstream credentials expire; negative if they have expired.',
      'min',
      () => optionalValue(this.#credentialsExpiry()),
    )
    this.#counter('sealgate_audit_lost_lines_total', 'Audit lines that could not be written.', () =>
      singleValue(this.#audit.lostLines),
    )
    this.#counter(
      'sealgate_audit_undelivered_lines_total',
      'Copies of audit lines that no sink took.',
      () => singleValue(this.#audit.undeliveredLines),
    )
  }

  #registerProcess(): void {
    const { worker } = this.#options
    const ofWorker = (value: () => number) => (): SeriesValue[] =>
      worker === undefined ? [] : [{ labels: { worker: String(worker) }, value: value() }]
    const fips = String(getFips() === 1)
    const build = { version: packageVersion(), node: process.version, fips }
    this.#gauge('sealgate_build_info', 'The running program.', 'max', () => [
      { labels: build, value: 1 },
    ])
    this.#gauge('sealgate_inflight_requests', 'Requests that are being served.', 'sum', () =>
      singleValue(this.#inflight),
    )
    this.#gauge(
      'sealgate_worker_inflight_requests',
      'Running requests of one process.',
      'sum',
      ofWorker(() => this.#inflight),
    )
    this.#gauge('sealgate_inflight_limit', 'Requests that one process may serve.', 'sum', () =>
      this.#facts === undefined ? [] : ofWorker(() => this.#facts?.inflightMax ?? 0)(),
    )
    this.#counter(
      'sealgate_worker_cpu_seconds_total',
      'CPU time of one process that serves.',
      ofWorker(cpuSeconds),
    )
    this.#gauge('sealgate_connections', 'Connections to the listeners.', 'sum', () =>
      optionalValue(this.#gauges?.connections()),
    )
    this.#gauge(
      'sealgate_unauthenticated_connections',
      'Connections without an identified client.',
      'sum',
      () => optionalValue(this.#gauges?.unauthenticatedConnections()),
    )
    this.#gauge(
      'sealgate_degraded',
      'Whether S3 is unreachable, or credentials for it are missing.',
      'max',
      () =>
        [...(this.#gauges?.degraded() ?? [])].map(([part, isDegraded]) => ({
          labels: { part },
          value: Number(isDegraded),
        })),
    )
    this.#gauge('sealgate_upstream_connections', 'Connections to S3.', 'sum', () => {
      const upstream = this.#gauges?.upstream()
      if (upstream === undefined) return []
      return [
        { labels: { state: 'busy' }, value: upstream.busy },
        { labels: { state: 'free' }, value: upstream.free },
      ]
    })
    this.#gauge(
      'sealgate_upstream_waiting_requests',
      'Requests that wait for a connection to S3.',
      'sum',
      () => optionalValue(this.#gauges?.upstream().waiting),
    )
  }

  #counter(name: string, help: string, values: () => SeriesValue[]): void {
    registerSource(this.registry, { name, help, type: 'counter', aggregator: 'sum', values })
  }

  #gauge(
    name: string,
    help: string,
    aggregator: 'sum' | 'min' | 'max',
    values: () => SeriesValue[],
  ): void {
    registerSource(this.registry, { name, help, type: 'gauge', aggregator, values })
  }

  #words(name: string, help: string, cells: ReadonlyMap<string, CounterCell>): void {
    this.#counter(name, help, () => counterValues(cells.values()))
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

/** Creates a cell for each word, at 0. */
function cellsFor(
  name: string,
  words: readonly string[],
  labels: Labels = {},
): ReadonlyMap<string, CounterCell> {
  return new Map(words.map((word) => [word, { labels: { ...labels, [name]: word }, value: 0 }]))
}

function count(cells: ReadonlyMap<string, CounterCell>, word: string): void {
  const cell = cells.get(word)
  if (cell !== undefined) cell.value++
}

function optionalValue(value: number | undefined): SeriesValue[] {
  return value === undefined ? [] : singleValue(value)
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
