import { constants, fstatSync, type Stats, write, writeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/**
 * A file to append to (created with mode 0600), or an open descriptor, which stays open. `isOwn`:
 * no other process writes to the file.
 */
export type LineDestination =
  | { readonly file: string; readonly isOwn?: true }
  | { readonly descriptor: number }

/** Damage to an open file: it was removed, or truncated. */
export type FileDamage = 'file-deleted' | 'file-shrunk'

/** The destination of lines. */
export interface LineSink {
  /**
   * `file`: another writer's bytes may follow a partial write. `stream` (a pipe, a socket, a
   * device, our own file): the rest follows.
   */
  readonly kind: 'file' | 'stream'
  /** The existing content ends in the middle of a line, because of a full disk or a crash. */
  readonly endsTorn: boolean
  /** Limit of bytes in one write. */
  readonly writeBytesMax: number
  write(
    bytes: Buffer,
    callback: (error: NodeJS.ErrnoException | null, written: number) => void,
  ): void
  /** The same, blocking; throws. */
  writeSync(bytes: Buffer): number
  /** Checks the file; never rejects. Absent: it is not our own file. */
  inspect?(): Promise<FileDamage | undefined>
  /** Syncs and closes it. Never rejects. */
  close(): Promise<void>
}

const FILE_WRITE_BYTES_MAX = 256 * 1024
/** Linux accepts this much for a socket in one piece, and for a pipe if there is room. */
const STREAM_WRITE_BYTES_MAX = 32 * 1024
/** PIPE_BUF of Linux: a write up to this is never mixed with another's. Source: pipe(7). */
const SHARED_WRITE_BYTES_MAX = 4096

const STDERR = 2

const LF = 0x0a

/** Opens the destination; throws the file system's error. */
export async function openLineSink(destination: LineDestination): Promise<LineSink> {
  if ('descriptor' in destination) return openDescriptor(destination.descriptor)
  const file = await openToAppend(destination.file)
  const stat = await file.stat().catch(async (error: unknown) => {
    await file.close()
    throw error
  })
  const endsTorn = stat.isFile() && stat.size > 0 && (await endsInLine(file, stat.size))
  const sink = sinkOf(file.fd, stat, endsTorn, async () => {
    await file.sync().catch(ignore)
    await file.close().catch(ignore)
  })
  return destination.isOwn && stat.isFile() ? ownFile(sink, file, stat.size) : sink
}

/** A file with no other writer: a partial write is continued, and damage is detected. */
function ownFile(sink: LineSink, file: FileHandle, size: number): LineSink {
  let position = size
  return {
    ...sink,
    kind: 'stream',
    write: (bytes, callback) =>
      sink.write(bytes, (error, written) => {
        position += written
        callback(error, written)
      }),
    writeSync: (bytes) => {
      const written = sink.writeSync(bytes)
      position += written
      return written
    },
    inspect: async () => {
      const expected = position
      const now = await file.stat().catch(() => undefined)
      if (now === undefined) return undefined
      if (now.nlink === 0) return 'file-deleted'
      return now.size < expected ? 'file-shrunk' : undefined
    },
  }
}

async function openDescriptor(descriptor: number): Promise<LineSink> {
  const stat = fstatSync(descriptor)
  if (descriptor === 1 && (stat.isFIFO() || stat.isSocket())) {
    // Node opens its own stream on it, which makes it non-blocking: a write that waits for a reader
    // would delay the end of the process.
    process.stdout.on('error', ignore)
  }
  const endsTorn = stat.isFile() && stat.size > 0 && (await endsInLineAt(descriptor, stat.size))
  return sinkOf(descriptor, stat, endsTorn, async () => undefined)
}

/**
 * Non-blocking, and for reading too: opening a pipe does not wait for its reader, and its content
 * survives a restart of the reader.
 */
async function openToAppend(path: string): Promise<FileHandle> {
  const { O_APPEND, O_CREAT, O_NONBLOCK, O_RDWR, O_WRONLY } = constants
  const flags = O_APPEND | O_CREAT | O_NONBLOCK
  try {
    return await open(path, flags | O_RDWR, 0o600)
  } catch {
    return open(path, flags | O_WRONLY, 0o600)
  }
}

/** Returns whether the last byte is not a line end; an unreadable file may be torn. */
async function endsInLine(file: FileHandle, size: number): Promise<boolean> {
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
    return buffer[0] !== LF
  } catch {
    return true
  }
}

async function endsInLineAt(descriptor: number, size: number): Promise<boolean> {
  let file: FileHandle | undefined
  try {
    file = await open(`/dev/fd/${descriptor}`, 'r')
    return await endsInLine(file, size)
  } catch {
    return true
  } finally {
    await file?.close()
  }
}

function sinkOf(
  descriptor: number,
  stat: Stats,
  endsTorn: boolean,
  close: () => Promise<void>,
): LineSink {
  return {
    kind: stat.isFile() ? 'file' : 'stream',
    endsTorn,
    writeBytesMax: writeBytesMax(stat),
    write: (bytes, callback) => write(descriptor, bytes, 0, bytes.length, null, callback),
    writeSync: (bytes) => writeSync(descriptor, bytes),
    close,
  }
}

/** The log may use the same pipe (`2>&1`); its lines must not be written in between. */
function writeBytesMax(stat: Stats): number {
  if (stat.isFile()) return FILE_WRITE_BYTES_MAX
  return isLog(stat) ? SHARED_WRITE_BYTES_MAX : STREAM_WRITE_BYTES_MAX
}

function isLog({ dev, ino }: Stats): boolean {
  try {
    const log = fstatSync(STDERR)
    return log.dev === dev && log.ino === ino
  } catch {
    return false
  }
}

function ignore(): void {}
