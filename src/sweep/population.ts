import type { FinishedPlan } from './finished-plan.ts'
import type { RunProgress } from './run-progress.ts'

/** How the versions of a plan stand. They add up to all of them. */
interface Population {
  /** Sealed or exempt as planned, sealed by others, or deleted since. */
  readonly fine: number
  readonly done: number
  readonly failed: number
  readonly left: number
}

/** Adds up a plan and what was done of it. */
export function populationOf(
  { totals }: Pick<FinishedPlan, 'totals'>,
  progress: RunProgress,
): Population {
  const asPlanned = (['sealed', 'exempt', 'gone'] as const).map(
    (name) => totals.countOf(name).objects,
  )
  const fine = asPlanned.reduce((sum, objects) => sum + objects, progress.countOf('settled'))
  const done = progress.countOf('done')
  const failed = progress.countOf('failed')
  return { fine, done, failed, left: totals.all.objects - fine - done - failed }
}
