import { hashFromTiles } from '../evidence/tile.ts'
import { formatTlogProof } from '../evidence/tlog-proof.ts'
import { inclusionPath } from '../evidence/tree.ts'
import { openSource } from './byte-source.ts'
import { DISK } from './disk.ts'
import { LineCursor } from './line-cursor.ts'
import type { OrderEntry } from './order.ts'
import { checkpointOf, TreeStore } from './tree-store.ts'

/** What a line is looked for by. */
export type LineQuery =
  | { readonly kind: 'request'; readonly requestId: string }
  | { readonly kind: 'object'; readonly bucket: string; readonly key: string }

/** A sealed line and its place in the tree. */
interface FoundLine {
  readonly index: number
  readonly line: Buffer
}

/**
 * The proof that the newest sealed line that fits is in the log, as a text that shows nobody else's lines;
 * undefined: there is no such line. Nothing is verified here: whoever gets the proof does that.
 */
export async function proveLine(directory: string, query: LineQuery): Promise<string | undefined> {
  const store = new TreeStore(DISK, `${directory}/tree`)
  const note = store.newest()
  const size = checkpointOf(note)?.size ?? 0
  const found = await findNewest(directory, store.readOrder(size) ?? [], query)
  if (found === undefined) return undefined
  const read = hashFromTiles(size, (place) => store.readTile(place))
  const path = inclusionPath(found.index, size, read)
  return formatTlogProof({ extra: found.line, index: found.index, path, checkpoint: note })
}

async function findNewest(
  directory: string,
  order: readonly OrderEntry[],
  query: LineQuery,
): Promise<FoundLine | undefined> {
  const byFile = new Map<string, OrderEntry[]>()
  for (const entry of order) {
    const entries = byFile.get(entry.file) ?? []
    entries.push(entry)
    byFile.set(entry.file, entries)
  }
  let newest: FoundLine | undefined
  for (const [file, entries] of byFile) {
    const path = [file, `${file}.gz`]
      .map((name) => `${directory}/lines/${name}`)
      .find((name) => DISK.size(name) !== undefined)
    if (path === undefined) continue
    for await (const found of linesOf(path, entries)) {
      const isNewer = newest === undefined || found.index > newest.index
      if (isNewer && isWanted(found.line, query)) {
        newest = { index: found.index, line: Buffer.from(found.line) }
      }
    }
  }
  return newest
}

/** Sealed lines of a file with their indexes; each holds until the next is asked for. */
async function* linesOf(path: string, entries: readonly OrderEntry[]): AsyncIterable<FoundLine> {
  const cursor = new LineCursor(path, openSource(path))
  try {
    for (const { first, count } of entries) {
      for (let i = 0; i < count; ) {
        const line = cursor.next()
        if (line !== undefined) yield { index: first + i++, line }
        else if (!(await cursor.fill())) return
      }
    }
  } finally {
    cursor.close()
  }
}

function isWanted(line: Buffer, query: LineQuery): boolean {
  // A look at the bytes first: most lines are others.
  const text = query.kind === 'request' ? query.requestId : query.bucket
  if (!line.includes(text)) return false
  try {
    const record: object = Object(JSON.parse(line.toString('utf8')))
    if (query.kind === 'request') return Reflect.get(record, 'requestId') === query.requestId
    return (
      Reflect.get(record, 'bucket') === query.bucket && Reflect.get(record, 'key') === query.key
    )
  } catch {
    return false
  }
}
