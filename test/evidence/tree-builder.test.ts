import fc from 'fast-check'
import t from 'tap'
import { hashFromTiles, type TilePlace, tilePath, tilesOf } from '../../src/evidence/tile.ts'
import {
  hashLeaf,
  hashNode,
  inclusionPath,
  type ReadHash,
  treeRoot,
} from '../../src/evidence/tree.ts'
import { type Tile, TreeBuilder } from '../../src/evidence/tree-builder.ts'

/** Past two full tiles of level 1 would take 131,072 leaves; 70,000 pass one. */
const LEAVES = Array.from({ length: 70_000 }, (_, n) => hashLeaf(Buffer.from(String(n))))

const cache = new Map<string, Buffer>()
const readLeaves: ReadHash = (level, index) => {
  const leaf = LEAVES[index]
  if (level === 0 && leaf !== undefined) return leaf
  const name = `${level}/${index}`
  const known = cache.get(name)
  if (known !== undefined) return known
  const hash = hashNode(readLeaves(level - 1, index * 2), readLeaves(level - 1, index * 2 + 1))
  cache.set(name, hash)
  return hash
}

/** Tiles by path, as a folder would hold them. */
class TileStore {
  readonly tiles = new Map<string, Buffer>()

  write(tiles: readonly Tile[]): void {
    for (const { place, bytes } of tiles) this.tiles.set(tilePath(place), bytes)
  }

  readonly read = (place: TilePlace): Buffer => {
    const bytes = this.tiles.get(tilePath(place))
    if (bytes === undefined) throw new Error(`no ${tilePath(place)}`)
    return bytes
  }
}

/** One by one, or as many together as a tile has room for. */
function grow(builder: TreeBuilder, size: number, store: TileStore, together = 1): void {
  while (builder.size < size) {
    const end = Math.min(size, builder.size + together, builder.size - (builder.size % 256) + 256)
    const leaves = LEAVES.slice(builder.size, end)
    const [leaf] = leaves
    if (together === 1 && leaf !== undefined) builder.append(leaf)
    else builder.appendAll(Buffer.concat(leaves))
  }
  store.write(builder.takeFullTiles())
  store.write(builder.partialTiles())
}

t.test('a tree that is stopped and opened again has the root of its leaves', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: LEAVES.length }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 300 }),
      (cuts, together) => {
        const store = new TileStore()
        let builder = new TreeBuilder()
        for (const size of cuts.sort((a, b) => a - b)) {
          grow(builder, size, store, together)
          const root = treeRoot(size, readLeaves)
          t.ok(builder.root().equals(root), `built to ${size}`)
          t.ok([...tilesOf(size)].every((place) => store.tiles.has(tilePath(place))))
          t.ok(treeRoot(size, hashFromTiles(size, store.read)).equals(root), `tiles of ${size}`)
          builder = TreeBuilder.open(size, store.read)
          t.ok(builder.root().equals(root), `opened at ${size}`)
        }
      },
    ),
    { numRuns: 6 },
  )
})

t.test('paths can be read out of the tiles', async (t) => {
  const size = 66_000
  const store = new TileStore()
  grow(new TreeBuilder(), size, store)
  const read = hashFromTiles(size, store.read)
  for (const index of [0, 1, 255, 256, 65_535, 65_536, 65_999]) {
    t.strictSame(inclusionPath(index, size, read), inclusionPath(index, size, readLeaves))
  }
})
