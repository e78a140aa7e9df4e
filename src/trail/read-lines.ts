import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { readChainFields } from '../evidence/chain.ts'
import { DamagedFile, openSource } from './byte-source.ts'
import { DISK } from './disk.ts'
import { LineCursor } from './line-cursor.ts'

/** A line file that was read. */
export interface ReadFile {
  readonly path: string
  /** On disk, at the time it was opened. */
  readonly bytes: number
  readonly lines: number
  /** Of these bytes, hex. */
  readonly sha256: string
  /** What stopped the reading, or what is behind the last line; undefined: nothing. */
  readonly problem: string | undefined
}

/**
 * Reads every line of trails once: files of one stream come in order, and lines that a crash wrote
 * twice are left out. A path is a trail's folder, a folder of line files, or a line file. Nothing is
 * verified. A line is valid until `take` returns.
 */
export async function readTrails(
  paths: readonly string[],
  take: (line: Buffer) => void,
  onProgress: (bytes: number) => void = () => undefined,
): Promise<readonly ReadFile[]> {
  const found = new Map<string, string>()
  for (const path of paths.flatMap(filesOf)) found.set(path, await sortKey(path))
  const sorted = [...found].sort(([, a], [, b]) => (a < b ? -1 : 1))
  const repeats = new Repeats()
  const files: ReadFile[] = []
  let bytes = 0
  for (const [path] of sorted) {
    const file = await readFile(path, (line) => {
      if (!repeats.has(line)) take(line)
    })
    files.push(file)
    bytes += file.bytes
    onProgress(bytes)
  }
  return files
}

/** Line files of a path. */
function filesOf(path: string): readonly string[] {
  if (statSync(path).isFile()) return [path]
  const folder = DISK.list(`${path}/lines`).length === 0 ? path : `${path}/lines`
  return DISK.list(folder)
    .map((name) => `${folder}/${name}`)
    .filter((file) => /\.jsonl(?:\.gz)?$/.test(file) && statSync(file).isFile())
}

/** The stream and the number of the first line, so that the files of a stream come in order. */
async function sortKey(path: string): Promise<string> {
  const cursor = new LineCursor(path, openSource(path))
  try {
    const line = cursor.next() ?? ((await cursor.fill()) ? cursor.next() : undefined)
    const fields = line === undefined ? undefined : readChainFields(line)
    return fields === undefined
      ? ` ${path}`
      : `${fields.stream} ${String(fields.seq).padStart(16, '0')} ${path}`
  } catch (error) {
    if (error instanceof DamagedFile) return ` ${path}`
    throw error
  } finally {
    cursor.close()
  }
}

async function readFile(path: string, take: (line: Buffer) => void): Promise<ReadFile> {
  const source = openSource(path)
  const cursor = new LineCursor(path, source)
  let problem: string | undefined
  try {
    for (;;) {
      const line = cursor.next()
      if (line !== undefined) take(line)
      else if (!(await cursor.fill())) break
    }
    if (cursor.rest.length > 0) problem = `${cursor.rest.length} bytes behind the last line`
  } catch (error) {
    if (!(error instanceof DamagedFile)) throw error
    problem = error.message
  } finally {
    cursor.close()
  }
  const bytes = source.diskBytes
  return { path, bytes, lines: cursor.line, sha256: await hashFile(path, bytes), problem }
}

async function hashFile(path: string, bytes: number): Promise<string> {
  const hash = createHash('sha256')
  if (bytes > 0) {
    for await (const part of createReadStream(path, { end: bytes - 1 })) hash.update(part)
  }
  return hash.digest('hex')
}

/** Knows lines of streams that were read before. */
class Repeats {
  /** The next number of each stream. */
  readonly #next = new Map<string, number>()

  has(line: Buffer): boolean {
    const fields = readChainFields(line)
    if (fields === undefined) return false
    const { stream, seq } = fields
    if (seq < (this.#next.get(stream) ?? 0)) return true
    this.#next.set(stream, seq + 1)
    return false
  }
}
