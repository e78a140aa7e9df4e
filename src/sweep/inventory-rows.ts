import { getHashes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { failure, ok, type Result } from '../base/result.ts'
import { csvRecords } from './csv-records.ts'
import { hashFile } from './hash-file.ts'
import { columnName } from './inventory-columns.ts'
import { readParquet } from './parquet-reader.ts'

/** A table of objects on this machine. */
export interface Inventory {
  readonly kind: InventoryKind
  readonly files: readonly InventoryFile[]
  /** Undefined: each file names its own. */
  readonly columns: readonly string[] | undefined
}

/**
 * `inventory`: S3 Inventory. `journal`: the result of a query of S3 Metadata's tables, with each key once, in the order
 * of the keys' bytes.
 */
export type InventoryKind = 'inventory' | 'journal'

interface InventoryFile {
  readonly path: string
  /** MD5 of its bytes, hex; undefined: not told. */
  readonly md5: string | undefined
}

/** One row of it. */
export interface InventoryRow {
  /** Decoded; undefined: it is no UTF-8. */
  readonly key: string | undefined
  /** Percent-encoded, if `key` is undefined. */
  readonly encodedKey: string
  /** The others, by the names of `columnName`; empty: no value. */
  readonly cells: ReadonlyMap<string, string>
}

const MANIFEST_BYTES_MAX = 64 * 1024 * 1024

const MANIFEST = z.object({
  fileFormat: z.string(),
  fileSchema: z.string(),
  files: z.array(z.object({ key: z.string(), MD5checksum: z.string().optional() })),
})

/**
 * Opens an inventory: S3's `manifest.json`, whose files are looked for beside it, in `data` and in `../data`; or a file
 * in Parquet or CSV, also gzip'ed, whose first row names its columns. Fails with words for people.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
 */
export async function openInventory(
  kind: InventoryKind,
  path: string,
): Promise<Result<Inventory, string>> {
  if (!existsSync(path)) return failure(`${path}: there is no such file`)
  if (kind === 'inventory' && path.endsWith('.json')) return openManifest(path)
  const wanted = kind === 'inventory' ? 'manifest.json or a file' : 'a file'
  return /\.(?:csv|csv\.gz|parquet)$/i.test(path)
    ? ok({ kind, files: [{ path, md5: undefined }], columns: undefined })
    : failure(`${path}: the ${kind} is ${wanted} in CSV (.csv, .csv.gz) or Parquet (.parquet)`)
}

async function openManifest(path: string): Promise<Result<Inventory, string>> {
  const manifest = parseManifest(await readFile(path, 'utf8'))
  if (manifest === undefined) return failure(`${path}: this is no manifest of an inventory`)
  const { fileFormat, fileSchema, files } = manifest
  if (fileFormat !== 'CSV' && fileFormat !== 'Parquet') {
    return failure(
      `${path}: the inventory is in ${fileFormat}; only CSV and Parquet are read, so set one of them as the output format`,
    )
  }
  const found: InventoryFile[] = []
  for (const { key, MD5checksum: md5 } of files) {
    const file = findData(path, key)
    if (file === undefined) {
      return failure(`${path}: its file ${basename(key)} is not beside it, in data or in ../data`)
    }
    if (fileFormat === 'Parquet' && !isParquet(file)) {
      return failure(`${path}: its file ${basename(key)} is not named as Parquet (.parquet)`)
    }
    found.push({ path: file, md5 })
  }
  // A Parquet file says itself which columns it has; the manifest repeats its schema.
  const columns =
    fileFormat === 'CSV' ? fileSchema.split(',').map((name) => name.trim()) : undefined
  return ok({ kind: 'inventory', files: found, columns })
}

/**
 * The rows of a file from one on. The file is compared with its MD5 first: a part of it would be a part of the
 * population. Throws an error with words for people.
 */
export async function* inventoryRows(
  { kind, columns }: Inventory,
  { path, md5 }: InventoryFile,
  from: number,
): AsyncGenerator<InventoryRow> {
  if (md5 !== undefined && !getHashes().includes('md5')) {
    throw new Error(
      `${path}: the manifest names its MD5, which cannot be computed in FIPS mode; make the plan where Node is not in FIPS mode`,
    )
  }
  if (md5 !== undefined && (await hashFile(path, 'md5')) !== md5.toLowerCase()) {
    throw new Error(`${path}: it is not the file of the manifest (MD5)`)
  }
  yield* isParquet(path) ? parquetInventory(path, from) : csvInventory(path, kind, columns, from)
}

/** Keys in an inventory in CSV are encoded as in a URL. Undefined: no UTF-8. */
function decodeInventoryKey(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

async function* csvInventory(
  path: string,
  kind: InventoryKind,
  columns: readonly string[] | undefined,
  from: number,
): AsyncGenerator<InventoryRow> {
  let names = columns === undefined ? undefined : columnNames(path, columns)
  let row = 0
  for await (const record of csvRecords(path)) {
    if (names === undefined) {
      names = columnNames(path, record)
      continue
    }
    row++
    if (record.length !== names.length) {
      const cells = `${record.length} cells for ${names.length} columns`
      throw new Error(`${path}: row ${row} has ${cells}: it is cut, or of another table`)
    }
    if (row <= from) continue
    const cells = new Map(names.map((name, i) => [name ?? '', record[i] ?? '']))
    const text = cells.get('key') ?? ''
    // A query's result has them as they are.
    const key = kind === 'inventory' ? decodeInventoryKey(text) : text
    yield { key, encodedKey: text, cells }
  }
}

/** A column that is there twice could be meant either way. */
function columnNames(path: string, columns: readonly string[]): readonly (string | undefined)[] {
  const names = columns.map(columnName)
  const known = names.filter((name) => name !== undefined)
  const twice = known.find((name, i) => known.indexOf(name) !== i)
  if (twice !== undefined) throw new Error(`${path}: it has the column ${twice} twice`)
  return names
}

/** Keys in Parquet are not encoded. */
async function* parquetInventory(path: string, from: number): AsyncGenerator<InventoryRow> {
  for await (const row of readParquet(path, from)) {
    const key = row.get('key')
    const cells = new Map<string, string>()
    for (const [name, cell] of row) cells.set(name, typeof cell === 'string' ? cell : cell.encoded)
    yield {
      key: typeof key === 'string' ? key : undefined,
      encodedKey: cells.get('key') ?? '',
      cells,
    }
  }
}

function isParquet(path: string): boolean {
  return /\.parquet$/i.test(path)
}

function parseManifest(text: string): z.infer<typeof MANIFEST> | undefined {
  if (text.length > MANIFEST_BYTES_MAX) return undefined
  try {
    return MANIFEST.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

function findData(manifest: string, key: string): string | undefined {
  const name = basename(key)
  const folder = dirname(manifest)
  const places = [folder, join(folder, 'data'), join(folder, '..', 'data')]
  return places.map((place) => join(place, name)).find((file) => existsSync(file))
}
