import { describeEstimate, estimateRun } from '../sweep/estimate.ts'
import {
  type FinishedPlan,
  readFinishedPlan,
  type UnreadableKey,
  unreadableKeys,
} from '../sweep/finished-plan.ts'
import { formatCount } from '../sweep/format-numbers.ts'
import { describeUnreadable } from '../sweep/format-plan.ts'
import {
  csvHead,
  formatReportHtml,
  formatReportText,
  type ReportHead,
  rowAsCsv,
  rowAsJson,
  rowAsOcsf,
  unreadableAsCsv,
  unreadableAsJson,
} from '../sweep/format-report.ts'
import { readPlanSoFar } from '../sweep/open-plan.ts'
import { isLocked, stateFolder } from '../sweep/state-folder.ts'
import { type SweepRow, SweepRows } from '../sweep/sweep-rows.ts'
import { SweepSummary } from '../sweep/sweep-summary.ts'
import { packageVersion } from '../telemetry/package-version.ts'
import type { ExitCode, Terminal } from './command.ts'

/** The formats of `sealgate sweep report`. */
type ReportFormat = 'text' | 'csv' | 'json' | 'ocsf' | 'html'

/** `sealgate sweep status`: how far it is. Takes no lock, and asks nobody. */
export async function sweepStatus(state: string, terminal: Terminal): Promise<ExitCode> {
  const folder = stateFolder(state)
  const running = isLocked(folder.lock) ? ', a process works on it' : ''
  const plan = await readFinishedPlan(folder)
  if (!plan.ok) {
    const soFar = await readPlanSoFar(folder)
    if (!soFar.ok) return failed(terminal, plan.error)
    terminal.stdout(
      `the plan is not finished${running}: ${formatCount(soFar.value.totals.all.objects)} versions so far\n`,
    )
    return 3
  }
  const rows = await SweepRows.open(folder, plan.value.hash)
  if (!rows.ok) return failed(terminal, rows.error)
  const { progress } = rows.value
  const { totals, unreadable } = plan.value
  const fine = ['sealed', 'exempt', 'gone'] as const
  const before = fine.reduce((sum, name) => sum + totals.countOf(name).objects, 0)
  const done = progress.countOf('done')
  const left = totals.all.objects - before - done - progress.countOf('settled')
  terminal.stdout(
    [
      `plan sha256:${plan.value.hash}${running}`,
      `${formatCount(totals.all.objects)} versions: ${formatCount(before)} needed nothing, ${formatCount(done)} are done, ${formatCount(progress.countOf('settled'))} were settled by others, ${formatCount(left)} are left`,
      `of these ${formatCount(progress.countOf('failed'))} failed, ${formatCount(progress.countOf('begun'))} were begun and have no end`,
      ...describeUnreadable(unreadable),
      '',
    ].join('\n'),
  )
  if (progress.countOf('failed') > 0) return 1
  return left + unreadable === 0 ? 0 : 3
}

/** `sealgate sweep report`: what became of every version of a plan. */
export async function sweepReport(
  state: string,
  format: ReportFormat,
  terminal: Terminal,
): Promise<ExitCode> {
  const folder = stateFolder(state)
  const plan = await readFinishedPlan(folder)
  if (!plan.ok) return failed(terminal, plan.error)
  const opened = await SweepRows.open(folder, plan.value.hash)
  if (!opened.ok) return failed(terminal, opened.error)
  const summary = new SweepSummary()
  if (format === 'csv') terminal.stdout(`${csvHead()}\r\n`)
  for await (const row of opened.value.rows()) {
    summary.add(row)
    const line = lineOf(row, format)
    if (line !== undefined) terminal.stdout(line)
  }
  if (plan.value.unreadable > 0) {
    for await (const key of unreadableKeys(folder)) {
      summary.addUnreadable(key)
      terminal.stdout(unreadableLine(key, format))
    }
  }
  const head = headOf(plan.value)
  if (format === 'text') terminal.stdout(formatReportText(head, summary))
  if (format === 'html') terminal.stdout(formatReportHtml(head, summary))
  if (summary.countOf('failed').objects > 0) return 1
  return summary.countOf('left').objects + plan.value.unreadable === 0 ? 0 : 3
}

/** What a format writes for a version; undefined: nothing. */
function lineOf(row: SweepRow, format: ReportFormat): string | undefined {
  switch (format) {
    case 'csv':
      return `${rowAsCsv(row)}\r\n`
    case 'json':
      return `${rowAsJson(row)}\n`
    case 'ocsf': {
      const event = rowAsOcsf(row, packageVersion())
      return event === undefined ? undefined : `${event}\n`
    }
    case 'text':
    case 'html':
      return undefined
  }
}

/** What a format writes for a key that requests cannot name. */
function unreadableLine(key: UnreadableKey, format: ReportFormat): string {
  if (format === 'csv') return `${unreadableAsCsv(key)}\r\n`
  return format === 'json' ? `${unreadableAsJson(key)}\n` : ''
}

function headOf({ opening, hash, totals, unreadable }: FinishedPlan): ReportHead {
  const { buckets, prefix, versions, source } = opening.scope
  const runAt = new Date().toISOString()
  return {
    version: packageVersion(),
    runAt,
    buckets,
    prefix,
    versions,
    source,
    plan: hash,
    unreadable,
    estimate: describeEstimate(estimateRun(totals)),
  }
}

function failed(terminal: Terminal, message: string): ExitCode {
  terminal.stderr(`sealgate: ${message}\n`)
  return 1
}
