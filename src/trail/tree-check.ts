import { basename, dirname } from 'node:path'
import { type NoteVerifier, openNote } from '../evidence/note.ts'
import { TILE_WIDTH, type TilePlace, tilePath } from '../evidence/tile.ts'
import { HASH_BYTES, hashPrefixedLeaf } from '../evidence/tree.ts'
import { TreeBuilder } from '../evidence/tree-builder.ts'
import type { Findings } from './findings.ts'
import type { LineCursor } from './line-cursor.ts'
import { checkpointOf, type TreeStore } from './tree-store.ts'

/** A placeholder for an unknown leaf. */
const NO_HASH = Buffer.alloc(HASH_BYTES)

/** A checkpoint with a valid signature, from the trail or a third party. */
export interface KnownHead {
  readonly origin: string
  readonly size: number
  readonly root: Buffer
  /** Its source, for messages. */
  readonly source: string
  readonly isAnchor: boolean
}

/** Parses and verifies a note; the failure describes the problem. */
export function readHead(
  note: Buffer,
  verifiers: readonly NoteVerifier[],
  source: string,
  isAnchor: boolean,
  findings: Findings,
): KnownHead | undefined {
  const opened = openNote(note, verifiers)
  const checkpoint = checkpointOf(note)
  if (!opened.ok || checkpoint === undefined) {
    const why = opened.ok ? 'no checkpoint' : opened.error
    findings.fail(`a checkpoint cannot be relied on: ${why}`, { file: source })
    return undefined
  }
  const { origin, size, root } = checkpoint
  const isNamed = opened.value.verifiers.some(
    ({ name }) =>
      origin === name || (/^\/\d+$/.test(origin.slice(name.length)) && origin.startsWith(name)),
  )
  if (!isNamed) {
    findings.fail(`a checkpoint of ${origin} is signed by the key of another log`, { file: source })
    return undefined
  }
  return { origin, size, root, source, isAnchor }
}

/**
 * Builds the tree from the lines and compares its root with every checkpoint. A leaf that differs
 * from the tree's own tile is reported, and the tile's hash is used: if the root then matches, only
 * that line is wrong.
 */
export class TreeCheck {
  readonly #store: TreeStore
  readonly #name: string
  readonly #size: number
  readonly #findings: Findings
  readonly #heads: KnownHead[]
  readonly #builder = new TreeBuilder()
  /** The tile of the next leaf as it is on disk, and the same with a character for each byte. */
  #tileBytes: Buffer | undefined
  #tile: string | undefined
  #tileIndex = -1
  /** Names in the folder of the last compared tile: a folder holds 1,000 of them. */
  #folder: { readonly path: string; readonly names: ReadonlySet<string> } | undefined
  /** Leaves so far. */
  #taken = 0
  #atHead = 0
  #nextHead = 0
  /** The first of consecutive missing leaves. */
  #missingFrom: number | undefined

  /** `name`: of the tree's folder; `heads`: of this tree, of any size. */
  constructor(
    store: TreeStore,
    name: string,
    size: number,
    heads: readonly KnownHead[],
    findings: Findings,
  ) {
    this.#store = store
    this.#name = name
    this.#size = size
    this.#heads = [...heads].sort((a, b) => a.size - b.size)
    this.#findings = findings
    this.#compareRoots()
  }

  /** Adds the next leaf: the line that `at` has just returned; undefined: it is missing. */
  take(at: LineCursor | undefined): void {
    const index = this.#taken++
    this.#readTileOf(index)
    const start = (index % TILE_WIDTH) * HASH_BYTES
    const leaf = at === undefined ? undefined : hashPrefixedLeaf(at.leaf)
    if (leaf === undefined) this.#missingFrom ??= index
    else {
      if (this.#missingFrom !== undefined) this.#tellMissing(index)
      if (this.#tile !== undefined && !this.#tile.startsWith(leaf, start)) {
        this.#findings.fail(`line is not what was sealed as leaf ${index}`, at?.place)
      }
    }
    if (this.#tile === undefined) this.#builder.append(leaf ?? NO_HASH)
    // Otherwise the tile's hashes come into the tree together: one by one they cost 5 % more.
    if (this.#taken % TILE_WIDTH === 0) this.#compareTiles()
    if (this.#taken >= this.#nextHead) this.#compareRoots()
  }

  /** All lines were taken. */
  end(): void {
    this.#build()
    this.#tellMissing(this.#taken)
    for (const { place, bytes } of this.#builder.partialTiles()) this.#compareTile(place, bytes)
    for (const { size, source } of this.#heads.slice(this.#atHead)) {
      this.#findings.fail(
        `${size - this.#builder.size} lines that were sealed are not in ${this.#name}: the checkpoint is of ${size}`,
        { file: source },
      )
    }
  }

  #tellMissing(end: number): void {
    if (this.#missingFrom === undefined) return
    const count = end - this.#missingFrom
    this.#findings.fail(
      `${count} sealed lines are missing: leaves ${this.#missingFrom} to ${end - 1}`,
      { file: this.#name },
    )
    this.#missingFrom = undefined
  }

  #readTileOf(index: number): void {
    const tileIndex = Math.floor(index / TILE_WIDTH)
    if (tileIndex === this.#tileIndex) return
    this.#tileIndex = tileIndex
    const width = Math.min(TILE_WIDTH, this.#size - tileIndex * TILE_WIDTH)
    this.#tileBytes = this.#readTile({ level: 0, index: tileIndex, width })
    this.#tile = this.#tileBytes?.toString('latin1')
  }

  #readTile(place: TilePlace): Buffer | undefined {
    try {
      return this.#store.readTile(place)
    } catch {
      return undefined
    }
  }

  /** Puts the leaves that were taken into the tree. */
  #build(): void {
    const { size } = this.#builder
    if (size === this.#taken || this.#tileBytes === undefined) return
    const start = (size % TILE_WIDTH) * HASH_BYTES
    const end = start + (this.#taken - size) * HASH_BYTES
    this.#builder.appendAll(this.#tileBytes.subarray(start, end))
  }

  #compareTiles(): void {
    this.#build()
    for (const { place, bytes } of this.#builder.takeFullTiles()) this.#compareTile(place, bytes)
  }

  #compareTile(place: TilePlace, bytes: Buffer): void {
    const file = `${this.#name}/${tilePath(place)}`
    const isLast = place.level === 0 && place.index === this.#tileIndex
    const tile = isLast ? this.#tileBytes : this.#readTile(place)
    if (tile === undefined) this.#findings.fail('a tile is missing or damaged', { file })
    else if (!tile.equals(bytes)) this.#findings.fail('a tile is not that of its lines', { file })
    for (const width of this.#partialWidths(place)) {
      if (!this.#isSigned({ ...place, width })) continue // left of a crash before it was signed
      const partial = this.#readTile({ ...place, width })
      if (partial?.equals(bytes.subarray(0, width * HASH_BYTES))) continue
      this.#findings.fail('a tile is not that of its lines', {
        file: `${this.#name}/${tilePath({ ...place, width })}`,
      })
    }
  }

  /** Returns the widths of other partial tiles at the same place. */
  #partialWidths(place: TilePlace): readonly number[] {
    const path = tilePath({ ...place, width: TILE_WIDTH })
    const [folder, name] = [dirname(path), `${basename(path)}.p`]
    if (this.#folder?.path !== folder) {
      this.#folder = { path: folder, names: new Set(this.#store.list(folder)) }
    }
    if (!this.#folder.names.has(name)) return []
    return this.#store
      .list(`${folder}/${name}`)
      .map(Number)
      .filter((width) => Number.isInteger(width) && width !== place.width)
  }

  /** Returns whether a tile of this width belongs to a signed size. */
  #isSigned({ level, index, width }: TilePlace): boolean {
    const hashes = index * TILE_WIDTH + width
    const [from, end] = [hashes * TILE_WIDTH ** level, (hashes + 1) * TILE_WIDTH ** level]
    let [low, high] = [0, this.#heads.length]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if ((this.#heads[middle]?.size ?? 0) < from) low = middle + 1
      else high = middle
    }
    return (this.#heads[low]?.size ?? end) < end
  }

  #compareRoots(): void {
    this.#build()
    for (;;) {
      const head = this.#heads[this.#atHead]
      this.#nextHead = head?.size ?? Number.POSITIVE_INFINITY
      if (head === undefined || head.size > this.#taken) return
      this.#atHead++
      if (this.#builder.root().equals(head.root)) continue
      const whose = head.isAnchor ? 'the root that somebody else holds' : 'the root that was signed'
      this.#findings.fail(`the lines do not lead to ${whose} at size ${head.size}`, {
        file: head.source,
      })
    }
  }
}
