import type { Registry } from 'prom-client'

/** Labels of a series, names in the order of the metric. */
export type Labels = Readonly<Record<string, string | number>>

/** One counted number. */
export interface CounterCell {
  readonly labels: Labels
  value: number
}

/** A distribution: counts below each bound (not cumulated), their sum and number. */
export interface HistogramCell {
  readonly labels: Labels
  readonly counts: Float64Array
  sum: number
  count: number
}

/** One line of a scrape; without `metricName` the line bears the metric's own name. */
export interface SeriesValue {
  readonly labels: Record<string, string | number>
  readonly value: number
  readonly metricName?: string
}

/** What is in a metric when it is scraped. */
interface MetricSource {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** How values of several workers become one. */
  readonly aggregator: 'sum' | 'min' | 'max'
  readonly values: () => SeriesValue[]
}

/**
 * Lets a registry publish numbers that are kept elsewhere. prom-client's own counters validate and
 * hash their labels on every increment, about a microsecond each; plain cells cost a few nanoseconds.
 */
export function registerSource(registry: Registry, source: MetricSource): void {
  const { name, help, type, aggregator } = source
  const metric = {
    name,
    help,
    type,
    aggregator,
    get: async () => ({ name, help, type, aggregator, values: source.values() }),
    reset: () => undefined,
  }
  // A registry asks its metrics for name and get() alone; its type wants prom-client's own classes.
  registry.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0])
}

/** Makes an empty distribution for that many bounds. */
export function histogramCell(labels: Labels, bounds: readonly number[]): HistogramCell {
  return { labels, counts: new Float64Array(bounds.length), sum: 0, count: 0 }
}

/** Counts a value; `bounds` ascend, and are few: a scan beats a bisection here. */
export function observe(cell: HistogramCell, bounds: readonly number[], value: number): void {
  cell.sum += value
  cell.count++
  for (let i = 0; i < bounds.length; i++) {
    if (value <= (bounds[i] as number)) {
      cell.counts[i] = (cell.counts[i] as number) + 1
      return
    }
  }
}

/** The lines of a distribution, as Prometheus wants them: cumulated, with `+Inf`, sum and count. */
export function histogramValues(
  name: string,
  bounds: readonly number[],
  cells: Iterable<HistogramCell>,
): SeriesValue[] {
  const values: SeriesValue[] = []
  for (const { labels, counts, sum, count } of cells) {
    let below = 0
    bounds.forEach((bound, i) => {
      below += counts[i] ?? 0
      values.push({ labels: { ...labels, le: bound }, value: below, metricName: `${name}_bucket` })
    })
    const all = { ...labels, le: '+Inf' }
    values.push({ labels: all, value: count, metricName: `${name}_bucket` })
    values.push({ labels: { ...labels }, value: sum, metricName: `${name}_sum` })
    values.push({ labels: { ...labels }, value: count, metricName: `${name}_count` })
  }
  return values
}

/** The lines of counters. */
export function counterValues(cells: Iterable<CounterCell>): SeriesValue[] {
  const values: SeriesValue[] = []
  for (const { labels, value } of cells) values.push({ labels: { ...labels }, value })
  return values
}

/** Values of one number without labels. */
export function singleValue(value: number): SeriesValue[] {
  return counterValues([{ labels: {}, value }])
}
