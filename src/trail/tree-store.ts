import { type Checkpoint, parseCheckpoint } from '../evidence/checkpoint.ts'
import { TILE_WIDTH, type TilePlace, tilePath } from '../evidence/tile.ts'
import { HASH_BYTES } from '../evidence/tree.ts'
import type { Tile } from '../evidence/tree-builder.ts'
import type { Disk } from './disk.ts'
import { formatOrderEntry, type OrderEntry, parseOrder } from './order.ts'

/** Digits of a checkpoint's name, so that names sort as sizes. */
const SIZE_DIGITS = 20
const NOTE_BYTES_MAX = 1024 * 1024
const ORDER_BYTES_MAX = 1024 * 1024 * 1024

/** The files of one tree: tiles, order and checkpoints below a folder. */
export class TreeStore {
  readonly folder: string
  readonly #disk: Disk
  #orderBytes = 0

  constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.folder = folder
  }

  /** Sizes that have a checkpoint, ascending. */
  sizes(): readonly number[] {
    return this.#disk
      .list(`${this.folder}/checkpoints`)
      .filter((name) => /^\d{20}$/.test(name))
      .map(Number)
  }

  /** The signed checkpoint of a size; empty if it cannot be read. */
  note(size: number): Buffer {
    return this.#read(this.checkpointPath(size), NOTE_BYTES_MAX)
  }

  /** Below the tree's folder. */
  checkpointPath(size: number): string {
    return `checkpoints/${String(size).padStart(SIZE_DIGITS, '0')}`
  }

  /** The checkpoint that readers find; empty: none. */
  newest(): Buffer {
    return this.#read('checkpoint', NOTE_BYTES_MAX)
  }

  /** Returns the entries up to the size, which they must reach exactly; later ones are dropped. */
  readOrder(size: number): readonly OrderEntry[] | undefined {
    const entries: OrderEntry[] = []
    let bytes = 0
    let count = 0
    for (const entry of parseOrder(this.#read('order', ORDER_BYTES_MAX).toString('latin1'))) {
      if (count === size) break
      entries.push(entry)
      count += entry.count
      bytes += formatOrderEntry(entry).length
    }
    this.#orderBytes = bytes
    return count === size ? entries : undefined
  }

  /** Throws if the tile is missing or incomplete. */
  readTile(place: TilePlace): Buffer {
    const tile = this.#read(tilePath(place), TILE_WIDTH * HASH_BYTES)
    if (tile.length !== place.width * HASH_BYTES) throw new Error(`no ${tilePath(place)}`)
    return tile
  }

  /** Returns the hash of a leaf in its tile; undefined if the tile is missing or incomplete. */
  readLeaf(index: number, size: number): Buffer | undefined {
    const tileIndex = Math.floor(index / TILE_WIDTH)
    const width = Math.min(TILE_WIDTH, size - tileIndex * TILE_WIDTH)
    try {
      const start = (index % TILE_WIDTH) * HASH_BYTES
      const tile = this.readTile({ level: 0, index: tileIndex, width })
      return tile.subarray(start, start + HASH_BYTES)
    } catch {
      return undefined
    }
  }

  /** Names in a folder of the tree. */
  list(folder: string): readonly string[] {
    return this.#disk.list(`${this.folder}/${folder}`)
  }

  writeTiles(tiles: readonly Tile[]): void {
    const files = tiles.map(({ place, bytes }) => ({
      path: `${this.folder}/${tilePath(place)}`,
      bytes,
    }))
    const folders = new Set(files.map(({ path }) => path.slice(0, path.lastIndexOf('/'))))
    for (const folder of folders) this.#disk.makeFolder(folder)
    this.#disk.replace(files)
  }

  /** Removes partial tiles that a full one replaces. */
  removePartials(tiles: readonly Tile[]): void {
    for (const { place } of tiles) {
      if (place.width === TILE_WIDTH) this.#disk.remove(`${this.folder}/${tilePath(place)}.p`)
    }
  }

  /** Appends entries to those that were read or written before. */
  appendOrder(entries: readonly OrderEntry[]): void {
    const bytes = Buffer.from(entries.map(formatOrderEntry).join(''))
    this.#disk.makeFolder(this.folder)
    this.#disk.writeBehind(`${this.folder}/order`, this.#orderBytes, bytes)
    this.#orderBytes += bytes.length
  }

  /** Returns false if a checkpoint of this size already exists. */
  createCheckpoint(size: number, note: Buffer): boolean {
    this.#disk.makeFolder(`${this.folder}/checkpoints`)
    return this.#disk.create(`${this.folder}/${this.checkpointPath(size)}`, note)
  }

  /** The newest checkpoint, for readers. */
  publish(note: Buffer): void {
    this.#disk.replace([{ path: `${this.folder}/checkpoint`, bytes: note }])
  }

  /** Adds verifier keys to the previous ones. */
  noteKeys(keys: readonly string[]): void {
    const known = this.#read('vkey', NOTE_BYTES_MAX).toString('utf8').split('\n').filter(Boolean)
    const added = keys.filter((key) => !known.includes(key))
    if (added.length === 0) return
    this.#disk.makeFolder(this.folder)
    const text = `${[...known, ...added].join('\n')}\n`
    this.#disk.replace([{ path: `${this.folder}/vkey`, bytes: Buffer.from(text) }])
  }

  #read(name: string, bytesMax: number): Buffer {
    const path = `${this.folder}/${name}`
    const size = this.#disk.size(path)
    if (size === undefined || size > bytesMax) return Buffer.alloc(0)
    return this.#disk.read(path, 0, size)
  }
}

/** The text of a signed note, up to the empty line before its signatures. */
function textOfNote(note: Buffer): string {
  const whole = note.toString('utf8')
  return whole.slice(0, whole.lastIndexOf('\n\n') + 1)
}

/** Returns the checkpoint in a note, whose signatures are not verified; undefined if it has none. */
export function checkpointOf(note: Buffer): Checkpoint | undefined {
  const parsed = parseCheckpoint(textOfNote(note))
  return parsed.ok ? parsed.value : undefined
}
