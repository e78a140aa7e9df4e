import { EGRESS_REASONS, S3_REASONS } from '../s3/reasons.ts'
import type { MetricValues } from '../telemetry/merge-metrics.ts'
import { READ_ENCRYPTIONS, WRITE_OUTCOMES } from '../telemetry/metric-words.ts'
import { NO_WRITES, type WriteCounts } from './coverage-history.ts'
import type { ReadinessReport } from './readiness.ts'

/** What the start page shows. */
export interface StatusFacts {
  readonly readiness: ReadinessReport
  readonly version: string
  readonly node: string
  /** Two while a reload is under way. */
  readonly configurations: readonly { readonly mode: string; readonly hash: string }[]
  /** Seconds of Unix time. */
  readonly loadedAtSeconds: number | undefined
  readonly isReloadRefused: boolean
  /** Since the start. */
  readonly writes: WriteCounts
  /** By slots, oldest first. */
  readonly slots: readonly WriteCounts[]
  readonly reads: readonly Count[]
  readonly upstreamErrors: readonly Count[]
  /** Most frequent first; only those that have occurred. */
  readonly refusals: readonly Refusals[]
}

interface Count {
  readonly word: string
  readonly count: number
}

interface Refusals {
  readonly reason: string
  readonly count: number
  /** Status and code; undefined for a failure on the way to S3. */
  readonly answer: string | undefined
  /** In Markdown. */
  readonly meaning: string
}

/** Objects written since the start, by outcome. */
export function readWrites(metrics: readonly MetricValues[]): WriteCounts {
  const counts = { ...NO_WRITES }
  for (const outcome of WRITE_OUTCOMES) {
    counts[outcome] = sumOf(metrics, 'sealgate_object_writes_total', 'outcome', outcome)
  }
  return counts
}

/** Takes what the start page shows out of the values of `/metrics`. */
export function readStatus(
  metrics: readonly MetricValues[],
  readiness: ReadinessReport,
  slots: readonly WriteCounts[],
): StatusFacts {
  const [build] = labelsOf(metrics, 'sealgate_build_info')
  return {
    readiness,
    version: build?.['version'] ?? '',
    node: build?.['node'] ?? '',
    configurations: labelsOf(metrics, 'sealgate_config_info').map((labels) => ({
      mode: labels['mode'] ?? '',
      hash: labels['hash'] ?? '',
    })),
    loadedAtSeconds: valuesOf(metrics, 'sealgate_config_last_reload_success_timestamp_seconds')[0]
      ?.value,
    isReloadRefused: valuesOf(metrics, 'sealgate_config_last_reload_successful')[0]?.value === 0,
    writes: readWrites(metrics),
    slots,
    reads: READ_ENCRYPTIONS.map((word) => ({
      word,
      count: sumOf(metrics, 'sealgate_reads_total', 'encryption', word),
    })),
    upstreamErrors: countsBy(metrics, 'sealgate_upstream_errors_total', 'kind'),
    refusals: countsBy(metrics, 'sealgate_refusals_total', 'reason').map(({ word, count }) => ({
      reason: word,
      count,
      ...explanationOf(word),
    })),
  }
}

function explanationOf(reason: string): Pick<Refusals, 'answer' | 'meaning'> {
  for (const row of [...S3_REASONS, ...EGRESS_REASONS]) {
    const reasons: readonly string[] = row.reasons
    if (reasons.includes(reason)) return { answer: row.answer, meaning: row.meaning }
  }
  return {
    answer: undefined,
    meaning: 'a failure on the way to S3: "Upstream problems" in docs/operations.md',
  }
}

/** Most frequent first, without those that have not occurred. */
function countsBy(metrics: readonly MetricValues[], name: string, label: string): readonly Count[] {
  const counts = new Map<string, number>()
  for (const { labels, value } of valuesOf(metrics, name)) {
    const word = String(labels[label] ?? '')
    counts.set(word, (counts.get(word) ?? 0) + value)
  }
  return [...counts]
    .filter(([, count]) => count > 0)
    .map(([word, count]) => ({ word, count }))
    .sort((a, b) => b.count - a.count)
}

function sumOf(
  metrics: readonly MetricValues[],
  name: string,
  label: string,
  word: string,
): number {
  return valuesOf(metrics, name)
    .filter(({ labels }) => labels[label] === word)
    .reduce((sum, { value }) => sum + value, 0)
}

function labelsOf(
  metrics: readonly MetricValues[],
  name: string,
): readonly Readonly<Record<string, string>>[] {
  return valuesOf(metrics, name).map(({ labels }) =>
    Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)])),
  )
}

function valuesOf(metrics: readonly MetricValues[], name: string): MetricValues['values'] {
  return metrics.find((metric) => metric.name === name)?.values ?? []
}
