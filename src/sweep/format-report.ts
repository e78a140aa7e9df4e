import { createHash } from 'node:crypto'
import { escapeHtml } from '../base/html.ts'
import { htmlPage } from '../base/html-page.ts'
import { PAGE_STYLE } from '../base/page-style.ts'
import { toOcsf } from '../telemetry/ocsf.ts'
import type { UnreadableKey } from './finished-plan.ts'
import { formatBytes, formatCount, printable } from './format-numbers.ts'
import { describeUnreadable } from './format-plan.ts'
import { encryptionText, reasonOf, type SweepRow, UNREADABLE } from './sweep-rows.ts'
import type { SweepSummary } from './sweep-summary.ts'
import type { Count } from './tally.ts'

/** What a report is of. */
export interface ReportHead {
  readonly version: string
  /** ISO 8601. */
  readonly runAt: string
  readonly buckets: readonly string[]
  readonly prefix: string
  readonly versions: string
  readonly source: string
  /** SHA-256 of the plan, hex. */
  readonly plan: string
  /** Keys that requests cannot name. */
  readonly unreadable: number
  /** What the plan was estimated at, with its assumptions. */
  readonly estimate: readonly string[]
}

/** What a report can say, and what not. */
const LIMITS =
  'A plan is what was there when it was listed: writes go on, and a second plan shows what came since. Replicas, backups and old versions that are listed as left keep their keys; old ciphertext is not erased.'

const STYLE = `${PAGE_STYLE}td:nth-child(n+2){text-align:right}td:first-child{overflow-wrap:anywhere}`
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** The report for people. */
export function formatReportText(head: ReportHead, summary: SweepSummary): string {
  const listed = summary.listed.map(({ name, status, class: kind, reason, recovery }) => {
    const back = recovery.map((command) => `      ${printable(command)}\n`).join('')
    return `  ${status === 'failed' ? 'FAILED' : kind}  ${printable(name)}  ${printable(reason)}\n${back}`
  })
  const unreadable = describeUnreadable(head.unreadable).map((line) => `  ${line}\n`)
  const left = [...listed, ...unreadable]
  const more =
    summary.unlisted === 0
      ? ''
      : `  and ${formatCount(summary.unlisted)} more: --format csv has all\n`
  return `Sweep of ${head.buckets.map(printable).join(', ')}, prefix '${printable(head.prefix)}', ${head.versions} versions, by ${printable(head.source)}
plan sha256:${head.plan}
report of ${head.runAt}, sealgate ${head.version}

${sections(summary)
  .map(([title, counts]) => `${title}\n${table(counts)}`)
  .join('\n')}
The plan, estimated
${head.estimate.map((line) => `  ${line}\n`).join('')}
Left
${left.length === 0 ? '  nothing\n' : left.join('')}${more}
${LIMITS}
`
}

/** The same as a page without scripts. */
export function formatReportHtml(head: ReportHead, summary: SweepSummary): string {
  const tables = sections(summary).map(
    ([title, counts]) =>
      `<h2>${escapeHtml(title)}</h2>\n<table><thead><tr><th>which</th><th>versions</th><th>bytes</th></tr></thead><tbody>${[
        ...counts,
      ]
        .map(([name, { objects, bytes }]) => {
          const cells = [printable(name), formatCount(objects), formatBytes(bytes)]
          return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`
        })
        .join('\n')}</tbody></table>`,
  )
  const items = summary.listed.map(({ name, status, class: kind, reason, recovery }) => {
    const back = recovery.map((command) => `<pre>${escapeHtml(printable(command))}</pre>`).join('')
    const word = status === 'failed' ? 'failed' : kind
    return `<li><b>${escapeHtml(word)}</b> ${escapeHtml(printable(name))}: ${escapeHtml(printable(reason))}${back}</li>`
  })
  items.push(...describeUnreadable(head.unreadable).map((line) => `<li>${line}</li>`))
  const more =
    summary.unlisted === 0
      ? ''
      : `<p>and ${formatCount(summary.unlisted)} more: the CSV has all</p>`
  const title = `Sweep of ${head.buckets.map(printable).join(', ')}`
  return htmlPage({
    title,
    style: STYLE,
    policy: `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'`,
    body: `<h1>${escapeHtml(title)}</h1>
<p>Prefix '${escapeHtml(printable(head.prefix))}', ${escapeHtml(head.versions)} versions, by ${escapeHtml(head.source)}. Plan sha256:${head.plan}. Report of ${head.runAt}, sealgate ${escapeHtml(head.version)}.</p>
${tables.join('\n')}
<h2>The plan, estimated</h2>
<ul>${head.estimate.map((line) => `<li>${escapeHtml(line)}</li>`).join('\n')}</ul>
<h2>Left</h2>
${items.length === 0 ? '<p>nothing</p>' : `<ul>${items.join('\n')}</ul>`}${more}
<p>${LIMITS}</p>`,
  })
}

const COLUMNS = [
  ...['bucket', 'key', 'versionId', 'bytes', 'status', 'class', 'reason', 'rule', 'method'],
  ...[
    'before',
    'after',
    'versionIdAfter',
    'etagBefore',
    'etagAfter',
    'time',
    'message',
    'recovery',
  ],
] as const

/** One row of the report, as JSON. */
export function rowAsJson(row: SweepRow): string {
  return JSON.stringify(fieldsOf(row))
}

/** The first line of the CSV. */
export function csvHead(): string {
  return COLUMNS.join(',')
}

/**
 * One row as CSV. A cell that a spreadsheet would compute gets an apostrophe.
 *
 * Source: RFC 4180
 */
export function rowAsCsv(row: SweepRow): string {
  return csvLine(fieldsOf(row))
}

/** A key that requests cannot name, as JSON: a row without a version. */
export function unreadableAsJson(key: UnreadableKey): string {
  return JSON.stringify(unreadableFields(key))
}

/** The same as CSV. */
export function unreadableAsCsv(key: UnreadableKey): string {
  return csvLine(unreadableFields(key))
}

/** A version that was re-sealed or failed, as an event of OCSF 1.3; undefined: nothing happened to it. */
export function rowAsOcsf(row: SweepRow, version: string): string | undefined {
  const { planned, end } = row
  if (end === undefined || end.record === 'skipped') return undefined
  const isDone = end.record === 'done'
  const { bucket, key } = planned.state.version
  const event = toOcsf(
    {
      time: end.time,
      requestId: `sweep-${planned.n}`,
      client: 'sweep',
      operation: isDone && end.method !== 'update' ? 'CopyObject' : 'UpdateObjectEncryption',
      bucket,
      key,
      status: isDone ? 200 : 0,
      errorCode: isDone ? undefined : end.code,
      versionId: isDone ? end.after.version.versionId : planned.state.version.versionId,
      requestedEncryption: isDone ? end.before.encryption : planned.state.encryption,
      confirmedEncryption: isDone ? end.after.encryption : undefined,
    },
    version,
  )
  return JSON.stringify(event)
}

function unreadableFields({ bucket, key }: UnreadableKey) {
  return { bucket, key, status: 'left', ...UNREADABLE }
}

function csvLine(fields: Readonly<Record<string, unknown>>): string {
  return COLUMNS.map((name) => csvCell(fields[name])).join(',')
}

function fieldsOf(row: SweepRow) {
  const { planned, end, status } = row
  const { version, bytes, encryption, etag } = planned.state
  const isDone = end?.record === 'done'
  return {
    bucket: version.bucket,
    key: version.key,
    versionId: version.versionId,
    bytes,
    status,
    ...reasonOf(row),
    rule: planned.rule,
    method: isDone ? end.method : planned.classification.way?.method,
    before: encryptionText(isDone ? end.before.encryption : encryption),
    after: encryptionText(isDone ? end.after.encryption : encryption),
    versionIdAfter: isDone ? end.after.version.versionId : version.versionId,
    etagBefore: etag,
    etagAfter: isDone ? end.after.etag : etag,
    time: end?.time,
    message: end?.record === 'failed' ? [end.message, ...end.differences].join('; ') : undefined,
    recovery: end?.record === 'failed' ? end.recovery.join('\n') : undefined,
  }
}

function csvCell(value: unknown): string {
  if (typeof value === 'number') return String(value)
  const text = value === undefined ? '' : String(value)
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

function sections(
  summary: SweepSummary,
): readonly (readonly [string, ReadonlyMap<string, Count>])[] {
  return [
    ['All', new Map([['versions', summary.all]])],
    ['Status', summary.statuses],
    ['Encryption before', summary.before],
    ['Encryption now', summary.after],
    ['Left, by class', summary.left],
  ]
}

function table(counts: ReadonlyMap<string, Count>): string {
  return [...counts]
    .map(
      ([name, { objects, bytes }]) =>
        `${formatCount(objects).padStart(13)} ${formatBytes(bytes).padStart(10)}  ${printable(name)}\n`,
    )
    .join('')
}
