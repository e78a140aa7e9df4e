import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A checkpoint that a third party stores, unverified. */
export interface AnchoredNote {
  readonly note: Buffer
  /** The path of its file. */
  readonly source: string
}

/**
 * Reads the checkpoints below a folder: files whose name is a size in 20 digits. Throws the file
 * system's error.
 */
export function readAnchorFolder(folder: string): readonly AnchoredNote[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?:^|\/)\d{20}$/.test(name))
    .sort()
    .map((name) => ({ note: readFileSync(join(folder, name)), source: join(folder, name) }))
}
