import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { splitCsvRow } from '../base/csv-row.ts'
import { isRecord, textOf } from './audit-line.ts'
import { readText, UnusableData } from './read-cloudtrail.ts'

/** An object as an inventory of S3 has it. */
export interface ListedObject {
  readonly bucket: string
  /** Decoded. */
  readonly key: string
  /** Without quotes; undefined: the inventory does not have it. */
  readonly etag: string | undefined
  /** `YYYY-MM-DDTHH:mm:ss.sssZ`; undefined: the inventory does not have it. */
  readonly lastModified: string | undefined
  /** `SSE-KMS`, `SSE-S3`, …; undefined: the inventory does not have it. */
  readonly encryption: string | undefined
}

/** An inventory of one bucket. */
export interface Inventory {
  readonly buckets: ReadonlySet<string>
  readonly objects: readonly ListedObject[]
  /** When S3 began to list; undefined: not told. */
  readonly createdAt: string | undefined
}

const OBJECTS_MAX = 1_000_000

/**
 * Reads an inventory: S3's `manifest.json`, whose CSV files are looked for beside it, in `data/` and in
 * `../data/`; or a CSV file whose first row names its columns as `fileSchema` does. Only the newest
 * versions count, and no delete markers. Throws UnusableData.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
 */
export function readInventory(path: string): Inventory {
  if (!path.endsWith('.json')) return fromRows(splitRows(readText(path)), undefined, undefined)
  const manifest: unknown = parseManifest(path)
  const schema = isRecord(manifest) ? textOf(manifest, 'fileSchema') : undefined
  const files = isRecord(manifest) ? manifest['files'] : undefined
  if (!isRecord(manifest) || manifest['fileFormat'] !== 'CSV' || schema === undefined) {
    throw new UnusableData(`${path}: no manifest of an inventory in CSV`)
  }
  const columns = schema.split(',').map((name) => name.trim())
  const created = Number(textOf(manifest, 'creationTimestamp') ?? Number.NaN)
  const rows = (Array.isArray(files) ? files : []).filter(isRecord).flatMap((file) => {
    const data = findData(path, textOf(file, 'key') ?? '')
    return splitRows(readText(data))
  })
  const createdAt = Number.isNaN(created) ? undefined : new Date(created).toISOString()
  return fromRows(rows, columns, createdAt)
}

function parseManifest(path: string): unknown {
  try {
    return JSON.parse(readText(path))
  } catch (error) {
    if (error instanceof SyntaxError) throw new UnusableData(`${path}: ${error.message}`)
    throw error
  }
}

function findData(manifest: string, key: string): string {
  const name = basename(key)
  const folder = dirname(manifest)
  const places = [folder, join(folder, 'data'), join(folder, '..', 'data')]
  const found = places.map((place) => join(place, name)).find((file) => existsSync(file))
  if (name === '' || found === undefined) {
    throw new UnusableData(`${manifest}: its file ${name} is not beside it, in data or in ../data`)
  }
  return found
}

/** `columns`: undefined if the first row names them. */
function fromRows(
  rows: readonly (readonly string[])[],
  columns: readonly string[] | undefined,
  createdAt: string | undefined,
): Inventory {
  const names = columns ?? rows[0] ?? []
  const at = (name: string): number => names.indexOf(name)
  if (at('Bucket') === -1 || at('Key') === -1) {
    throw new UnusableData('an inventory has the columns Bucket and Key')
  }
  const buckets = new Set<string>()
  const objects: ListedObject[] = []
  for (const row of columns === undefined ? rows.slice(1) : rows) {
    const cell = (name: string): string | undefined => row[at(name)] || undefined
    const bucket = cell('Bucket')
    const key = decodeKey(cell('Key'))
    if (bucket === undefined || key === undefined) continue
    buckets.add(bucket)
    if (cell('IsLatest') === 'false' || cell('IsDeleteMarker') === 'true') continue
    if (objects.length >= OBJECTS_MAX) throw new UnusableData(`more than ${OBJECTS_MAX} objects`)
    objects.push({
      ...{ bucket, key },
      etag: cell('ETag')?.replaceAll('"', ''),
      lastModified: cell('LastModifiedDate'),
      encryption: cell('EncryptionStatus'),
    })
  }
  return { buckets, objects, createdAt }
}

/** Keys in an inventory are encoded as in a URL. */
function decodeKey(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

/** Rows of CSV without line ends in cells, as inventories are. */
function splitRows(text: string): readonly (readonly string[])[] {
  return text
    .split(/\r?\n/)
    .filter((row) => row !== '')
    .map(splitCsvRow)
}
