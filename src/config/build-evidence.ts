import { isKeyName } from '../evidence/note.ts'
import { isBucketName } from '../s3/bucket-name.ts'
import { type BuildContext, resolvePath } from './build-context.ts'
import type { AnchorConfig, EvidenceConfig } from './config.ts'
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
    anchor: buildAnchor(context, [...path, 'anchor'], raw),
  }
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

function buildAnchor(
  context: BuildContext,
  path: ConfigPath,
  { anchor, key }: RawEvidence,
): AnchorConfig | undefined {
  if (anchor === undefined) return undefined
  if (key === undefined) context.report(path, 'key is missing: there are no checkpoints to anchor')
  if ('directory' in anchor) {
    return { kind: 'folder', directory: resolvePath(context, anchor.directory) }
  }
  const { bucket, prefix = '', retain } = anchor
  if (!isBucketName(bucket)) context.report([...path, 'bucket'], 'is not the name of a bucket')
  const unitMs = retain?.endsWith('h') ? HOUR_MS : DAY_MS
  const retainMs = retain === undefined ? undefined : Number.parseInt(retain, 10) * unitMs
  return { kind: 'bucket', bucket, prefix, retainMs }
}
