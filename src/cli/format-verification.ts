import type { Finding } from '../trail/findings.ts'
import type { Verification } from '../trail/verify.ts'

/** The three answers, for people. `isSigned`: a verifier key was given; `hasAnchor`: an anchor was. */
export function formatVerification(
  { verdict, findings, trails, anchored }: Verification,
  isSigned: boolean,
  hasAnchor: boolean,
): string {
  const { failures, failureCount, gaps, gapCount, outsideCount, notes } = findings
  const lines: string[] = []
  for (const trail of trails) {
    lines.push(
      `${trail.path}: ${trail.lines} lines (${trail.requests} of requests) of ${trail.streams} streams in ${trail.files} files, ${trail.checkpoints} checkpoints`,
    )
  }
  const held = isSigned
    ? 'verified: every line, every root and every signature'
    : 'the chain of every line holds; nothing was signed, or no key was given: whoever can write the files can write all of it anew'
  lines.push(
    '',
    `Integrity     ${failureCount === 0 ? held : `FAILED: ${count(failureCount, 'problem')}, the first:`}`,
    ...failures.map(formatFinding),
    `Completeness  ${gapCount === 0 ? 'complete, as far as the trail says' : `${count(gapCount, 'gap')} that the trail itself tells of:`}`,
    ...gaps.map(formatFinding),
  )
  for (const { path, inPeriod } of trails) {
    if (inPeriod === undefined) continue
    lines.push(
      `Period        ${path}: ${count(inPeriod.lines, 'line')} (${inPeriod.requests} of requests); ${count(outsideCount, 'gap')} outside of it`,
    )
  }
  for (const { path, newestMs, newest, unsealed } of trails) {
    const seen = newestMs === undefined ? 'no record' : new Date(newestMs).toISOString()
    const sealed =
      newest === undefined
        ? 'no checkpoint'
        : `newest checkpoint ${newest.origin} ${newest.size}, ${anchorWords(anchored.get(newest.origin), hasAnchor)}`
    lines.push(
      `Freshness     ${path}: newest record ${seen}; ${sealed}; ${count(unsealed, 'line')} unsealed`,
    )
  }
  lines.push(
    hasAnchor
      ? 'Independence  lines under an anchored checkpoint cannot have been rewritten, not even by the holder of the key'
      : 'Independence  no anchor was given: the holder of the key could have rewritten all of it, and whoever writes the folder could have put it back to an earlier state',
  )
  if (notes.length > 0) lines.push('Notes', ...notes.map(formatFinding))
  lines.push('', VERDICTS[verdict])
  return `${lines.join('\n')}\n`
}

const VERDICTS = {
  verified: 'VERIFIED',
  gaps: 'VERIFIED, WITH GAPS',
  failed: 'NOT VERIFIED',
} as const

function anchorWords(size: number | undefined, hasAnchor: boolean): string {
  if (!hasAnchor) return 'no anchor given'
  return size === undefined ? 'not anchored' : `anchored up to ${size}`
}

function formatFinding({ what, place }: Finding): string {
  if (place === undefined) return `  - ${what}`
  const { file, line, offset, bytes } = place
  const at = line === undefined ? '' : ` line ${line} (byte ${offset}, ${bytes} bytes)`
  return `  - ${file}${at}: ${what}`
}

function count(value: number, word: string): string {
  return `${value} ${word}${value === 1 ? '' : 's'}`
}

/** The same as JSON, with fixed names. */
export function verificationJson(
  { verdict, findings, trails, anchored }: Verification,
  exitCode: number,
): string {
  const { failures, failureCount, gaps, gapCount, outsideCount, notes } = findings
  const value = {
    verdict,
    exitCode,
    integrity: { ok: failureCount === 0, problems: failureCount, first: failures },
    completeness: {
      complete: gapCount === 0,
      gaps: gapCount,
      outsideOfPeriod: outsideCount,
      first: gaps,
    },
    freshness: trails.map(({ path, newestMs, newest, unsealed }) => ({
      path,
      newestRecord: newestMs === undefined ? null : new Date(newestMs).toISOString(),
      checkpoint: newest ?? null,
      unsealed,
      anchored: newest === undefined ? null : (anchored.get(newest.origin) ?? null),
    })),
    notes,
    trails: trails.map(
      ({ path, files, bytes, streams, lines, requests, lost, checkpoints, inPeriod }) => ({
        path,
        files,
        bytes,
        streams,
        lines,
        requests,
        lost,
        checkpoints,
        inPeriod: inPeriod ?? null,
      }),
    ),
  }
  return `${JSON.stringify(value, null, 2)}\n`
}
