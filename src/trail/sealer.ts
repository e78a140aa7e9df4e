import type { KeyObject } from 'node:crypto'
import { formatCheckpoint } from '../evidence/checkpoint.ts'
import {
  formatVerifierKey,
  type NoteVerifier,
  openNote,
  parseVerifierKey,
  signNote,
} from '../evidence/note.ts'
import { hashLeaf } from '../evidence/tree.ts'
import { type Tile, TreeBuilder } from '../evidence/tree-builder.ts'
import type { Disk } from './disk.ts'
import { LINES_FILE, type OrderEntry } from './order.ts'
import { checkpointOf, TreeStore } from './tree-store.ts'

/** The options of a sealer. */
export interface SealerOptions {
  readonly disk: Disk
  /** The folder of the trail. */
  readonly directory: string
  /** The name of the log and of its keys. */
  readonly origin: string
  /** All of them sign; more than one during a key rotation. */
  readonly keys: readonly KeyObject[]
}

/** A checkpoint that was signed and stored. */
export interface Sealed {
  readonly origin: string
  readonly size: number
  readonly root: Buffer
  readonly note: Buffer
}

/** Why a sealer cannot continue; a retry would fail in the same way. */
export class SealerStopped extends Error {}

/** The approximate limit of bytes that one call of `gather` reads. */
const GATHER_BYTES = 32 * 1024 * 1024
const CHUNK_BYTES = 4 * 1024 * 1024
const ANOTHER = 'another sealer works on this trail'
const LF = 0x0a
const CLOSE = Buffer.from(',"record":"close",')

/**
 * Puts the complete lines of a trail into one tree and signs it. Data is durable before it is
 * signed, and each size is signed once. If signed lines are missing, the tree is set aside and a
 * new one begins with the name of the next epoch, so that there are never two contradicting trees
 * with one name.
 */
export class Sealer {
  readonly #options: SealerOptions
  readonly #store: TreeStore
  readonly #builder: TreeBuilder
  readonly #origin: string
  /** Bytes of each line file that are in the tree. */
  readonly #positions: Map<string, number>
  #sealedSize: number
  #entries: OrderEntry[] = []
  #fullTiles: Tile[] = []
  /** The notes that may be the newest checkpoint: the one read, and those signed since. */
  #notes: Buffer[]
  /** Why this tree replaces the previous one; undefined if it is the same. */
  readonly setAside: string | undefined

  private constructor(options: SealerOptions, state: State, setAside: string | undefined) {
    this.#options = options
    this.#store = state.store
    this.#builder = state.builder
    this.#origin = state.epoch === 0 ? options.origin : `${options.origin}/${state.epoch}`
    this.#positions = state.positions
    this.#sealedSize = state.builder.size
    this.#notes = [state.store.newest()]
    this.setAside = setAside
  }

  /** Opens the tree on disk, or a new one; throws SealerStopped, or the file system's error. */
  static open(options: SealerOptions): Sealer {
    const { disk, directory } = options
    const store = new TreeStore(disk, `${directory}/tree`)
    const epoch = nextEpoch(disk, directory)
    const resumed = resume(options, store, epoch)
    if (typeof resumed !== 'string') return new Sealer(options, resumed, undefined)
    disk.rename(store.folder, `${directory}/tree-${epoch}`)
    const fresh = new TreeStore(disk, `${directory}/tree`)
    return new Sealer(options, freshState(fresh, epoch + 1), resumed)
  }

  /** Lines in the tree, the unsealed ones too. */
  get size(): number {
    return this.#builder.size
  }

  /** Lines that no checkpoint covers. */
  get unsealed(): number {
    return this.#builder.size - this.#sealedSize
  }

  /** Reads new complete lines; returns whether there are more, and whether a stream has ended. */
  gather(): { readonly hasMore: boolean; readonly hasClosed: boolean } {
    const { disk, directory } = this.#options
    let room = GATHER_BYTES
    let hasClosed = false
    for (const file of disk.list(`${directory}/lines`)) {
      if (!LINES_FILE.test(file)) continue
      for (;;) {
        const lines = this.#nextLines(file)
        if (lines.length === 0) break
        hasClosed ||= lines.includes(CLOSE)
        room -= lines.length
        if (room <= 0) return { hasMore: true, hasClosed }
      }
    }
    return { hasMore: false, hasClosed }
  }

  /**
   * Signs the gathered lines; undefined if there are none. If it throws, it may be called again.
   */
  seal(): Sealed | undefined {
    const size = this.#builder.size
    if (size === this.#sealedSize) return undefined
    const { keys, origin } = this.#options
    const store = this.#store
    const newest = store.newest()
    if (!this.#notes.some((known) => known.equals(newest))) throw new SealerStopped(ANOTHER)
    this.#syncLines()
    this.#fullTiles.push(...this.#builder.takeFullTiles())
    store.writeTiles([...this.#fullTiles, ...this.#builder.partialTiles()])
    store.appendOrder(this.#entries)
    this.#entries = []
    const root = this.#builder.root()
    const signers = keys.map((privateKey) => ({ name: origin, privateKey }))
    const text = formatCheckpoint({ origin: this.#origin, size, root })
    const note = Buffer.from(signNote(text, signers))
    const isSecondAttempt = this.#notes.some((known) => known.equals(note))
    this.#notes.push(note)
    if (!store.createCheckpoint(size, note) && !isSecondAttempt) throw new SealerStopped(ANOTHER)
    store.publish(note)
    this.#notes = [note]
    store.noteKeys(signers.map(formatVerifierKey))
    store.removePartials(this.#fullTiles)
    this.#fullTiles = []
    this.#sealedSize = size
    return { origin: this.#origin, size, root, note }
  }

  /** Puts the next complete lines of a file into the tree; empty if there are none. */
  #nextLines(file: string): Buffer {
    const { disk, directory } = this.#options
    const path = `${directory}/lines/${file}`
    const offset = this.#positions.get(file) ?? 0
    if ((disk.size(path) ?? 0) <= offset) return Buffer.alloc(0)
    const chunk = disk.read(path, offset, CHUNK_BYTES)
    const lines = chunk.subarray(0, chunk.lastIndexOf(LF) + 1)
    if (lines.length > 0) this.#take(file, offset, lines)
    return lines
  }

  #take(file: string, offset: number, lines: Buffer): void {
    const first = this.#builder.size
    let from = 0
    for (let at = lines.indexOf(LF); at !== -1; at = lines.indexOf(LF, from)) {
      this.#builder.append(hashLeaf(lines.subarray(from, at)))
      from = at + 1
    }
    const bytes = lines.length
    this.#entries.push({ first, count: this.#builder.size - first, file, offset, bytes })
    this.#positions.set(file, offset + bytes)
  }

  /** The lines to sign are durable, and still exist. */
  #syncLines(): void {
    const { disk, directory } = this.#options
    for (const file of new Set(this.#entries.map((entry) => entry.file))) {
      const path = `${directory}/lines/${file}`
      const size = disk.size(path)
      if (size === undefined || size < (this.#positions.get(file) ?? 0)) {
        throw new LinesGone(`lines of ${file} are gone before they were sealed`)
      }
      disk.sync(path)
    }
  }
}

/** Gathered lines are missing on disk: the sealer must be opened again. */
export class LinesGone extends Error {}

interface State {
  readonly store: TreeStore
  readonly builder: TreeBuilder
  readonly epoch: number
  readonly positions: Map<string, number>
}

function freshState(store: TreeStore, epoch: number): State {
  store.readOrder(0)
  return { store, builder: new TreeBuilder(), epoch, positions: new Map() }
}

/** Trees that were set aside are `tree-0`, `tree-1` …; the present one has the next number. */
function nextEpoch(disk: Disk, directory: string): number {
  const numbers = disk
    .list(directory)
    .flatMap((name) => /^tree-(\d{1,6})$/.exec(name)?.[1] ?? [])
    .map(Number)
  return Math.max(-1, ...numbers) + 1
}

/** Returns the tree as it was last signed, or why it cannot be continued. */
function resume(options: SealerOptions, store: TreeStore, epoch: number): State | string {
  const { origin } = options
  const size = store.sizes().at(-1)
  if (size === undefined) return freshState(store, epoch)
  const note = store.note(size)
  if (!openNote(note, verifiersOf(options)).ok) {
    throw new SealerStopped(
      'the newest checkpoint is not signed by this key: give the key that signed it as well, once',
    )
  }
  const checkpoint = checkpointOf(note)
  const expected = epoch === 0 ? origin : `${origin}/${epoch}`
  if (checkpoint?.origin !== expected || checkpoint.size !== size) {
    throw new SealerStopped(`the newest checkpoint is of ${checkpoint?.origin}, not of ${expected}`)
  }
  const entries = store.readOrder(size)
  if (entries === undefined) return 'the order of its lines is lost'
  const builder = openBuilder(store, size)
  if (builder === undefined || !builder.root().equals(checkpoint.root))
    return 'its tiles are damaged'
  const positions = new Map<string, number>()
  for (const { file, offset, bytes } of entries) {
    positions.set(file, Math.max(positions.get(file) ?? 0, offset + bytes))
  }
  const gone = linesGone(options, store, size, entries, positions)
  if (gone !== undefined) return gone
  // A crash may have come between the two.
  if (!store.note(size).equals(store.newest())) store.publish(note)
  return { store, builder, epoch, positions }
}

function verifiersOf({ origin, keys }: SealerOptions): readonly NoteVerifier[] {
  return keys.flatMap((privateKey) => {
    const parsed = parseVerifierKey(formatVerifierKey({ name: origin, privateKey }))
    return parsed.ok ? [parsed.value] : []
  })
}

function openBuilder(store: TreeStore, size: number): TreeBuilder | undefined {
  try {
    return TreeBuilder.open(size, (place) => store.readTile(place))
  } catch {
    return undefined
  }
}

/** A missing file was moved or compressed; a shorter or changed one lost signed lines. */
function linesGone(
  { disk, directory }: SealerOptions,
  store: TreeStore,
  size: number,
  entries: readonly OrderEntry[],
  positions: ReadonlyMap<string, number>,
): string | undefined {
  for (const [file, position] of positions) {
    const bytes = disk.size(`${directory}/lines/${file}`)
    if (bytes !== undefined && bytes < position) return `${file} is shorter than what was signed`
  }
  const before = store.sizes().at(-2) ?? 0
  for (const entry of entries) {
    if (entry.first < before) continue
    const path = `${directory}/lines/${entry.file}`
    if (disk.size(path) === undefined) continue
    const lines = disk.read(path, entry.offset, entry.bytes)
    if (!isAsSigned(store, size, entry.first, lines)) return `${entry.file} is not what was signed`
  }
  return undefined
}

function isAsSigned(store: TreeStore, size: number, first: number, lines: Buffer): boolean {
  let leaf = first
  let from = 0
  for (let at = lines.indexOf(LF); at !== -1; at = lines.indexOf(LF, from)) {
    const signed = store.readLeaf(leaf, size)
    if (signed?.equals(hashLeaf(lines.subarray(from, at))) !== true) return false
    from = at + 1
    leaf++
  }
  return true
}
