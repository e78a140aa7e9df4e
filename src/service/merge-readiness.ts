import type { ReadinessReport } from './readiness.ts'

/**
 * Merges the reports of the processes that share the listeners; undefined means that one did not
 * answer, and it does not count as serving. The result is ready if at least one serves and all that
 * serve are ready, because connections are distributed to all of them. A worker that is being
 * restarted gets none. The result is degraded if one is.
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
