import { createHash } from 'node:crypto'
import { escapeHtml, formatCount } from '../base/html.ts'
import { htmlPage } from '../base/html-page.ts'
import { PAGE_STYLE } from '../base/page-style.ts'
import { AUDITED_WRITES } from '../telemetry/audit-record.ts'
import type { Listed } from './bounded-list.ts'
import { dayStrip, minutes } from './day-strip.ts'
import { changedText } from './format-text.ts'
import type { Counts, Group } from './groups.ts'
import { MEANINGS, type Report, sealedShare, sentenceOf } from './report.ts'
import { GROUPINGS, type Grouping, type ListedLine, type Summary, type Tally } from './summarize.ts'
import { type Answers, VERDICT_WORDS } from './verdict-words.ts'
import { visible } from './visible.ts'

/** Colours of the classes, as the style names them. */
const TONES = {
  sealed: 'good',
  exempt: 'warning',
  observed: 'neutral',
  unconfirmed: 'bad',
  mismatched: 'bad',
  refused: 'quiet',
  failed: 'quiet',
} as const

/** The style of a report: of screens and of A4. */
const REPORT_STYLE = `${PAGE_STYLE}body{max-width:64rem}
svg{height:9rem;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.key{print-color-adjust:exact;-webkit-print-color-adjust:exact}
rect.sealed{fill:var(--good)}rect.exempt{fill:var(--warning)}rect.observed{fill:var(--neutral)}
rect.unconfirmed,rect.mismatched,rect.absent{fill:var(--bad)}rect.refused,rect.failed{fill:var(--quiet)}
rect.evidence{fill:var(--line)}rect.change{fill:var(--text)}
.wide{overflow-x:auto}.wide td,.wide th{font-size:.9rem;padding-right:.7rem}th{white-space:nowrap}.wide td:first-child{min-width:12rem}
thead th{border-bottom:1px solid var(--line)}th.count{text-align:right}
.note{border-left:.25rem solid var(--warning);padding:.25rem .75rem;margin:1rem 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.5rem 0}dt{font-weight:600}dd{margin:0}
label{margin-right:1rem}nav a[aria-current]{font-weight:600;color:inherit;text-decoration:none}input,button{font:inherit;max-width:100%}form{margin:.5rem 0}
@media (max-width:40rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}label{display:block;margin:.3rem 0}}
@page{size:A4;margin:15mm}
@media print{body{font-size:9pt;padding:0;max-width:none}.wide{overflow:visible}.wide td,.wide th{font-size:6.5pt;padding-right:.3rem}.wide td:first-child{min-width:5rem}
tr,li{break-inside:avoid}h2{break-after:avoid}form,nav{display:none}}
`

const STYLE_HASH = createHash('sha256').update(REPORT_STYLE).digest('base64')

/** No script, no image, and this one style; the look-up's form goes to the page's own server. */
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'self'`

/** The same in an answer's head, which can forbid frames. */
export const REPORT_PAGE_POLICY = `${POLICY}; frame-ancestors 'none'`

/** What a server adds to the page; a file has none of it. */
interface PageParts {
  /** The choice of period in words. */
  readonly about: string
  /** Markup below the heading. */
  readonly top: string
}

/** A whole page. `title` is text; `body` is markup. */
export function page(title: string, body: string): string {
  return htmlPage({ title, style: REPORT_STYLE, policy: POLICY, body })
}

/** The report as one HTML document that needs nothing else. `by`: the groups; undefined: all. */
export function formatHtml(report: Report, by: Grouping | undefined, served?: PageParts): string {
  const { head, summary } = report
  const { period, total } = summary
  return page(
    'Sealgate audit report',
    `<header>
<h1>Sealgate audit report</h1>
<p class="quiet" id="period">${served === undefined ? '' : `${text(served.about)}: `}${escapeHtml(period.from)} to ${escapeHtml(period.to)} (UTC)</p>
${served?.top ?? ''}
</header>
<main>
${coverage(total)}
<p class="note">A page, or a file, from the machine under audit proves nothing about that machine. What counts is the trail: copy it and verify the
copy elsewhere with <code>sealgate audit verify</code>, with a verifier key and checkpoints that the machine's owner cannot change.</p>
<h2>Days</h2>
${dayStrip(summary)}
${classes(total)}
${answers(head.answers)}
${GROUPINGS.filter((name) => by === undefined || name === by)
  .map((name) => groups(name, summary.by[name]))
  .join('\n')}
${exceptions(summary)}
${configurations(summary)}
${absences(summary)}
${provenance(report)}
${CONTROLS}
</main>`,
  )
}

function coverage(total: Counts): string {
  const share = sealedShare(total)
  const tone = total.sealed === total.objects ? 'good' : 'warning'
  const number =
    share === undefined ? '' : `<p id="coverage" class="number ${tone}">${escapeHtml(share)}</p>`
  return `${number}<p>${escapeHtml(sentenceOf(total))}</p>`
}

function classes(total: Counts): string {
  const rows = AUDITED_WRITES.map(
    (word) =>
      `<tr><th scope="row"><span class="key ${TONES[word]}"></span>${word}</th><td class="count" id="uploads-${word}">${formatCount(total[word])}</td><td class="quiet">${escapeHtml(MEANINGS[word])}</td></tr>`,
  )
  return `<table>${rows.join('')}<tr><th scope="row">uploads</th><td class="count" id="uploads">${formatCount(total.uploads)}</td><td class="quiet">the sum of these</td></tr></table>`
}

function answers({
  verdict,
  integrity,
  completeness,
  freshness,
  independence,
  problems,
  gaps,
}: Answers) {
  const tone = { verified: 'good', gaps: 'warning', failed: 'bad' }[verdict]
  return `<h2>Is it what was written?</h2>
<p id="verdict" class="${tone}"><strong>${VERDICT_WORDS[verdict]}</strong></p>
<dl><dt>Integrity</dt><dd>${text(integrity)}${items(problems)}</dd>
<dt>Completeness</dt><dd>${text(completeness)}${items(gaps)}</dd>
<dt>Freshness</dt><dd>${freshness.map(text).join('<br>')}</dd>
<dt>Independence</dt><dd>${text(independence)}</dd></dl>`
}

function groups(name: Grouping, list: readonly Group[]): string {
  const isKey = name === 'key'
  const columns = isKey
    ? ['objects', 'bytes', 'size unknown', 'first', 'last']
    : ['objects', ...AUDITED_WRITES, 'bytes']
  const rows = list.map((group) => {
    const { objects, bytes, sizeUnknown, first, last } = group
    const cells = isKey
      ? [...[objects, bytes, sizeUnknown].map(formatCount), seconds(first), seconds(last)]
      : [objects, ...AUDITED_WRITES.map((word) => group[word]), bytes].map(formatCount)
    return [text(group.name), ...cells]
  })
  return `<h2>By ${name}</h2>\n${table(`by-${name}`, [name, ...columns], rows, 1)}`
}

/** A time to the second, which has room in a table. */
function seconds(time: string | null): string {
  return time === null ? '' : `${text(time.slice(0, 19))}Z`
}

/** `cells` are markup; those from `counts` on are numbers or times. */
function table(
  id: string,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  counts: number,
): string {
  if (rows.length === 0) return '<p class="quiet">None.</p>'
  const mark = (i: number): string => (i < counts ? '' : ' class="count"')
  const head = columns.map((cell, i) => `<th scope="col"${mark(i)}>${text(cell)}</th>`).join('')
  const body = rows.map(
    (row) => `<tr>${row.map((cell, i) => `<td${mark(i)}>${cell}</td>`).join('')}</tr>`,
  )
  return `<div class="wide" role="region" aria-label="${text(id)}" tabindex="0"><table id="${text(id)}"><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`
}

function exceptions({
  unconfirmed,
  exemptions,
  reads,
  readsNotUnderPolicy,
  refusals,
  failures,
}: Summary): string {
  const exempt = exemptions.items.map(
    ({ rule, reason, objects, clients, first, last }) =>
      `<strong>${text(rule)}</strong>: ${formatCount(objects)} objects, ${text(reason)}; by ${text(clients.items.join(', '))}${more(clients.more)}<br><span class="quiet">${text(first)} to ${text(last)}</span>`,
  )
  return `<h2>Not confirmed by S3</h2>
${list('unconfirmed', unconfirmed, listed)}
<h2>Exempt, by rule</h2>
${list('exemptions', { items: exempt, more: exemptions.more }, (item) => item)}
<h2>Objects read, by their encryption</h2>
${tallies('reads', reads)}
${readsNotUnderPolicy.items.length === 0 ? '' : list('other-reads', readsNotUnderPolicy, listed)}
<h2>Refused requests, by reason</h2>
${tallies('refusals', refusals)}
<h2>Failed uploads, by error</h2>
${tallies('failures', failures)}`
}

/** A line of the audit. */
function listed(line: ListedLine): string {
  const { time, operation, bucket, key, versionId, client, requestId, write, read } = line
  const version = versionId === null ? '' : ` <span class="quiet">version ${text(versionId)}</span>`
  return `<strong>${text(`${bucket ?? ''}/${key ?? ''}`)}</strong>${version}<br>${text(operation)} by ${text(client ?? 'nobody known')}: ${text(read ?? write ?? String(line.status))}, ${text(line.confirmedKey)}<br><span class="quiet">${text(time)}, request <code>${text(requestId)}</code></span>`
}

/** A list with an id; `markup` gives the markup of an item. */
export function list<T>(
  id: string,
  { items: all, more: beyond }: Listed<T>,
  markup: (item: T) => string,
): string {
  if (all.length === 0) return '<p class="quiet">None.</p>'
  const rest = beyond === 0 ? '' : `<p class="quiet">And ${formatCount(beyond)} more.</p>`
  return `<ul id="${id}">${all.map((item) => `<li>${markup(item)}</li>`).join('')}</ul>${rest}`
}

function tallies(id: string, all: readonly Tally[]): string {
  const rows = all.map(({ name, count, first, last }) => [
    text(name),
    ...[formatCount(count), seconds(first), seconds(last)],
  ])
  return table(id, ['', 'count', 'first', 'last'], rows, 1)
}

function configurations({ configurations: changes }: Summary): string {
  return `<h2>Configuration</h2>
${list('configurations', changes, (change) => {
  const { time, event, mode, previousMode, configHash, instance } = change
  const before = previousMode === null || previousMode === mode ? '' : ` (before: ${previousMode})`
  return `<strong>${text(event)}</strong>, mode <strong>${text(mode)}</strong>${text(before)}${text(changedText(change))}<br><span class="quiet">${text(time)}, ${text(instance)}, <code>${text(configHash)}</code></span>`
})}`
}

function absences({ evidence }: Summary): string {
  if (!evidence.isKnown) {
    return '<h2>Time without evidence</h2>\n<p>Not known: no stream is here.</p>'
  }
  return `<h2>Time without evidence</h2>
${list('absences', evidence.absences, ({ why, fromMs, untilMs, stream }) => {
  const times = [fromMs, untilMs].map((ms) => new Date(ms).toISOString()).join(' to ')
  const of = stream === undefined ? '' : `, stream <code>${text(stream)}</code>`
  return `<strong>${ABSENCES[why]}</strong>${of}<br><span class="quiet">${times}, ${minutes(untilMs - fromMs)}</span>`
})}`
}

const ABSENCES = {
  down: 'no process had a stream open',
  lost: 'lines were lost',
  cut: 'a stream was cut: its last minute is not known',
  silent: 'a stream gave no sign of life',
} as const

function provenance({ head, summary }: Report): string {
  const files = head.files.map(({ path, bytes, lines, sha256, problem }) => [
    `${text(path)}${problem === undefined ? '' : `<br><span class="bad">${text(problem)}</span>`}`,
    `<code>${sha256}</code>`,
    formatCount(bytes),
    formatCount(lines),
  ])
  const checkpoints = head.checkpoints.map(
    ({ origin, size, root }) => `${text(origin)} ${size}<br><code>${text(root)}</code>`,
  )
  return `<h2>How this was made</h2>
<dl><dt>Command</dt><dd><code>${text(head.command)}</code></dd>
<dt>Version</dt><dd>${text(head.version)}</dd>
<dt>Run at</dt><dd>${text(head.runAt)}</dd>
<dt>Lines</dt><dd>${formatCount(summary.lines)} in the period, ${formatCount(summary.requests)} of requests; ${formatCount(summary.unreadable)} unreadable in all files</dd>
<dt>Checkpoint</dt><dd>${checkpoints.length === 0 ? 'none' : checkpoints.join('<br>')}</dd></dl>
${table('files', ['file', 'SHA-256', 'bytes', 'lines'], files, 2)}`
}

/** As docs/evidence.md has it. */
const CONTROLS = `<h2>Controls</h2>
<p>It is evidence for: NIST SP 800-53 AU-9(3) (chain, tree, signatures), AU-9(2) (anchor), AU-12 and AU-3 (a line for each request); PCI DSS 4.0
10.3.2, 10.3.4 (changes are detected) and 10.5.1; ISO/IEC 27001:2022 A.8.15; SOC 2 CC7.2 and CC6.1. Whether it suffices is the auditor's to say.</p>`

function items(all: readonly string[]): string {
  return all.length === 0 ? '' : `<ul>${all.map((item) => `<li>${text(item)}</li>`).join('')}</ul>`
}

function more(count: number): string {
  return count === 0 ? '' : ` and ${formatCount(count)} more`
}

/** Markup of a text. */
export function text(value: string): string {
  return escapeHtml(visible(value))
}
