import type { Guards } from '../policy/guards.ts'
import type { BuildContext } from './build-context.ts'
import type { ConfigPath } from './problems.ts'
import type { RawGuards } from './schema-guards.ts'

/** Builds the guards of a rule; undefined if it has none. Reports an empty set, which guards nothing. */
export function buildGuards(
  context: BuildContext,
  path: ConfigPath,
  raw: RawGuards | undefined,
): Guards | undefined {
  if (raw === undefined) return undefined
  const { publicAcl, storageClasses } = raw
  if (Object.values(raw).every((value) => value === undefined)) {
    context.report(path, 'is empty; remove it')
  }
  return {
    publicAcl,
    storageClasses: storageClasses === undefined ? undefined : new Set(storageClasses),
  }
}
