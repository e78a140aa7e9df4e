import type { NoteVerifier } from '../evidence/note.ts'
import { packageVersion } from '../telemetry/package-version.ts'
import type { AnchoredNote } from '../trail/anchor-folder.ts'
import { DISK } from '../trail/disk.ts'
import { readTrails } from '../trail/read-lines.ts'
import { checkpointOf, TreeStore } from '../trail/tree-store.ts'
import { verifyTrails } from '../trail/verify.ts'
import { parseAuditLine } from './audit-line.ts'
import type { NewestCheckpoint, Report } from './report.ts'
import { Summarizer } from './summarize.ts'
import { answersOf } from './verdict-words.ts'

/** What a report is made from. */
interface ReportOptions {
  readonly paths: readonly string[]
  /** `YYYY-MM-DDTHH:mm:ss.sssZ`; lines from `from` on and before `to`. */
  readonly from: string | undefined
  readonly to: string | undefined
  /** Empty: signatures are not verified. */
  readonly verifiers: readonly NoteVerifier[]
  readonly anchor: readonly AnchoredNote[] | undefined
  /** As the report names it. */
  readonly command: string
  readonly nowMs: number
  readonly onProgress?: (bytes: number) => void
}

/** Verifies trails and sums up what they say about a period. */
export async function readReport(options: ReportOptions): Promise<Report> {
  const { paths, from, to, verifiers, anchor, command, nowMs } = options
  const onProgress = options.onProgress ?? (() => undefined)
  const isWhole = from === undefined && to === undefined
  const fromMs = from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(from)
  const period = isWhole ? undefined : { fromMs, toMs: to === undefined ? nowMs : Date.parse(to) }
  const verification = await verifyTrails({ paths, verifiers, anchor, nowMs, period, onProgress })
  const verified = verification.trails.reduce((sum, { bytes }) => sum + bytes, 0)
  const summarizer = new Summarizer(from, to)
  const files = await readTrails(
    paths,
    (line) => {
      // A crash can leave an empty line.
      if (line.length > 0) summarizer.take(parseAuditLine(line))
    },
    (bytes) => onProgress(verified + bytes),
  )
  return {
    head: {
      command,
      version: packageVersion(),
      runAt: new Date(nowMs).toISOString(),
      files,
      checkpoints: paths.flatMap(newestCheckpoint),
      answers: answersOf(verification, verifiers.length > 0, anchor !== undefined),
    },
    summary: summarizer.end(nowMs),
  }
}

function newestCheckpoint(path: string): readonly NewestCheckpoint[] {
  const checkpoint = checkpointOf(new TreeStore(DISK, `${path}/tree`).newest())
  if (checkpoint === undefined) return []
  const { origin, size, root } = checkpoint
  return [{ path, origin, size, root: root.toString('base64') }]
}
