import { collectDefaultMetrics, Registry } from 'prom-client'
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
} from './metric-series.ts'

/** What one request adds to the metrics. */
export interface RequestMeasurement {
  /** The API name; undefined: not recognised. */
  readonly operation: string | undefined
  /** Status that the client got; 0: the socket was cut before a status went out. */
  readonly status: number
  readonly decision: 'allow' | 'deny' | 'observe' | 'none'
  readonly durationMs: number
  /** From sending to the head of S3's answer; undefined: S3 was not asked or did not answer. */
  readonly upstreamMs: number | undefined
  readonly requestBytes: number
  readonly responseBytes: number
  /** What became of an upload's encryption headers; undefined: not an upload. */
  readonly action: 'added' | 'overridden' | 'unchanged' | 'exempt' | 'refused' | undefined
  readonly confirmation: 'confirmed' | 'missing' | 'mismatched' | undefined
  readonly read: 'policy' | 'other' | 'none' | undefined
  /** The word of `x-sealgate-reason`, where the proxy refused. */
  readonly reason: string | undefined
  /** For the optional labels; undefined unless an authenticated client may touch the bucket. */
  readonly bucket: string | undefined
  readonly client: string | undefined
}

/** What the metrics need to know. */
interface MetricsOptions {
  readonly bucketLabel: boolean
  readonly clientLabel: boolean
  /** Node's own metrics too: event loop, heap, garbage collection. */
  readonly withDefaults: boolean
}

/** Seconds; from a refusal (below a millisecond) to a copy that takes minutes. */
const DURATION_BOUNDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
] as const

/** Buckets that get a label of their own; further ones share `_other`: clients choose the names. */
export const BUCKET_LABELS_MAX = 1000
/** Series with a bucket's label; a scrape of 20,000 takes half a second of the thread that serves. */
export const BUCKET_SERIES_MAX = 10_000
/** Words that get a label of their own, for reasons and kinds of errors. */
const WORDS_MAX = 500
const OTHER = '_other'
const UNKNOWN_OPERATION = 'Unknown'

const DECISIONS = ['allow', 'deny', 'observe', 'none'] as const

/** The cells of one operation, found once a request. */
interface OperationCells {
  readonly operation: string
  /** By status * 4 + decision. */
  readonly requests: Map<number, CounterCell>
  readonly duration: HistogramCell
  readonly upstream: HistogramCell
  readonly encryption: Map<string, CounterCell>
  readonly confirmations: Map<string, CounterCell>
}

/**
 * The metrics of one process, with a registry of their own. A request costs one call of
 * `requestStarted` and one of `requestEnded`: map look-ups and additions, no label is hashed.
 */
export class Metrics {
  /** For `/metrics` and for aggregation over workers. */
  readonly registry = new Registry()
  readonly #options: MetricsOptions
  readonly #operations = new Map<string, OperationCells>()
  readonly #labelledRequests = new Map<string, CounterCell>()
  readonly #bucketLabels = new Set<string>()
  readonly #refusals = new Map<string, CounterCell>()
  readonly #reads = new Map<string, CounterCell>()
  readonly #upstreamErrors = new Map<string, CounterCell>()
  readonly #reloads = new Map<string, CounterCell>()
  #requestBytes = 0
  #responseBytes = 0
  #inflight = 0
  #credentialsExpiry: () => number | undefined = () => undefined
  #auditLostLines: () => number = () => 0

  constructor(options: MetricsOptions) {
    this.#options = options
    for (const result of ['success', 'failure']) this.#count(this.#reloads, 'result', result, 0)
    this.#register()
    if (options.withDefaults) collectDefaultMetrics({ register: this.registry })
  }

  /** A request head arrived. Every call is followed by one of `requestEnded`. */
  requestStarted(): void {
    this.#inflight++
  }

  /** A request has ended, however it did. */
  requestEnded(measurement: RequestMeasurement): void {
    this.#inflight--
    const cells = this.#cellsOf(measurement.operation ?? UNKNOWN_OPERATION)
    this.#countRequest(cells, measurement)
    observe(cells.duration, DURATION_BOUNDS, measurement.durationMs / 1000)
    if (measurement.upstreamMs !== undefined) {
      observe(cells.upstream, DURATION_BOUNDS, measurement.upstreamMs / 1000)
    }
    this.#requestBytes += measurement.requestBytes
    this.#responseBytes += measurement.responseBytes
    const { action, confirmation, read, reason } = measurement
    if (action !== undefined) countIn(cells.encryption, cells.operation, 'action', action)
    if (confirmation !== undefined) {
      countIn(cells.confirmations, cells.operation, 'result', confirmation)
    }
    if (read !== undefined) this.#count(this.#reads, 'encryption', read, 1)
    if (reason !== undefined) this.#count(this.#refusals, 'reason', reason, 1)
  }

  /** Talking to S3 failed: `connect`, `timeout`, `reset`, `dns`, `tls`, … */
  upstreamError(kind: string): void {
    this.#count(this.#upstreamErrors, 'kind', kind, 1)
  }

  /** A reload was tried. */
  configReload(result: 'success' | 'failure'): void {
    this.#count(this.#reloads, 'result', result, 1)
  }

  /** Who knows, at a scrape, in how many seconds the first upstream credentials expire; undefined: never. */
  watchCredentials(secondsLeft: () => number | undefined): void {
    this.#credentialsExpiry = secondsLeft
  }

  /** Who knows, at a scrape, how many audit lines were lost. */
  watchAudit(lostLines: () => number): void {
    this.#auditLostLines = lostLines
  }

  /** Requests that are being served. */
  get inflight(): number {
    return this.#inflight
  }

  #cellsOf(operation: string): OperationCells {
    const found = this.#operations.get(operation)
    if (found !== undefined) return found
    const labels = { operation }
    const cells = {
      operation,
      requests: new Map(),
      duration: histogramCell(labels, DURATION_BOUNDS),
      upstream: histogramCell(labels, DURATION_BOUNDS),
      encryption: new Map(),
      confirmations: new Map(),
    }
    this.#operations.set(operation, cells)
    return cells
  }

  #countRequest(cells: OperationCells, measurement: RequestMeasurement): void {
    if (this.#options.bucketLabel || this.#options.clientLabel) {
      this.#countLabelledRequest(cells.operation, measurement)
      return
    }
    const { status, decision } = measurement
    const at = status * 4 + DECISIONS.indexOf(decision)
    const cell = cells.requests.get(at)
    if (cell !== undefined) {
      cell.value++
      return
    }
    const labels = { operation: cells.operation, status: String(status), decision }
    cells.requests.set(at, { labels, value: 1 })
  }

  #countLabelledRequest(operation: string, measurement: RequestMeasurement): void {
    const bucket = this.#options.bucketLabel ? this.#bucketLabel(measurement.bucket ?? '') : ''
    const client = this.#options.clientLabel ? (measurement.client ?? '') : ''
    this.#labelledCell(operation, measurement, bucket, client).value++
  }

  #labelledCell(
    operation: string,
    measurement: RequestMeasurement,
    bucket: string,
    client: string,
  ): CounterCell {
    const { status, decision } = measurement
    const at = `${operation} ${status} ${decision} ${bucket} ${client}`
    const known = this.#labelledRequests.get(at)
    if (known !== undefined) return known
    const hasOwnLabel = bucket !== '' && bucket !== OTHER
    if (hasOwnLabel && this.#labelledRequests.size >= BUCKET_SERIES_MAX) {
      return this.#labelledCell(operation, measurement, OTHER, client)
    }
    const labels: Labels = {
      operation,
      status: String(status),
      decision,
      ...(this.#options.bucketLabel ? { bucket } : {}),
      ...(this.#options.clientLabel ? { client } : {}),
    }
    const cell = { labels, value: 0 }
    this.#labelledRequests.set(at, cell)
    return cell
  }

  #bucketLabel(bucket: string): string {
    if (bucket === '' || this.#bucketLabels.has(bucket)) return bucket
    if (this.#bucketLabels.size >= BUCKET_LABELS_MAX) return OTHER
    this.#bucketLabels.add(bucket)
    return bucket
  }

  #count(cells: Map<string, CounterCell>, name: string, word: string, by: number): void {
    const known = cells.get(word)
    if (known !== undefined) {
      known.value += by
    } else if (cells.size < WORDS_MAX || word === OTHER) {
      cells.set(word, { labels: { [name]: word }, value: by })
    } else {
      this.#count(cells, name, OTHER, by)
    }
  }

  #register(): void {
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
    this.#counter('sealgate_bytes_total', "Octets of bodies on the client's side.", () =>
      counterValues([
        { labels: { direction: 'request' }, value: this.#requestBytes },
        { labels: { direction: 'response' }, value: this.#responseBytes },
      ]),
    )
    this.#counter('sealgate_encryption_total', "What became of uploads' encryption headers.", () =>
      this.#perOperation('encryption'),
    )
    this.#counter('sealgate_confirmations_total', "S3's answers about encryption.", () =>
      this.#perOperation('confirmations'),
    )
    this.#words('sealgate_refusals_total', 'Requests that the proxy refused.', this.#refusals)
    this.#words('sealgate_reads_total', 'Objects read, by their encryption.', this.#reads)
    this.#words('sealgate_upstream_errors_total', 'Failures to reach S3.', this.#upstreamErrors)
    this.#words('sealgate_config_reloads_total', 'Reloads of the configuration.', this.#reloads)
    this.#counter('sealgate_audit_lost_lines_total', 'Audit lines that could not be written.', () =>
      counterValues([{ labels: {}, value: this.#auditLostLines() }]),
    )
    this.#gauges()
  }

  #gauges(): void {
    registerSource(this.registry, {
      name: 'sealgate_inflight_requests',
      help: 'Requests that are being served.',
      type: 'gauge',
      aggregator: 'sum',
      values: () => counterValues([{ labels: {}, value: this.#inflight }]),
    })
    registerSource(this.registry, {
      name: 'sealgate_credentials_expiry_seconds',
      help: 'Time until the first upstream credentials expire; negative: they have.',
      type: 'gauge',
      aggregator: 'min',
      values: () => {
        const seconds = this.#credentialsExpiry()
        return seconds === undefined ? [] : counterValues([{ labels: {}, value: seconds }])
      },
    })
  }

  #counter(name: string, help: string, values: () => SeriesValue[]): void {
    registerSource(this.registry, { name, help, type: 'counter', aggregator: 'sum', values })
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

  *#allRequests(): Iterable<CounterCell> {
    for (const cells of this.#operations.values()) yield* cells.requests.values()
    yield* this.#labelledRequests.values()
  }
}

function countIn(
  cells: Map<string, CounterCell>,
  operation: string,
  name: string,
  word: string,
): void {
  const known = cells.get(word)
  if (known !== undefined) {
    known.value++
    return
  }
  const labels: Labels = { operation, [name]: word }
  cells.set(word, { labels, value: 1 })
}
