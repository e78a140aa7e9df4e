import { foldHashes, HASH_BYTES, type ReadHash } from './tree.ts'

/** Hashes in a full tile. */
export const TILE_WIDTH = 256
const TILE_LEVELS = 8

/**
 * The position of a tile: its level, its index in the level and its number of hashes (1 to 256).
 */
export interface TilePlace {
  readonly level: number
  readonly index: number
  readonly width: number
}

/** The bytes of a tile: its hashes, one after the other. */
export type ReadTile = (place: TilePlace) => Buffer

/**
 * The path of a tile below the log's folder, such as `tile/0/x001/234.p/5`.
 *
 * Source: https://c2sp.org/tlog-tiles
 */
export function tilePath({ level, index, width }: TilePlace): string {
  const groups: string[] = []
  for (let rest = index; groups.length === 0 || rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`${groups.length === 0 ? '' : 'x'}${String(rest % 1000).padStart(3, '0')}`)
  }
  const partial = width === TILE_WIDTH ? '' : `.p/${width}`
  return `tile/${level}/${groups.join('/')}${partial}`
}

/** The tiles that a tree of `size` leaves consists of, the partial ones at its right edge included. */
export function* tilesOf(size: number): Iterable<TilePlace> {
  let hashes = size
  for (let level = 0; hashes > 0; level++) {
    const full = Math.floor(hashes / TILE_WIDTH)
    for (let index = 0; index < full; index++) yield { level, index, width: TILE_WIDTH }
    const width = hashes % TILE_WIDTH
    if (width > 0) yield { level, index: full, width }
    hashes = full
  }
}

/**
 * Reads subtree hashes from the tiles of a tree of `size` leaves. A level without tiles is computed
 * from the tile below it.
 */
export function hashFromTiles(size: number, readTile: ReadTile): ReadHash {
  return (level, index) => {
    const tileLevel = Math.floor(level / TILE_LEVELS)
    const count = 2 ** (level % TILE_LEVELS)
    const first = index * count
    const tileIndex = Math.floor(first / TILE_WIDTH)
    const hashes = Math.floor(size / TILE_WIDTH ** tileLevel)
    const width = Math.min(TILE_WIDTH, hashes - tileIndex * TILE_WIDTH)
    const tile = readTile({ level: tileLevel, index: tileIndex, width })
    return subtreeRoot(tile, first % TILE_WIDTH, count)
  }
}

/** The root over `count` hashes of a tile, a power of two. */
export function subtreeRoot(tile: Buffer, first: number, count: number): Buffer {
  return foldHashes(tile, first * HASH_BYTES, count)
}
