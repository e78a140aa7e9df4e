import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A checkpoint that somebody else holds, as it was found. */
export interface AnchoredNote {
  readonly note: Buffer
  /** Where. */
  readonly source: string
}

/** The checkpoints below a folder: files whose name is a size in 20 digits. Throws what the file system says. */
export function readAnchorFolder(folder: string): readonly AnchoredNote[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?:^|\/)\d{20}$/.test(name))
    .sort()
    .map((name) => ({ note: readFileSync(join(folder, name)), source: join(folder, name) }))
}
