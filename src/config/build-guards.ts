import type { Guards, RequiredTag } from '../policy/guards.ts'
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
  const { publicAcl, storageClasses, tags, maxBytes, checksum, objectLock } = raw
  if (Object.values(raw).every((value) => value === undefined)) {
    context.report(path, 'is empty; remove it')
  }
  return {
    publicAcl,
    storageClasses: storageClasses === undefined ? undefined : new Set(storageClasses),
    tags: tags === undefined ? undefined : buildTags(context, [...path, 'tags'], tags),
    maxBytes,
    checksum: checksum === undefined || checksum === 'required' ? checksum : new Set(checksum),
    objectLock,
  }
}

function buildTags(
  context: BuildContext,
  path: ConfigPath,
  raw: NonNullable<RawGuards['tags']>,
): readonly RequiredTag[] {
  const seen = new Set<string>()
  return raw.map((tag, i) => {
    const { key, values } = typeof tag === 'string' ? { key: tag, values: undefined } : tag
    if (seen.has(key)) context.report([...path, i], 'duplicate; remove one')
    seen.add(key)
    return { key, values: values === undefined ? undefined : new Set(values) }
  })
}
