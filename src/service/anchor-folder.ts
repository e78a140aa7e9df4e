import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { AnchorTarget } from './trail-anchor.ts'

/** A folder that another machine or another user keeps, a network share say. */
export function anchorFolder(folder: string): AnchorTarget {
  return {
    keep: async (name, note) => {
      const path = join(folder, name)
      const temporary = `${path}.tmp`
      await mkdir(dirname(path), { recursive: true })
      const file = await open(temporary, 'w', 0o644)
      try {
        await file.writeFile(note)
        await file.sync()
      } finally {
        await file.close()
      }
      try {
        // Whole or not at all, and never in the place of another.
        await link(temporary, path)
        return undefined
      } catch (error) {
        if (!(error instanceof Error) || Reflect.get(error, 'code') !== 'EEXIST') throw error
        const same = (await readFile(path)).equals(note)
        return same ? undefined : `${path} holds another checkpoint`
      } finally {
        await rm(temporary, { force: true })
      }
    },
    close: async () => undefined,
  }
}
