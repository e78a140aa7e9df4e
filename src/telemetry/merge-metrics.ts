import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client'

/** One metric of one process with its values, as returned by a registry. */
export type MetricValues = MetricObjectWithValues<MetricValue<string>>

/** For these, a mean over processes would hide the worst. */
const WORST = /^nodejs_eventloop_lag_(?:seconds|max_seconds|mean_seconds|p\d+_seconds)$/
/** The metrics of the supervising process besides its own. */
const OF_SUPERVISOR = /^(?:sealgate_|process_)/

/**
 * Merges the metrics of worker processes: sums, or as each metric defines (`min` for the expiry of
 * credentials, the worst for event loop lag). The first list is from the supervising process; of
 * Node's own metrics it only adds CPU time and memory.
 */
export function mergeMetrics(
  supervisor: readonly MetricValues[],
  workers: readonly (readonly MetricValues[])[],
): Promise<string> {
  return merge(supervisor, workers).metrics()
}

/** The same, as values. */
export function mergeValues(
  supervisor: readonly MetricValues[],
  workers: readonly (readonly MetricValues[])[],
): Promise<readonly MetricValues[]> {
  return merge(supervisor, workers).getMetricsAsJSON()
}

/**
 * Returns what remains of processes that have ended: their counters and histograms, so that the
 * sums never decrease.
 */
export async function mergeEnded(
  lists: readonly (readonly MetricValues[])[],
): Promise<readonly MetricValues[]> {
  const lasting = lists.map((list) => list.filter(isLasting))
  return AggregatorRegistry.aggregate(lasting).getMetricsAsJSON()
}

function merge(supervisor: readonly MetricValues[], workers: readonly (readonly MetricValues[])[]) {
  const own = supervisor.filter(({ name }) => OF_SUPERVISOR.test(name))
  const lists = [own, ...workers].map((list) => list.map(withAggregator))
  return AggregatorRegistry.aggregate(lists)
}

/** prom-client returns the type as a word, contrary to its declaration. */
function isLasting({ type }: MetricValues): boolean {
  const word = String(type)
  return word === 'counter' || word === 'histogram'
}

function withAggregator(metric: MetricValues): MetricValues {
  if (metric.name === 'process_start_time_seconds') return { ...metric, aggregator: 'first' }
  return WORST.test(metric.name) ? { ...metric, aggregator: 'max' } : metric
}
