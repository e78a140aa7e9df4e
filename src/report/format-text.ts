import { formatCount } from '../base/html.ts'
import { AUDITED_WRITES } from '../telemetry/audit-record.ts'
import type { Listed } from './bounded-list.ts'
import type { Group } from './groups.ts'
import { type Report, type ReportHead, sealedShare, sentenceOf } from './report.ts'
import {
  type ConfigurationChange,
  GROUPINGS,
  type Grouping,
  type ListedLine,
  type Summary,
} from './summarize.ts'
import { VERDICT_WORDS } from './verdict-words.ts'
import { visible } from './visible.ts'

/** The report for a terminal. `by`: the groups; undefined: all. */
export function formatText({ head, summary }: Report, by: Grouping | undefined): string {
  const { total } = summary
  const share = sealedShare(total)
  const parts = AUDITED_WRITES.map((word) => `${formatCount(total[word])} ${word}`)
  return [
    ...headLines(head, summary),
    '',
    `${share === undefined ? '' : `${share} `}${sentenceOf(total)}`,
    `Uploads  ${formatCount(total.uploads)} = ${parts.join(' + ')}`,
    ...GROUPINGS.filter((name) => by === undefined || name === by).flatMap((name) =>
      groupLines(name, summary.by[name]),
    ),
    ...section('Not confirmed', summary.unconfirmed, listedText),
    ...section(
      'Exemptions',
      summary.exemptions,
      ({ rule, reason, objects, clients, first, last }) =>
        `${rule}: ${formatCount(objects)} objects, ${reason}; by ${clients.items.join(', ')}${more(clients.more)}; ${first} to ${last}`,
    ),
    ...section('Objects read, by their encryption', all(summary.reads), tallyText),
    ...section('Read, and not under the policy', summary.readsNotUnderPolicy, listedText),
    ...section('Refused requests, by reason', all(summary.refusals), tallyText),
    ...section('Failed uploads, by error', all(summary.failures), tallyText),
    ...section('Configuration', summary.configurations, changeText),
    ...section(
      'Time without evidence',
      summary.evidence.absences,
      ({ why, fromMs, untilMs, stream }) =>
        `${new Date(fromMs).toISOString()} to ${new Date(untilMs).toISOString()}  ${why}${stream === undefined ? '' : `, stream ${stream}`}`,
    ),
    ...(summary.evidence.isKnown
      ? []
      : ['', 'Time without evidence: not known, no stream is here']),
    '',
  ]
    .map(visible)
    .join('\n')
}

/** Also what is printed beside a report that goes to a file. */
export function headLines(head: ReportHead, { period, lines, requests, unreadable }: Summary) {
  const { answers, files, checkpoints } = head
  return [
    'Sealgate audit report',
    '',
    `Command       ${head.command}`,
    `Version       ${head.version}`,
    `Run at        ${head.runAt}`,
    `Period        from ${period.from} until before ${period.to} (UTC)`,
    ...files.map(
      ({ path, bytes, lines: count, sha256, problem }) =>
        `File          ${path}: ${bytes} bytes, ${count} lines, SHA-256 ${sha256}${problem === undefined ? '' : `; ${problem}`}`,
    ),
    ...checkpoints.map(({ origin, size, root }) => `Checkpoint    ${origin} ${size} ${root}`),
    `Lines         ${lines} in the period, ${requests} of requests; ${unreadable} unreadable in all files`,
    `Integrity     ${answers.integrity}`,
    ...answers.problems.map((text) => `  - ${text}`),
    `Completeness  ${answers.completeness}`,
    ...answers.gaps.map((text) => `  - ${text}`),
    ...answers.freshness.map((text) => `Freshness     ${text}`),
    `Independence  ${answers.independence}`,
    `Verdict       ${VERDICT_WORDS[answers.verdict]}`,
  ]
}

function groupLines(name: Grouping, groups: readonly Group[]): readonly string[] {
  const head = ['objects', ...AUDITED_WRITES, 'bytes', 'size unknown', 'first', 'last']
  const rows = groups.map((group) => [
    formatCount(group.objects),
    ...AUDITED_WRITES.map((word) => formatCount(group[word])),
    formatCount(group.bytes),
    formatCount(group.sizeUnknown),
    group.first ?? '',
    group.last ?? '',
  ])
  const widths = head.map((cell, i) =>
    Math.max(cell.length, ...rows.map((row) => row[i]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ')
  return [
    '',
    `By ${name}`,
    `  ${line(head)}`,
    ...groups.flatMap((group, i) => [group.name, `  ${line(rows[i] ?? [])}`]),
  ]
}

function section<T>(title: string, list: Listed<T>, text: (item: T) => string): readonly string[] {
  if (list.items.length === 0) return []
  const lines = list.items.map((item) => `  ${text(item)}`)
  return ['', title, ...lines, ...(list.more === 0 ? [] : [`  and ${list.more} more`])]
}

function all<T>(items: readonly T[]): Listed<T> {
  return { items, more: 0 }
}

function more(count: number): string {
  return count === 0 ? '' : ` and ${count} more`
}

function tallyText({ name, count, first, last }: Summary['reads'][number]): string {
  return `${formatCount(count)}  ${name}  ${first} to ${last}`
}

function listedText(line: ListedLine): string {
  const { time, client, operation, bucket, key, versionId, requestId, write, read } = line
  const version = versionId === null ? '' : ` (version ${versionId})`
  const outcome = `${read ?? write ?? ''}: ${line.confirmedKey}`
  return `${time} ${operation} ${bucket ?? ''}/${key ?? ''}${version} by ${client ?? 'nobody known'}, request ${requestId}, ${outcome}`
}

function changeText(change: ConfigurationChange): string {
  const { time, event, instance, mode, previousMode, configHash } = change
  const before = previousMode === null || previousMode === mode ? '' : ` (before: ${previousMode})`
  return `${time} ${event} ${instance} mode ${mode}${before} ${configHash}${changedText(change)}`
}

/** What a reload changed. */
export function changedText(change: ConfigurationChange): string {
  const { sections, rulesAdded, rulesRemoved, rulesChanged } = change
  const lists = [
    ['sections', sections],
    ['rules added', rulesAdded],
    ['rules removed', rulesRemoved],
    ['rules changed', rulesChanged],
  ] as const
  return lists
    .filter(([, names]) => names.length > 0)
    .map(([words, names]) => `; ${words}: ${names.join(', ')}`)
    .join('')
}
