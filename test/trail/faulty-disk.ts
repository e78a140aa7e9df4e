import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { DISK, type Disk } from '../../src/trail/disk.ts'

/** A disk that fails at its n-th write, after a part of it; `hasFailed`: it came to that. */
export function faultyDisk(failsAt: number, isDoneBefore: boolean) {
  let writes = 0
  const state = { hasFailed: false }
  const step = <T>(part: () => void, whole: () => T): T => {
    if (writes++ !== failsAt) return whole()
    state.hasFailed = true
    if (isDoneBefore) whole()
    else part()
    throw new Error('no space left')
  }
  const disk: Disk = {
    ...DISK,
    makeFolder: (path) => step(nothing, () => DISK.makeFolder(path)),
    replace: (files) =>
      step(
        () => {
          const half = Math.floor(files.length / 2)
          DISK.replace(files.slice(0, half))
          const cut = files[half]
          if (cut === undefined) return
          writeFileSync(`${cut.path}.tmp`, cut.bytes.subarray(0, cut.bytes.length / 2))
        },
        () => DISK.replace(files),
      ),
    create: (path, bytes) =>
      step(
        () => writeFileSync(`${path}.tmp`, bytes.subarray(0, bytes.length / 2)),
        () => DISK.create(path, bytes),
      ),
    writeBehind: (path, kept, bytes) =>
      step(
        () => {
          appendFileSync(path, '')
          if (readFileSync(path).length > kept) truncateSync(path, kept)
          appendFileSync(path, bytes.subarray(0, bytes.length / 2))
        },
        () => DISK.writeBehind(path, kept, bytes),
      ),
    sync: (path) => step(nothing, () => DISK.sync(path)),
    rename: (from, to) => step(nothing, () => DISK.rename(from, to)),
    remove: (path) => step(nothing, () => DISK.remove(path)),
  }
  return { disk, state }
}

function nothing(): void {}
