import { isKeyName } from '../evidence/note.ts'
import { type BuildContext, resolvePath } from './build-context.ts'
import type { EvidenceConfig } from './config.ts'
import type { ConfigPath } from './problems.ts'
import type { RawEvidence } from './schema-evidence.ts'

/** Gives the section; reports what is wrong. `destination`: as it stands in the file. */
export function buildEvidence(
  context: BuildContext,
  path: ConfigPath,
  raw: RawEvidence,
  destination: unknown,
): EvidenceConfig {
  const { origin, directory } = raw
  if (!isKeyName(origin)) {
    context.report([...path, 'origin'], 'must not hold spaces or plus signs')
  }
  if (directory !== undefined && destination !== undefined) {
    const problem = 'lines go into the files of directory: take audit.destination out'
    if (destination === 'stdout') context.report([...path, 'directory'], problem)
    else context.warn([...path, 'directory'], problem)
  }
  if (directory === undefined && raw.key !== undefined) {
    context.report(
      [...path, 'key'],
      'directory is missing: lines of a destination are sealed where they are collected',
    )
  }
  const resolve = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : resolvePath(context, file)
  return {
    origin,
    directory: resolve(directory),
    key: raw.key && {
      file: resolvePath(context, raw.key.file),
      previousFile: resolve(raw.key.previousFile),
    },
    everyMs: raw.every,
  }
}
