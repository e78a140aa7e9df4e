import { formatCount } from '../base/html.ts'
import type { Finding } from '../trail/findings.ts'
import type { Verdict, Verification } from '../trail/verify.ts'

/** The three answers of a verification, in words. */
export interface Answers {
  readonly verdict: Verdict
  readonly integrity: string
  readonly completeness: string
  readonly freshness: readonly string[]
  readonly independence: string
  /** The first problems and gaps. */
  readonly problems: readonly string[]
  readonly gaps: readonly string[]
}

/** The verdict in one word or two. */
export const VERDICT_WORDS = {
  verified: 'VERIFIED',
  gaps: 'VERIFIED, WITH GAPS',
  failed: 'NOT VERIFIED',
} as const satisfies Readonly<Record<Verdict, string>>

/** `isSigned`: a verifier key was given; `hasAnchor`: an anchor was. */
export function answersOf(
  { verdict, findings, trails, anchored }: Verification,
  isSigned: boolean,
  hasAnchor: boolean,
): Answers {
  const { failures, failureCount, gaps, gapCount } = findings
  const held = isSigned
    ? 'verified: every line, every root and every signature'
    : 'the chain of every line holds; signatures were not verified, for no verifier key was given'
  return {
    verdict,
    integrity:
      failureCount === 0 ? held : `FAILED: ${countOf(failureCount, 'problem')} in the trail`,
    completeness:
      gapCount === 0
        ? 'complete, as far as the trail says'
        : `${countOf(gapCount, 'gap')} that the trail itself tells of`,
    freshness: trails.map(({ path, newestMs, newest, unsealed }) => {
      const seen = newestMs === undefined ? 'none' : new Date(newestMs).toISOString()
      const size = newest === undefined ? undefined : anchored.get(newest.origin)
      const kept = size === undefined ? 'not anchored' : `anchored up to ${size}`
      const sealed =
        newest === undefined
          ? 'no checkpoint was verified'
          : `newest checkpoint ${newest.origin} ${newest.size}, ${hasAnchor ? kept : 'no anchor given'}; ${countOf(unsealed, 'line')} unsealed`
      return `${path}: newest record ${seen}; ${sealed}`
    }),
    independence: hasAnchor
      ? 'lines under an anchored checkpoint cannot have been rewritten, not even by the holder of the key'
      : 'no anchor was given: the holder of the key could have rewritten all of it, and whoever writes the folder could have put it back to an earlier state',
    problems: failures.map(findingText),
    gaps: gaps.map(findingText),
  }
}

function countOf(count: number, word: string): string {
  return `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`
}

function findingText({ what, place }: Finding): string {
  if (place === undefined) return what
  const { file, line } = place
  return line === undefined ? `${file}: ${what}` : `${file} line ${line}: ${what}`
}
