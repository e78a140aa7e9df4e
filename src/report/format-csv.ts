import { AUDITED_WRITES } from '../telemetry/audit-record.ts'
import type { Counts } from './groups.ts'
import type { Report } from './report.ts'
import { GROUPINGS, type Grouping, type ListedLine } from './summarize.ts'
import { VERDICT_WORDS } from './verdict-words.ts'

const COLUMNS = [
  'section',
  'name',
  'value',
  'uploads',
  'objects',
  ...AUDITED_WRITES,
  'bytes',
  'sizeUnknown',
  'first',
  'last',
] as const

/**
 * The report as CSV: one table, whose first column names the part that a row is of. A cell that a
 * spreadsheet would compute gets an apostrophe. `by`: the groups; undefined: all.
 *
 * Source: RFC 4180
 */
export function formatCsv({ head, summary }: Report, by: Grouping | undefined): string {
  const { answers } = head
  const { period, total } = summary
  const rows: (readonly (string | number | null)[])[] = [
    COLUMNS,
    ['head', 'command', head.command],
    ['head', 'version', head.version],
    ['head', 'run at', head.runAt],
    ['head', 'from', period.from],
    ['head', 'to', period.to],
    ...head.files.map(({ path, bytes, lines, sha256 }) => [
      'file',
      path,
      `${bytes} bytes, ${lines} lines, SHA-256 ${sha256}`,
    ]),
    ...head.checkpoints.map(({ origin, size, root }) => ['checkpoint', origin, `${size} ${root}`]),
    ['head', 'verdict', VERDICT_WORDS[answers.verdict]],
    ['head', 'integrity', answers.integrity],
    ['head', 'completeness', answers.completeness],
    ...answers.freshness.map((text) => ['head', 'freshness', text]),
    ['head', 'independence', answers.independence],
    ['total', 'all', null, ...countCells(total)],
  ]
  for (const name of GROUPINGS) {
    if (by !== undefined && name !== by) continue
    for (const group of summary.by[name]) rows.push([name, group.name, null, ...countCells(group)])
  }
  for (const { rule, reason, objects, clients, first, last } of summary.exemptions.items) {
    const who = [...clients.items, ...(clients.more > 0 ? [`and ${clients.more} more`] : [])]
    rows.push(listRow('exemption', rule, `${reason}; by ${who.join(', ')}`, objects, first, last))
  }
  rows.push(...moreRow('exemption', summary.exemptions.more))
  for (const line of summary.unconfirmed.items) {
    rows.push(lineRow(line.write ?? '', line))
  }
  rows.push(...moreRow('unconfirmed or mismatched', summary.unconfirmed.more))
  for (const line of summary.readsNotUnderPolicy.items) rows.push(lineRow('read', line))
  rows.push(...moreRow('read', summary.readsNotUnderPolicy.more))
  for (const [section, tallies] of [
    ['reads', summary.reads],
    ['refusal', summary.refusals],
    ['failure', summary.failures],
  ] as const) {
    for (const { name, count, first, last } of tallies) {
      rows.push(listRow(section, name, String(count), null, first, last))
    }
  }
  for (const { time, event, mode, configHash, previousMode } of summary.configurations.items) {
    const before = previousMode === null ? '' : ` (before: ${previousMode})`
    const value = `mode ${mode}${before}, ${configHash}`
    rows.push(listRow('configuration', event, value, null, time, null))
  }
  rows.push(...moreRow('configuration', summary.configurations.more))
  for (const { why, fromMs, untilMs, stream } of summary.evidence.absences.items) {
    const [from, until] = [new Date(fromMs).toISOString(), new Date(untilMs).toISOString()]
    rows.push(listRow('time without evidence', why, stream ?? null, null, from, until))
  }
  rows.push(...moreRow('time without evidence', summary.evidence.absences.more))
  return rows.map(csvRow).join('')
}

function countCells(counts: Counts): readonly (string | number | null)[] {
  const { uploads, objects, bytes, sizeUnknown, first, last } = counts
  const words = AUDITED_WRITES.map((word) => counts[word])
  return [uploads, objects, ...words, bytes, sizeUnknown, first, last]
}

/** `objects`: in their column. */
function listRow(
  section: string,
  name: string,
  value: string | null,
  objects: number | null,
  first: string | null,
  last: string | null,
): readonly (string | number | null)[] {
  const empty = [...AUDITED_WRITES, 'bytes', 'sizeUnknown'].map(() => null)
  return [section, name, value, null, objects, ...empty, first, last]
}

function lineRow(section: string, line: ListedLine): readonly (string | number | null)[] {
  const { time, requestId, client, operation, bucket, key, read, confirmedKey } = line
  const kind = read === null ? '' : ` (${read})`
  const value = `${operation} ${requestId} by ${client ?? 'nobody known'}: ${confirmedKey}${kind}`
  return listRow(section, `${bucket ?? ''}/${key ?? ''}`, value, null, time, null)
}

function moreRow(section: string, more: number): readonly (readonly (string | number | null)[])[] {
  return more === 0 ? [] : [[section, `and ${more} more`]]
}

/** One row, ended by CRLF; missing cells at its end are empty. */
function csvRow(cells: readonly (string | number | null)[]): string {
  return `${COLUMNS.map((_, i) => csvCell(cells[i] ?? null)).join(',')}\r\n`
}

/** A cell of CSV: quoted where it has to be, and text alone for spreadsheets, too. */
function csvCell(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
