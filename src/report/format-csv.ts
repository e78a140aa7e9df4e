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
  const rows = [
    COLUMNS,
    ...headRows(head, summary),
    ...GROUPINGS.filter((name) => by === undefined || name === by).flatMap((name) =>
      summary.by[name].map((group): Row => [name, group.name, null, ...countCells(group)]),
    ),
    ...exemptionRows(summary),
    ...summary.unconfirmed.items.map((line) => lineRow(line.write ?? '', line)),
    ...moreRow('unconfirmed or mismatched', summary.unconfirmed.more),
    ...summary.readsNotUnderPolicy.items.map((line) => lineRow('read', line)),
    ...moreRow('read', summary.readsNotUnderPolicy.more),
    ...tallyRows('reads', summary.reads),
    ...tallyRows('refusal', summary.refusals),
    ...tallyRows('failure', summary.failures),
    ...configurationRows(summary),
    ...absenceRows(summary),
  ]
  return rows.map(csvRow).join('')
}

type Row = readonly (string | number | null)[]

function headRows(head: Report['head'], { period, total }: Report['summary']): readonly Row[] {
  const { answers } = head
  return [
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
}

function exemptionRows({ exemptions }: Report['summary']): readonly Row[] {
  const rows = exemptions.items.map(({ rule, reason, objects, clients, first, last }) => {
    const who = [...clients.items, ...(clients.more > 0 ? [`and ${clients.more} more`] : [])]
    return listRow('exemption', rule, `${reason}; by ${who.join(', ')}`, objects, first, last)
  })
  return [...rows, ...moreRow('exemption', exemptions.more)]
}

function tallyRows(section: string, tallies: Report['summary']['reads']): readonly Row[] {
  return tallies.map(({ name, count, first, last }) =>
    listRow(section, name, String(count), null, first, last),
  )
}

function configurationRows({ configurations }: Report['summary']): readonly Row[] {
  const rows = configurations.items.map(({ time, event, mode, configHash, previousMode }) => {
    const before = previousMode === null ? '' : ` (before: ${previousMode})`
    const value = `mode ${mode}${before}, ${configHash}`
    return listRow('configuration', event, value, null, time, null)
  })
  return [...rows, ...moreRow('configuration', configurations.more)]
}

function absenceRows({ evidence }: Report['summary']): readonly Row[] {
  const rows = evidence.absences.items.map(({ why, fromMs, untilMs, stream }) => {
    const [from, until] = [new Date(fromMs).toISOString(), new Date(untilMs).toISOString()]
    return listRow('time without evidence', why, stream ?? null, null, from, until)
  })
  return [...rows, ...moreRow('time without evidence', evidence.absences.more)]
}

function countCells(counts: Counts): Row {
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
): Row {
  const empty = [...AUDITED_WRITES, 'bytes', 'sizeUnknown'].map(() => null)
  return [section, name, value, null, objects, ...empty, first, last]
}

function lineRow(section: string, line: ListedLine): Row {
  const { time, requestId, client, operation, bucket, key, read, confirmedKey } = line
  const kind = read === null ? '' : ` (${read})`
  const value = `${operation} ${requestId} by ${client ?? 'nobody known'}: ${confirmedKey}${kind}`
  return listRow(section, `${bucket ?? ''}/${key ?? ''}`, value, null, time, null)
}

function moreRow(section: string, more: number): readonly Row[] {
  return more === 0 ? [] : [[section, `and ${more} more`]]
}

/** One row, ended by CRLF; missing cells at its end are empty. */
function csvRow(cells: Row): string {
  return `${COLUMNS.map((_, i) => csvCell(cells[i] ?? null)).join(',')}\r\n`
}

/** A cell of CSV: quoted where it has to be, and text alone for spreadsheets, too. */
function csvCell(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
