import { z } from 'zod'
import { failure, ok, type Result } from '../base/result.ts'
import { decodeInventoryKey, type Inventory, inventoryRows } from './inventory-rows.ts'
import type { ObjectSource, SourceEntry, SourcePage } from './object-source.ts'

const PAGE_ENTRIES = 1000

/** The next row: of which file, and how many rows of it were read. */
const POSITION = z.object({ file: z.number(), row: z.number() })

type Row = ReadonlyMap<string, string>

/** Rows of an inventory that are being read. */
interface Cursor {
  file: number
  row: number
  rows: AsyncGenerator<Row> | undefined
}

/** S3 Inventory in CSV. It names versions; what they are is asked of S3 as for a listing. */
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
      await this.#seek(POSITION.safeParse(from).data ?? { file: 0, row: 0 })
      const page = new Page(bucket, this.#prefix, this.#versions)
      for (;;) {
        const row = await this.#next()
        if (row === undefined) break
        page.add(row)
        if (page.isFull) {
          const { file, row: count } = this.#cursor
          return ok(page.end({ file, row: count }))
        }
      }
      if (from === undefined && page.isEmpty) {
        return failure(`the inventory has no object of this bucket and prefix`)
      }
      return ok(page.end(undefined))
    } catch (error) {
      return failure(error instanceof Error ? error.message : String(error))
    }
  }

  /** Goes on where it is, or reads the file again up to the row. */
  async #seek({ file, row }: z.infer<typeof POSITION>): Promise<void> {
    const cursor = this.#cursor
    if (cursor.file === file && cursor.row === row) return
    await cursor.rows?.return(undefined)
    this.#cursor = { file, row: 0, rows: undefined }
    while (this.#cursor.row < row) {
      if ((await this.#next()) === undefined)
        throw new Error('the inventory is not the same any more')
    }
  }

  async #next(): Promise<Row | undefined> {
    const { files, columns } = this.#inventory
    for (;;) {
      const cursor = this.#cursor
      const file = files[cursor.file]
      if (file === undefined) return undefined
      cursor.rows ??= inventoryRows(file, columns)
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
  readonly #bucket: string
  readonly #prefix: string
  readonly #versions: 'current' | 'all'
  readonly #entries: SourceEntry[] = []
  readonly #unreadable: string[] = []
  #deleteMarkers = 0

  constructor(bucket: string, prefix: string, versions: 'current' | 'all') {
    this.#bucket = bucket
    this.#prefix = prefix
    this.#versions = versions
  }

  get isFull(): boolean {
    return this.#entries.length >= PAGE_ENTRIES || this.#unreadable.length >= PAGE_ENTRIES
  }

  get isEmpty(): boolean {
    return this.#entries.length + this.#unreadable.length + this.#deleteMarkers === 0
  }

  add(row: Row): void {
    const text = row.get('Key')
    if (!row.has('Bucket') || text === undefined) {
      throw new Error('an inventory has the columns Bucket and Key')
    }
    const namesVersions = row.has('VersionId') && row.has('IsLatest')
    if (this.#versions === 'all' && !namesVersions) {
      throw new Error(
        'the inventory is of current versions only: it has no VersionId and IsLatest, which --versions all needs',
      )
    }
    if (row.get('Bucket') !== this.#bucket) return
    const key = decodeInventoryKey(text)
    if (key === undefined) this.#unreadable.push(text)
    if (key === undefined || !key.startsWith(this.#prefix)) return
    const isCurrent = row.get('IsLatest') !== 'false'
    if (row.get('IsDeleteMarker') === 'true') {
      if (this.#versions === 'all') this.#deleteMarkers++
    } else if (isCurrent || this.#versions === 'all') {
      this.#entries.push(this.#entryOf(row, key, isCurrent))
    }
  }

  end(next: unknown): SourcePage {
    const [entries, unreadable] = [this.#entries, this.#unreadable]
    return { entries, deleteMarkers: this.#deleteMarkers, unreadable, next }
  }

  /** Of current versions the present one is asked for: an inventory is a day old or more. */
  #entryOf(row: Row, key: string, isCurrent: boolean): SourceEntry {
    const versionId = row.get('VersionId') || 'null'
    const etag = (row.get('ETag') ?? '').replaceAll('"', '')
    return {
      key,
      versionId: this.#versions === 'current' ? undefined : versionId,
      isCurrent,
      etag: `"${etag}"`,
      bytes: Number(row.get('Size') || 0),
      lastModified: row.get('LastModifiedDate') ?? '',
      storageClass: row.get('StorageClass') || 'STANDARD',
    }
  }
}
