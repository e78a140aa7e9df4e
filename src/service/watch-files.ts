import { type FSWatcher, realpathSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** A running watch. */
export interface FileWatch {
  close(): void
}

/** Related files change together: changes within this time cause one call. */
const GATHER_MS = 100
/** Some file systems do not report changes, so the files are also polled at this interval. */
const LOOK_MS = 60_000

/**
 * Calls `onChange` about 100 ms after one of the files may have changed, and once a minute. Watches
 * the folders, not the files: kubelet renews a mounted Secret by renaming the link `..data` in its
 * folder, and editors rename files. Any name in one of `wholeFolders` counts. A call is only a hint;
 * compare the contents.
 */
export function watchFiles(
  paths: readonly string[],
  onChange: () => void,
  lookMs = LOOK_MS,
  wholeFolders: readonly string[] = [],
): FileWatch {
  const names = new Set(['..data'])
  const folders = new Set<string>(wholeFolders)
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
      // The audit log may be in the same folder: ignore other names.
      if (name === null || names.has(name) || wholeFolders.includes(folder)) gather()
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

/**
 * Returns an empty list if the folder cannot be watched; then the polling once a minute must
 * suffice.
 */
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
