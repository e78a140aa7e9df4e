import type { ReadinessReport } from './readiness.ts'

/**
 * Puts together what the processes that share the listeners say; undefined: one did not answer, and
 * is not counted as serving. Ready is the whole if one serves and all that serve are ready: the
 * listeners hand connections to each of them alike. One that is being restarted has none. Degraded is it
 * if one is.
 */
export function mergeReadiness(
  wanted: number,
  reports: readonly (ReadinessReport | undefined)[],
): ReadinessReport {
  const answers = reports.filter((report) => report !== undefined)
  const parts: Record<string, string> = {
    workers: answers.length > 0 ? 'ok' : `none of ${wanted} serves`,
  }
  for (const answer of answers) {
    for (const [part, state] of Object.entries(answer.parts)) {
      if (parts[part] === undefined || parts[part] === 'ok') parts[part] = state
    }
  }
  return {
    ready: answers.length > 0 && answers.every(({ ready }) => ready),
    degraded: answers.some(({ degraded }) => degraded),
    parts,
    workers: { wanted, serving: answers.length },
  }
}
