import {
  closeSync,
  constants,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

/**
 * The file operations of a sealer. Each write is durable when it returns, or throws the file
 * system's error and may be partial. Blocking, because a sealer has its own thread.
 */
export interface Disk {
  /** Names in the folder, sorted; empty if it does not exist. */
  list(folder: string): readonly string[]
  /** Bytes of the file; undefined if it does not exist. */
  size(path: string): number | undefined
  /** Reads at most that many bytes from the offset on. */
  read(path: string, offset: number, bytes: number): Buffer
  makeFolder(path: string): void
  /** Replaces each file atomically; all are durable when it returns. */
  replace(files: readonly NewFile[]): void
  /** Writes the file whole; false: there is one already. */
  create(path: string, bytes: Buffer): boolean
  /** Truncates the file to that many bytes and appends these. */
  writeBehind(path: string, keptBytes: number, bytes: Buffer): void
  /** Makes durable what other processes have written to the file. */
  sync(path: string): void
  rename(from: string, to: string): void
  remove(path: string): void
}

/** A file and its new content. */
interface NewFile {
  readonly path: string
  readonly bytes: Buffer
}

const MODE = { file: 0o600, folder: 0o700 } as const

/** The disk of this machine. */
export const DISK: Disk = {
  list: (folder) => {
    try {
      return readdirSync(folder).sort()
    } catch (error) {
      if (isMissing(error)) return []
      throw error
    }
  },
  size: (path) => statSync(path, { throwIfNoEntry: false })?.size,
  read: (path, offset, bytes) =>
    withFile(path, constants.O_RDONLY, (file) => {
      const buffer = Buffer.allocUnsafe(bytes)
      let end = 0
      while (end < bytes) {
        const count = readSync(file, buffer, end, bytes - end, offset + end)
        if (count === 0) break
        end += count
      }
      return buffer.subarray(0, end)
    }),
  makeFolder: (path) => {
    if (mkdirSync(path, { recursive: true, mode: MODE.folder }) !== undefined) {
      syncFolder(dirname(path))
    }
  },
  replace: (files) => {
    for (const { path, bytes } of files) renameSync(writeTemporary(path, bytes), path)
    // Once for a folder: half of the time that many tiles take.
    for (const folder of new Set(files.map(({ path }) => dirname(path)))) syncFolder(folder)
  },
  create: (path, bytes) => {
    const temporary = writeTemporary(path, bytes)
    try {
      // A link is created completely or not at all, and never replaces another file.
      linkSync(temporary, path)
      return true
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false
      throw error
    } finally {
      rmSync(temporary, { force: true })
      syncFolder(dirname(path))
    }
  },
  writeBehind: (path, keptBytes, bytes) =>
    withFile(path, constants.O_RDWR | constants.O_CREAT, (file) => {
      ftruncateSync(file, keptBytes)
      writeAll(file, bytes, keptBytes)
      fsyncSync(file)
    }),
  sync: (path) => withFile(path, constants.O_RDONLY, fdatasyncSync),
  rename: (from, to) => {
    renameSync(from, to)
    syncFolder(dirname(to))
  },
  remove: (path) => rmSync(path, { recursive: true, force: true }),
}

function writeTemporary(path: string, bytes: Buffer): string {
  const temporary = `${path}.tmp`
  withFile(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, (file) => {
    writeAll(file, bytes, 0)
    fsyncSync(file)
  })
  return temporary
}

function writeAll(file: number, bytes: Buffer, offset: number): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(file, bytes, at, bytes.length - at, offset + at)
  }
}

/** A name is stored with its folder, not with its file. */
function syncFolder(path: string): void {
  withFile(path, constants.O_RDONLY, fsyncSync)
}

function withFile<T>(path: string, flags: number, use: (file: number) => T): T {
  const file = openSync(path, flags, MODE.file)
  try {
    return use(file)
  } finally {
    closeSync(file)
  }
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT'
}

function codeOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, 'code') : undefined
}
