import { hash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { formatCsv } from '../report/format-csv.ts'
import { formatHtml } from '../report/format-html.ts'
import { formatJson } from '../report/format-json.ts'
import { formatOcsf } from '../report/format-ocsf.ts'
import { formatText, headLines } from '../report/format-text.ts'
import { readReport } from '../report/read-report.ts'
import { recordReport } from '../report/record-report.ts'
import type { Report } from '../report/report.ts'
import type { Grouping } from '../report/summarize.ts'
import { visible } from '../report/visible.ts'
import { EXIT_CODES } from './audit-verify.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import { type ProofOptions, readProof, shellCommand } from './read-proof.ts'
import { showReading } from './show-progress.ts'
import { startProblem } from './start-problem.ts'

type ReportFormat = 'text' | 'csv' | 'json' | 'ocsf' | 'html'

/** The options of `sealgate audit report`. */
interface AuditReportOptions {
  readonly paths: readonly string[]
  readonly from: string | undefined
  readonly to: string | undefined
  readonly by: Grouping | undefined
  readonly format: ReportFormat
  readonly out: string | undefined
  readonly isRecorded: boolean
  readonly proof: ProofOptions
}

/** `sealgate audit report`: verifies trails and says what they say of a period. */
export async function auditReport(
  options: AuditReportOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const { paths, from, to, by, format, out } = options
  if (from !== undefined && to !== undefined && from >= to) {
    return usageError(terminal, '--from is not before --to')
  }
  try {
    const proof = await readProof(options.proof, terminal)
    if (!proof.ok) return usageError(terminal, proof.error)
    const nowMs = Date.now()
    const report = await readReport({
      ...{ paths, from, to, ...proof.value, nowMs },
      command: commandOf(options),
      // Verified first, and then summed up.
      onProgress: showReading(terminal, paths, 2),
    })
    terminal.progress?.('')
    const text = FORMATTERS[format](report, by)
    const sha256 = hash('sha256', text)
    if (out === undefined) terminal.stdout(text)
    else {
      writeFileSync(out, text)
      terminal.stdout(`${headLines(report.head, report.summary).map(visible).join('\n')}\n`)
    }
    terminal.stderr(`SHA-256 of the report: ${sha256}\n`)
    if (options.isRecorded) recordIn(paths, report, sha256, nowMs, terminal)
    return EXIT_CODES[report.head.answers.verdict]
  } catch (error) {
    return usageError(terminal, startProblem('the arguments', error))
  }
}

const FORMATTERS: Readonly<
  Record<ReportFormat, (report: Report, by: Grouping | undefined) => string>
> = { text: formatText, csv: formatCsv, json: formatJson, ocsf: formatOcsf, html: formatHtml }

function recordIn(
  paths: readonly string[],
  report: Report,
  sha256: string,
  timeMs: number,
  terminal: Terminal,
): void {
  const node = terminal.env['NODE_NAME'] ?? null
  for (const path of paths) {
    const problem = recordReport(path, report, { hostname: hostname(), node, sha256, timeMs })
    const told = problem === undefined ? 'recorded in' : `not recorded in (${problem})`
    terminal.stderr(`${told} ${path}\n`)
  }
}

/** The command with its options in one order, so that it can be run again. */
function commandOf({ paths, from, to, by, format, out, isRecorded, proof }: AuditReportOptions) {
  const { vkeys, policy, anchor, configFile } = proof
  const pairs = [
    ['--from', from],
    ['--to', to],
    ['--by', by],
    ['--format', format],
    ['--out', out],
    ...vkeys.map((key) => ['--vkey', key] as const),
    ['--policy', policy],
    ['--anchor', anchor],
    ['--config', configFile],
  ] as const
  const words = pairs.flatMap(([name, value]) => (value === undefined ? [] : [name, value]))
  const rest = isRecorded ? [] : ['--no-record']
  return shellCommand(['sealgate', 'audit', 'report', ...paths, ...words, ...rest])
}
