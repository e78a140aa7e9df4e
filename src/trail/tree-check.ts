import { type NoteVerifier, openNote } from '../evidence/note.ts'
import { TILE_WIDTH, type TilePlace, tilePath } from '../evidence/tile.ts'
import { HASH_BYTES, hashLeafText } from '../evidence/tree.ts'
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
  /** A character for each byte. */
  #tile: string | undefined
  #tileIndex = -1
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

  /** Adds the line of the next leaf, which `at` has just returned; undefined if it is missing. */
  take(line: Buffer | undefined, at: LineCursor | undefined): void {
    const index = this.#builder.size
    this.#readTileOf(index)
    const start = (index % TILE_WIDTH) * HASH_BYTES
    const leaf = line === undefined ? undefined : hashLeafText(line)
    if (leaf === undefined) this.#missingFrom ??= index
    else {
      if (this.#missingFrom !== undefined) this.#tellMissing(index)
      if (this.#tile !== undefined && !this.#tile.startsWith(leaf, start)) {
        this.#findings.fail(`line is not what was sealed as leaf ${index}`, at?.place)
      }
    }
    const signed = this.#tile?.slice(start, start + HASH_BYTES)
    this.#builder.append(signed ?? leaf ?? NO_HASH)
    if (this.#builder.size % TILE_WIDTH === 0) this.#compareTiles()
    if (this.#builder.size >= this.#nextHead) this.#compareRoots()
  }

  /** All lines were taken. */
  end(): void {
    this.#tellMissing(this.#builder.size)
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
    this.#tile = this.#readTile({ level: 0, index: tileIndex, width })?.toString('latin1')
  }

  #readTile(place: TilePlace): Buffer | undefined {
    try {
      return this.#store.readTile(place)
    } catch {
      return undefined
    }
  }

  #compareTiles(): void {
    for (const { place, bytes } of this.#builder.takeFullTiles()) this.#compareTile(place, bytes)
  }

  #compareTile(place: TilePlace, bytes: Buffer): void {
    const file = `${this.#name}/${tilePath(place)}`
    const tile = this.#readTile(place)
    if (tile === undefined) this.#findings.fail('a tile is missing or damaged', { file })
    else if (!tile.equals(bytes)) this.#findings.fail('a tile is not that of its lines', { file })
    for (const width of this.#store.partialWidths(place)) {
      if (!this.#isSigned({ ...place, width })) continue // left of a crash before it was signed
      const partial = this.#readTile({ ...place, width })
      if (partial?.equals(bytes.subarray(0, width * HASH_BYTES))) continue
      this.#findings.fail('a tile is not that of its lines', {
        file: `${this.#name}/${tilePath({ ...place, width })}`,
      })
    }
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
    for (;;) {
      const head = this.#heads[this.#atHead]
      this.#nextHead = head?.size ?? Number.POSITIVE_INFINITY
      if (head === undefined || head.size > this.#builder.size) return
      this.#atHead++
      if (this.#builder.root().equals(head.root)) continue
      const whose = head.isAnchor ? 'the root that somebody else holds' : 'the root that was signed'
      this.#findings.fail(`the lines do not lead to ${whose} at size ${head.size}`, {
        file: head.source,
      })
    }
  }
}
