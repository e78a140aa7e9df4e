import type { Registry } from 'prom-client'

/** Labels of a series, names in the order of the metric. */
export type Labels = Readonly<Record<string, string | number>>

/** One counter. */
export interface CounterCell {
  readonly labels: Labels
  value: number
}

/** A distribution: counts for each bound (not cumulative), their sum and number. */
export interface HistogramCell {
  readonly labels: Labels
  readonly counts: Float64Array
  sum: number
  count: number
}

/** One line of a scrape; without `metricName` it has the metric's own name. */
export interface SeriesValue {
  readonly labels: Record<string, string | number>
  readonly value: number
  readonly metricName?: string
}

/** The values of a metric at a scrape. */
interface MetricSource {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** How the values of several workers are merged. */
  readonly aggregator: 'sum' | 'min' | 'max'
  readonly values: () => SeriesValue[]
}

/**
 * Makes a registry publish numbers that are stored elsewhere. prom-client's own counters validate
 * and hash their labels on every increment, about a microsecond each; plain cells cost a few
 * nanoseconds.
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
  // A registry only uses a metric's name and get(); its type requires prom-client's own classes.
  registry.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0])
}

/** Creates an empty distribution with that many bounds. */
export function histogramCell(labels: Labels, bounds: readonly number[]): HistogramCell {
  return { labels, counts: new Float64Array(bounds.length), sum: 0, count: 0 }
}

/** Counts a value; `bounds` are ascending, and few: a scan is faster than a binary search. */
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

/** Returns the lines of a distribution for Prometheus: cumulative, with `+Inf`, sum and count. */
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

/** Returns the lines of counters. */
export function counterValues(cells: Iterable<CounterCell>): SeriesValue[] {
  const values: SeriesValue[] = []
  for (const { labels, value } of cells) values.push({ labels: { ...labels }, value })
  return values
}

/** Returns the line of one number without labels. */
export function singleValue(value: number): SeriesValue[] {
  return counterValues([{ labels: {}, value }])
}

/** The same of one that may be unknown. */
export function optionalValue(value: number | undefined): SeriesValue[] {
  return value === undefined ? [] : singleValue(value)
}

/** Creates a cell for each word, at 0. */
export function cellsFor(
  name: string,
  words: readonly string[],
  labels: Labels = {},
): ReadonlyMap<string, CounterCell> {
  return new Map(words.map((word) => [word, { labels: { ...labels, [name]: word }, value: 0 }]))
}

/** Counts one; other words are none of the metric's. */
export function count(cells: ReadonlyMap<string, CounterCell>, word: string): void {
  const cell = cells.get(word)
  if (cell !== undefined) cell.value++
}

/** Publishes a counter, whose values are stored elsewhere. */
export function registerCounter(
  registry: Registry,
  name: string,
  help: string,
  values: () => SeriesValue[],
): void {
  registerSource(registry, { name, help, type: 'counter', aggregator: 'sum', values })
}

/** Publishes a gauge. `aggregator`: how those of several workers are merged. */
export function registerGauge(
  registry: Registry,
  name: string,
  help: string,
  aggregator: 'sum' | 'min' | 'max',
  values: () => SeriesValue[],
): void {
  registerSource(registry, { name, help, type: 'gauge', aggregator, values })
}

/** Publishes a counter for each word. */
export function registerWords(
  registry: Registry,
  name: string,
  help: string,
  cells: ReadonlyMap<string, CounterCell>,
): void {
  registerCounter(registry, name, help, () => counterValues(cells.values()))
}
