import { z } from 'zod'
import { failure, ok, type Result } from '../base/result.ts'
import {
  type Inventory,
  type InventoryKind,
  type InventoryRow,
  inventoryRows,
} from './inventory-rows.ts'
import { compareUtf8 } from './listing.ts'
import type { ObjectSource, SourceEntry, SourcePage } from './object-source.ts'

const PAGE_ENTRIES = 1000

/** The next row: of which file, and how many rows of it were read; of a journal, the key before it. */
const POSITION = z.object({ file: z.number(), row: z.number(), key: z.string().optional() })

type Position = z.infer<typeof POSITION>

/** Rows of an inventory that are being read. */
interface Cursor {
  file: number
  row: number
  rows: AsyncGenerator<InventoryRow> | undefined
}

/** S3 Inventory, or an export of S3 Metadata. It names versions; what they are is asked of S3 as for a listing. */
export class InventorySource implements ObjectSource {
  readonly #inventory: Inventory
  readonly #prefix: string
  readonly #versions: 'current' | 'all'
  #cursor: Cursor = { file: 0, row: 0, rows: undefined }

  constructor(inventory: Inventory, prefix: string, versions: 'current' | 'all') {
    this.#inventory = inventory
    this.#prefix = prefix
    this.#versions = versions
  }

  async readPage(bucket: string, from: unknown): Promise<Result<SourcePage, string>> {
    try {
      const position = POSITION.safeParse(from).data ?? { file: 0, row: 0 }
      await this.#seek(position)
      const page = new Page(
        this.#inventory.kind,
        bucket,
        this.#prefix,
        this.#versions,
        position.key,
      )
      for (;;) {
        const row = await this.#next()
        if (row === undefined) break
        page.add(row)
        if (page.isFull) return ok(page.end(this.#cursor))
      }
      if (from === undefined && page.isEmpty) {
        return failure(`the ${this.#inventory.kind} has no object of this bucket and prefix`)
      }
      return ok(page.end(undefined))
    } catch (error) {
      return failure(error instanceof Error ? error.message : String(error))
    }
  }

  /** Goes on where it is, or reads the file again from the row before, which must be there. */
  async #seek({ file, row }: Position): Promise<void> {
    const cursor = this.#cursor
    if (cursor.file === file && cursor.row === row) return
    await cursor.rows?.return(undefined)
    const before = Math.max(0, row - 1)
    this.#cursor = { file, row: before, rows: undefined }
    if (row === 0) return
    const isThere = (await this.#next()) !== undefined && this.#cursor.file === file
    if (!isThere) throw new Error(`the ${this.#inventory.kind} is not the same any more`)
  }

  async #next(): Promise<InventoryRow | undefined> {
    const { files } = this.#inventory
    for (;;) {
      const cursor = this.#cursor
      const file = files[cursor.file]
      if (file === undefined) return undefined
      cursor.rows ??= inventoryRows(this.#inventory, file, cursor.row)
      const next = await cursor.rows.next()
      if (next.done !== true) {
        cursor.row++
        return next.value
      }
      this.#cursor = { file: cursor.file + 1, row: 0, rows: undefined }
    }
  }
}

/** The rows of one bucket. */
class Page {
  readonly #kind: InventoryKind
  readonly #bucket: string
  readonly #prefix: string
  readonly #versions: 'current' | 'all'
  readonly #entries: SourceEntry[] = []
  readonly #unreadable: string[] = []
  #deleteMarkers = 0
  /** Of a journal: the last key. */
  #last: string | undefined

  constructor(
    kind: InventoryKind,
    bucket: string,
    prefix: string,
    versions: 'current' | 'all',
    last: string | undefined,
  ) {
    this.#kind = kind
    this.#bucket = bucket
    this.#prefix = prefix
    this.#versions = versions
    this.#last = last
  }

  get isFull(): boolean {
    return this.#entries.length >= PAGE_ENTRIES || this.#unreadable.length >= PAGE_ENTRIES
  }

  get isEmpty(): boolean {
    return this.#entries.length + this.#unreadable.length + this.#deleteMarkers === 0
  }

  add({ key, encodedKey, cells }: InventoryRow): void {
    this.#checkColumns(cells)
    // Without a key, a request would be one to the bucket.
    if (encodedKey === '' || cells.get('bucket') === '') {
      throw new Error(`the ${this.#kind} has a row without a bucket, or without a key`)
    }
    if (cells.get('bucket') !== this.#bucket) return
    if (key === undefined) this.#unreadable.push(encodedKey)
    if (key === undefined || !key.startsWith(this.#prefix)) return
    if (this.#kind === 'journal') this.#checkOrder(key)
    const isCurrent = this.#flag(cells, 'islatest') ?? true
    if (this.#flag(cells, 'isdeletemarker') === true) {
      if (this.#versions === 'all') this.#deleteMarkers++
    } else if (isCurrent || this.#versions === 'all') {
      this.#entries.push(this.#entryOf(cells, key, isCurrent))
    }
  }

  /** `next`: the row behind the page; undefined: there is none. */
  end(next: Position | undefined): SourcePage {
    const [entries, unreadable] = [this.#entries, this.#unreadable]
    const position = next && { file: next.file, row: next.row, key: this.#last }
    return { entries, deleteMarkers: this.#deleteMarkers, unreadable, next: position }
  }

  /** `True` and `TRUE` are what other programs write. Undefined: there is no value. */
  #flag(cells: ReadonlyMap<string, string>, name: string): boolean | undefined {
    const text = (cells.get(name) ?? '').toLowerCase()
    if (text === '') return undefined
    if (text === 'true' || text === 'false') return text === 'true'
    throw new Error(`the ${this.#kind} has a value in ${name} that is neither true nor false`)
  }

  #checkColumns(cells: ReadonlyMap<string, string>): void {
    if (!cells.has('bucket') || !cells.has('key')) {
      throw new Error(`the ${this.#kind} has no columns Bucket and Key (bucket and key)`)
    }
    const namesVersions = cells.has('versionid') && cells.has('islatest')
    if (this.#versions === 'all' && !namesVersions) {
      throw new Error(
        `the ${this.#kind} is of current versions only: it has no VersionId and IsLatest, which --versions all needs`,
      )
    }
  }

  /** A key that comes twice would be planned twice. */
  #checkOrder(key: string): void {
    if (this.#last !== undefined && compareUtf8(key, this.#last) <= 0) {
      throw new Error(
        'the journal has a key twice, or its keys are out of order: the query must have GROUP BY bucket, key ORDER BY key',
      )
    }
    this.#last = key
  }

  /** Of current versions the present one is asked for: an inventory is a day old or more. */
  #entryOf(cells: ReadonlyMap<string, string>, key: string, isCurrent: boolean): SourceEntry {
    const versionId = cells.get('versionid') || 'null'
    const etag = (cells.get('etag') ?? '').replaceAll('"', '')
    return {
      key,
      versionId: this.#versions === 'current' ? undefined : versionId,
      isCurrent,
      etag: `"${etag}"`,
      bytes: Number(cells.get('size') || 0),
      lastModified: cells.get('lastmodifieddate') ?? '',
      storageClass: cells.get('storageclass') || 'STANDARD',
    }
  }
}
