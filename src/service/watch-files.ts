import { type FSWatcher, realpathSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** A watch that can be ended. */
export interface FileWatch {
  close(): void
}

/** Files that belong together change together: one call for all that changes in this time. */
const GATHER_MS = 100
/** Some file systems tell nothing of changes; so often one should look without being told. */
const LOOK_MS = 60_000

/**
 * Calls when one of the files may have changed, some 100 ms after, and once a minute. The folders are
 * watched, not the files: kubelet renews a mounted Secret by renaming the link `..data` in its folder,
 * and editors rename files. A call is a hint only; compare the contents.
 */
export function watchFiles(
  paths: readonly string[],
  onChange: () => void,
  lookMs = LOOK_MS,
): FileWatch {
  const names = new Set(['..data'])
  const folders = new Set<string>()
  for (const path of paths) {
    for (const place of [path, realPath(path)]) {
      names.add(basename(place))
      folders.add(dirname(place))
    }
  }
  let timer: NodeJS.Timeout | undefined
  const gather = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined
      onChange()
    }, GATHER_MS)
  }
  const watchers = [...folders].flatMap((folder) =>
    watchFolder(folder, (name) => {
      // The audit may be written to the same folder: other names do not count.
      if (name === null || names.has(name)) gather()
    }),
  )
  const look = setInterval(onChange, lookMs)
  look.unref()
  return {
    close: () => {
      clearTimeout(timer)
      clearInterval(look)
      for (const watcher of watchers) watcher.close()
    },
  }
}

/** Empty where the folder cannot be watched: then the look once a minute has to do. */
function watchFolder(folder: string, onName: (name: string | null) => void): FSWatcher[] {
  try {
    const watcher = watch(folder, { persistent: false }, (_, name) => onName(name))
    watcher.on('error', () => watcher.close())
    return [watcher]
  } catch {
    return []
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
