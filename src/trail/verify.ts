import type { NoteVerifier } from '../evidence/note.ts'
import type { AnchoredNote } from './anchor-folder.ts'
import { Findings, type Period } from './findings.ts'
import { type KnownHead, readHead } from './tree-check.ts'
import { type TrailSummary, verifyTrail } from './verify-trail.ts'

/** The options of verification. */
interface VerifyOptions {
  readonly paths: readonly string[]
  readonly verifiers: readonly NoteVerifier[]
  /** Checkpoints that third parties store; undefined if none were requested. */
  readonly anchor: readonly AnchoredNote[] | undefined
  readonly nowMs: number
  /** For which completeness is asked; left out: all of it. Integrity is always that of the whole. */
  readonly period?: Period | undefined
  /** Called with the bytes on disk that were read so far. */
  readonly onProgress: (bytes: number) => void
}

/**
 * `verified`: nothing is missing. `gaps`: the lines are genuine, and the trail reports missing
 * ones.
 */
export type Verdict = 'verified' | 'gaps' | 'failed'

/** The result. */
export interface Verification {
  readonly verdict: Verdict
  readonly findings: Findings
  readonly trails: readonly TrailSummary[]
  /** The largest size of each origin that a third party stores. */
  readonly anchored: ReadonlyMap<string, number>
}

/** Verifies trails from their bytes. */
export async function verifyTrails(options: VerifyOptions): Promise<Verification> {
  const { paths, verifiers, anchor, nowMs, period } = options
  const findings = new Findings(period)
  const heads: KnownHead[] = []
  for (const { note, source } of anchor ?? []) {
    const head = readHead(note, verifiers, source, true, findings)
    if (head !== undefined) heads.push(head)
  }
  const trails: TrailSummary[] = []
  let before = 0
  for (const path of paths) {
    const onProgress = (bytes: number): void => options.onProgress(before + bytes)
    const anchors = heads
    trails.push(
      await verifyTrail({ path, verifiers, anchors, findings, nowMs, period, onProgress }),
    )
    before += trails.at(-1)?.bytes ?? 0
  }
  const anchored = new Map<string, number>()
  for (const { origin, size } of heads) {
    anchored.set(origin, Math.max(size, anchored.get(origin) ?? 0))
  }
  const here = new Set(trails.flatMap(({ origins }) => origins))
  for (const origin of anchored.keys()) {
    if (!here.has(origin)) findings.fail(`withheld: the anchor knows ${origin}, and it is not here`)
  }
  return { verdict: verdictOf(findings), findings, trails, anchored }
}

function verdictOf({ failureCount, gapCount }: Findings): Verdict {
  if (failureCount > 0) return 'failed'
  return gapCount > 0 ? 'gaps' : 'verified'
}
