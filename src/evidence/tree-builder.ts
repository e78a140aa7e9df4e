import { type ReadTile, subtreeRoot, TILE_WIDTH, type TilePlace } from './tile.ts'
import { HASH_BYTES, hashNode, treeRoot } from './tree.ts'

/** A tile and its place. */
export interface Tile {
  readonly place: TilePlace
  readonly bytes: Buffer
}

/** A level's last, unfinished tile. */
interface Edge {
  count: number
  index: number
  readonly bytes: Buffer
}

/**
 * An append-only tree. It stores only its right edge, at most 255 hashes per level, however many
 * leaves it has: full tiles are handed to the caller and dropped.
 */
export class TreeBuilder {
  #size = 0
  /** The hashes of each level's last, unfinished tile. */
  readonly #edge: Edge[] = []
  #full: Tile[] = []

  /** Leaves so far. */
  get size(): number {
    return this.#size
  }

  /** Opens a tree of `size` leaves, given its tiles at the right edge. */
  static open(size: number, readTile: ReadTile): TreeBuilder {
    const builder = new TreeBuilder()
    builder.#size = size
    let hashes = size
    for (let level = 0; hashes > 0; level++) {
      const index = Math.floor(hashes / TILE_WIDTH)
      const width = hashes % TILE_WIDTH
      const edge = builder.#edgeOf(level)
      edge.index = index
      edge.count = width
      if (width > 0) readTile({ level, index, width }).copy(edge.bytes)
      hashes = index
    }
    return builder
  }

  /** Appends a leaf's hash: its bytes, or a string with a character for each. */
  append(leaf: Buffer | string): void {
    this.#size++
    this.#add(0, leaf)
  }

  /** Appends hashes of leaves that follow one another in `bytes`: they end within the present tile. */
  appendAll(bytes: Buffer): void {
    const count = bytes.length / HASH_BYTES
    const edge = this.#edgeOf(0)
    bytes.copy(edge.bytes, edge.count * HASH_BYTES)
    edge.count += count
    this.#size += count
    this.#closeIfFull(0, edge)
  }

  /** The tiles that have become full since the last call. */
  takeFullTiles(): readonly Tile[] {
    const full = this.#full
    this.#full = []
    return full
  }

  /** The unfinished tiles of the present size. */
  partialTiles(): readonly Tile[] {
    return this.#edge.flatMap(({ count, index, bytes }, level) =>
      count === 0
        ? []
        : [
            {
              place: { level, index, width: count },
              bytes: Buffer.from(bytes.subarray(0, count * HASH_BYTES)),
            },
          ],
    )
  }

  /** The root of the tree at its present size. */
  root(): Buffer {
    let root: Buffer | undefined
    for (const { count, bytes } of this.#edge) {
      // From the right: the smallest complete subtree first.
      let end = count
      for (let width = 1; end > 0; width *= 2) {
        if (end % (width * 2) === 0) continue
        const left = subtreeRoot(bytes, end - width, width)
        root = root === undefined ? Buffer.from(left) : hashNode(left, root)
        end -= width
      }
    }
    return root ?? treeRoot(0, () => Buffer.alloc(0))
  }

  #add(level: number, hash: Buffer | string): void {
    const edge = this.#edgeOf(level)
    if (typeof hash === 'string') edge.bytes.write(hash, edge.count * HASH_BYTES, 'latin1')
    else hash.copy(edge.bytes, edge.count * HASH_BYTES)
    edge.count++
    this.#closeIfFull(level, edge)
  }

  #closeIfFull(level: number, edge: Edge): void {
    if (edge.count < TILE_WIDTH) return
    const bytes = Buffer.from(edge.bytes)
    this.#full.push({ place: { level, index: edge.index, width: TILE_WIDTH }, bytes })
    edge.count = 0
    edge.index++
    this.#add(level + 1, subtreeRoot(bytes, 0, TILE_WIDTH))
  }

  #edgeOf(level: number): Edge {
    const known = this.#edge[level]
    if (known !== undefined) return known
    const edge = { count: 0, index: 0, bytes: Buffer.alloc(TILE_WIDTH * HASH_BYTES) }
    this.#edge[level] = edge
    return edge
  }
}
