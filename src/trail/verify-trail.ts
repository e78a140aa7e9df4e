import { statSync } from 'node:fs'
import { readChainFields } from '../evidence/chain.ts'
import type { NoteVerifier } from '../evidence/note.ts'
import { hashLeaf } from '../evidence/tree.ts'
import { type ByteSource, DamagedFile, openSource } from './byte-source.ts'
import { ChainCheck, type ChainSummary } from './chain-check.ts'
import { DISK } from './disk.ts'
import type { Findings, Period } from './findings.ts'
import { LineCursor } from './line-cursor.ts'
import type { OrderEntry } from './order.ts'
import { type KnownHead, readHead, TreeCheck } from './tree-check.ts'
import { TreeStore } from './tree-store.ts'

/** The options of verification. */
interface VerifyTrailOptions {
  /** A trail's folder, a folder of line files, or a line file. */
  readonly path: string
  /** Empty if nothing was signed, or if no key is given. */
  readonly verifiers: readonly NoteVerifier[]
  /** Checkpoints that third parties store. */
  readonly anchors: readonly KnownHead[]
  readonly findings: Findings
  readonly nowMs: number
  /** For which completeness is asked; undefined: all of it. */
  readonly period: Period | undefined
  /** Called with the number of read bytes from time to time. */
  readonly onProgress: (bytes: number) => void
}

/** The verified facts. */
export interface TrailSummary extends ChainSummary {
  readonly path: string
  readonly files: number
  readonly bytes: number
  readonly checkpoints: number
  /** The newest checkpoint; undefined: none. */
  readonly newest: { readonly origin: string; readonly size: number } | undefined
  /** Lines that no checkpoint covers. */
  readonly unsealed: number
  /** Names of the trees that are here. */
  readonly origins: readonly string[]
}

/** Of these a gap is told each. */
const EPOCHS_TOLD_MAX = 100

/** A line file with its size at the start of the verification. */
interface LinesFile {
  /** As findings name it. */
  readonly name: string
  readonly path: string
  /** The number of the stream's first line in it, and the stream: files of one stream come in order. */
  readonly sortKey: string
  readonly firstLeaf: Buffer
  cursor: LineCursor | undefined
  /** Whether its lengths differ from those of the order; already reported. */
  isOdd: boolean
  source: ByteSource | undefined
}

/** Verifies one trail from its bytes; problems are added to the findings. */
export async function verifyTrail(options: VerifyTrailOptions): Promise<TrailSummary> {
  return new TrailRun(options).run()
}

/** Bytes of the line files of a path, as they are on disk. */
export function bytesOfLines(path: string): number {
  return filesOf(path)
    .map((file) => statSync(file, { throwIfNoEntry: false }))
    .reduce((sum, stat) => sum + (stat?.isFile() === true ? stat.size : 0), 0)
}

/** The file of a path, or what is in its folder of line files. */
function filesOf(path: string): readonly string[] {
  if (statSync(path).isFile()) return [path]
  const folder = DISK.list(`${path}/lines`).length === 0 ? path : `${path}/lines`
  return DISK.list(folder).map((name) => `${folder}/${name}`)
}

/** Returns whether a folder contains a tree, so that a verifier key is needed. */
export function isSealed(path: string): boolean {
  return DISK.list(`${path}/tree/checkpoints`).length > 0
}

class TrailRun {
  readonly #options: VerifyTrailOptions
  readonly #files = new Map<string, LinesFile>()
  readonly #chain: ChainCheck
  #bytes = 0
  /** Bytes on disk so far, for `onProgress`. */
  #readBytes = 0
  #unsealed = 0

  constructor(options: VerifyTrailOptions) {
    this.#options = options
    const names = options.verifiers.map(({ name }) => name)
    this.#chain = new ChainCheck(options.findings, [...new Set(names)], options.period)
  }

  async run(): Promise<TrailSummary> {
    const { path, findings, verifiers, nowMs } = this.#options
    const isFile = statSync(path).isFile()
    // Checkpoints first: lines of a trail that grows come before what signs them.
    const trees = isFile ? [] : this.#readTrees(path)
    for (const file of filesOf(path)) await this.#addFile(file)
    const [tree, ...older] = trees
    if (tree !== undefined) await this.#verifyTree(tree, this.#chain)
    const rest = [...this.#files.values()].filter(({ cursor }) => cursor !== DONE)
    rest.sort((a, b) => (a.sortKey < b.sortKey ? -1 : 1))
    for (const file of rest) await this.#finishFile(file)
    for (const other of older) {
      for (const file of this.#files.values()) file.cursor = undefined
      await this.#verifyTree(other, undefined)
    }
    if (verifiers.length > 0 && trees.every(({ heads }) => heads.length === 0)) {
      findings.fail('no checkpoint: nothing here is signed', { file: path })
    }
    this.#tellLostEpochs(trees)
    const own = tree?.heads.filter(({ isAnchor }) => !isAnchor) ?? []
    const newest = own.at(-1)
    return {
      ...this.#chain.end(nowMs),
      path,
      files: this.#files.size,
      bytes: this.#bytes,
      checkpoints: own.length,
      newest: newest && { origin: newest.origin, size: newest.size },
      unsealed: this.#unsealed,
      origins: trees.flatMap(({ heads }) => heads.slice(0, 1).map(({ origin }) => origin)),
    }
  }

  /** A tree of a later epoch says that signed lines were lost; nobody but the former trees says which. */
  #tellLostEpochs(trees: readonly Tree[]): void {
    const { verifiers, findings } = this.#options
    const epochs = trees.flatMap(({ name, heads: [head] }) => {
      const key = verifiers.find((verifier) => head?.origin.startsWith(`${verifier.name}/`))
      const isNamed = verifiers.some((verifier) => verifier.name === head?.origin)
      if (head === undefined) return []
      const epoch =
        key === undefined || isNamed ? 0 : Number(head.origin.slice(key.name.length + 1))
      return [{ name, epoch, origin: head.origin }]
    })
    const last = epochs.reduce((most, one) => (one.epoch > most.epoch ? one : most), {
      name: '',
      epoch: 0,
      origin: '',
    })
    for (let epoch = 0; epoch < last.epoch && epoch < EPOCHS_TOLD_MAX; epoch++) {
      if (epochs.some((one) => one.epoch === epoch)) continue
      findings.gap(
        `${last.origin} follows a tree that is not here, of epoch ${epoch}: signed lines were lost before`,
        { file: last.name },
      )
    }
  }

  /** Returns the current tree, then those that were set aside. */
  #readTrees(path: string): readonly Tree[] {
    const names = DISK.list(path).filter((name) => /^tree(?:-\d+)?$/.test(name))
    return names.sort().map((name) => this.#readTree(path, name))
  }

  #readTree(path: string, name: string): Tree {
    const { findings, anchors } = this.#options
    const store = new TreeStore(DISK, `${path}/${name}`)
    // The published one first: while the trail grows, the next may come between.
    const published = store.newest()
    const sizes = store.sizes()
    this.#checkPublished(name, published, sizes, store)
    const heads = this.#readHeads(name, sizes, store)
    const size = Math.max(0, ...heads.map((head) => head.size))
    const order = store.readOrder(size)
    if (order === undefined) {
      findings.fail('it does not lead to the checkpoint', { file: `${name}/order` })
    }
    const theirs = anchors.filter(({ origin }) => origin === heads[0]?.origin)
    return { name, store, size, order: order ?? [], heads: [...heads, ...theirs] }
  }

  #checkPublished(
    name: string,
    published: Buffer,
    sizes: readonly number[],
    store: TreeStore,
  ): void {
    const file = `${name}/checkpoint`
    if (sizes.length === 0 && published.length === 0) return
    if (sizes.findLast((size) => store.note(size).equals(published)) !== undefined) return
    const { findings } = this.#options
    if (published.length === 0 && sizes.length === 1) {
      findings.gap('the checkpoint is not published: a crash', { file })
    } else {
      findings.fail('the published checkpoint is none of those that were signed', { file })
    }
  }

  /** Returns the checkpoints of the tree with a valid signature. */
  #readHeads(name: string, sizes: readonly number[], store: TreeStore): readonly KnownHead[] {
    const { verifiers, findings } = this.#options
    if (verifiers.length === 0) return []
    const heads: KnownHead[] = []
    for (const size of sizes) {
      const source = `${name}/${store.checkpointPath(size)}`
      const head = readHead(store.note(size), verifiers, source, false, findings)
      if (head === undefined) continue
      const [first = head] = heads
      if (head.size !== size) {
        findings.fail(`the checkpoint is of size ${head.size}`, { file: source })
      } else if (head.origin !== first.origin) {
        findings.fail(`the checkpoint is of ${head.origin}, others of ${first.origin}`, {
          file: source,
        })
      } else heads.push(head)
    }
    return heads
  }

  async #addFile(path: string): Promise<void> {
    const name = path.slice(path.lastIndexOf('/') + 1)
    if (!statSync(path).isFile()) {
      this.#options.findings.note('neither a file nor read', { file: name })
      return
    }
    const file: LinesFile = {
      name,
      path,
      sortKey: '',
      firstLeaf: Buffer.alloc(0),
      cursor: undefined,
      isOdd: false,
      source: undefined,
    }
    const first = await this.#firstLine(file)
    const { stream = '', seq = '' } = (first && readChainFields(first)) ?? {}
    const sortKey = `${stream} ${String(seq).padStart(16, '0')} ${name}`
    const firstLeaf = first === undefined ? Buffer.alloc(0) : hashLeaf(first)
    const orderName = name.replace(/\.gz$/, '')
    const isTwice = this.#files.has(orderName)
    if (isTwice) {
      // Other programs would read the one that is not read here.
      this.#options.findings.fail('it is here twice, compressed and not', { file: name })
    }
    this.#files.set(isTwice ? name : orderName, { ...file, sortKey, firstLeaf })
  }

  async #firstLine(file: LinesFile): Promise<Buffer | undefined> {
    const cursor = this.#open(file)
    try {
      while (cursor.offset === 0) {
        const line = cursor.next()
        if (line !== undefined) return Buffer.from(line)
        if (!(await cursor.fill())) return undefined
      }
      return undefined
    } catch (error) {
      if (error instanceof DamagedFile) return undefined // told when it is read whole
      throw error
    } finally {
      cursor.close()
    }
  }

  #open(file: LinesFile): LineCursor {
    const source = openSource(file.path)
    file.source = source
    return new LineCursor(file.name, source)
  }

  async #verifyTree(tree: Tree, chain: ChainCheck | undefined): Promise<void> {
    const { findings } = this.#options
    const check = new TreeCheck(tree.store, tree.name, tree.size, tree.heads, findings)
    const last = new Map(tree.order.map((entry, i) => [entry.file, i]))
    const renamed = this.#renamedFiles(tree)
    for (const [i, entry] of tree.order.entries()) {
      const file = this.#files.get(entry.file) ?? renamed.get(entry.file)
      await this.#takeEntry(entry, file, check, chain)
      if (file === undefined || last.get(entry.file) !== i) continue
      if (chain !== undefined) await this.#finishFile(file)
      else file.cursor?.close()
    }
    for (let i = tree.order.reduce((sum, { count }) => sum + count, 0); i < tree.size; i++) {
      check.take(undefined)
    }
    check.end()
  }

  /** Files of the order that have another name now, by their first leaf. */
  #renamedFiles(tree: Tree): ReadonlyMap<string, LinesFile> {
    const found = new Map<string, LinesFile>()
    for (const { file, first, offset } of tree.order) {
      if (offset > 0 || this.#files.has(file)) continue
      const leaf = tree.store.readLeaf(first, tree.size)
      const same = [...this.#files.values()].find(({ firstLeaf }) => leaf?.equals(firstLeaf))
      if (same !== undefined) found.set(file, same)
    }
    return found
  }

  async #takeEntry(
    entry: OrderEntry,
    file: LinesFile | undefined,
    check: TreeCheck,
    chain: ChainCheck | undefined,
  ): Promise<void> {
    const isReadable = file !== undefined && file.cursor !== DONE
    let taken = isReadable ? await this.#takeLines(entry, file, check, chain) : 0
    for (; taken < entry.count; taken++) check.take(undefined)
  }

  /** Returns how many of the entry's lines the file has. */
  async #takeLines(
    { count, offset, bytes }: OrderEntry,
    file: LinesFile,
    check: TreeCheck,
    chain: ChainCheck | undefined,
  ): Promise<number> {
    file.cursor ??= this.#open(file)
    const { cursor } = file
    const begin = cursor.offset
    let taken = 0
    while (taken < count) {
      const line = cursor.next()
      if (line !== undefined) {
        taken++
        chain?.take(line, cursor)
        check.take(cursor)
      } else if (!(await this.#fill(file, cursor))) break
    }
    const isAsOrdered = begin === offset && cursor.offset === offset + bytes
    if (taken === count && !isAsOrdered && !file.isOdd) {
      file.isOdd = true
      this.#options.findings.fail('not as many bytes as the order says', { file: file.name })
    }
    return taken
  }

  /** The lines that no checkpoint covers. */
  async #finishFile(file: LinesFile): Promise<void> {
    if (file.cursor === DONE) return
    file.cursor ??= this.#open(file)
    const { cursor } = file
    for (;;) {
      const line = cursor.next()
      if (line !== undefined) {
        this.#unsealed++
        this.#chain.take(line, cursor)
      } else if (!(await this.#fill(file, cursor))) break
    }
    this.#chain.endFile(cursor.rest, cursor)
    this.#bytes += file.source?.diskBytes ?? 0
    cursor.close()
    file.cursor = DONE
  }

  async #fill(file: LinesFile, cursor: LineCursor): Promise<boolean> {
    const { source } = file
    const before = source?.readBytes ?? 0
    try {
      const isMore = await cursor.fill()
      this.#readBytes += (source?.readBytes ?? 0) - before
      this.#options.onProgress(this.#readBytes)
      return isMore
    } catch (error) {
      if (!(error instanceof DamagedFile)) throw error
      this.#options.findings.fail(error.message, { file: file.name })
      return false
    }
  }
}

interface Tree {
  readonly name: string
  readonly store: TreeStore
  /** The size of its newest checkpoint. */
  readonly size: number
  readonly order: readonly OrderEntry[]
  readonly heads: readonly KnownHead[]
}

/** The cursor of a file that was read to its end. */
const DONE = new LineCursor('', {
  diskBytes: 0,
  readBytes: 0,
  read: async () => 0,
  close: () => undefined,
})
