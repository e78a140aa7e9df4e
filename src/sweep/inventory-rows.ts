import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { z } from 'zod'
import { splitCsvRow } from '../base/csv-row.ts'
import { failure, ok, type Result } from '../base/result.ts'

/** An S3 Inventory on this machine. */
export interface Inventory {
  readonly files: readonly InventoryFile[]
  /** Undefined: the first row of the file names them. */
  readonly columns: readonly string[] | undefined
}

interface InventoryFile {
  readonly path: string
  /** MD5 of its bytes, hex; undefined: not told. */
  readonly md5: string | undefined
}

/** Keys have at most 1,024 bytes, each of which may be escaped to three. */
const ROW_CHARACTERS_MAX = 64 * 1024
const MANIFEST_BYTES_MAX = 64 * 1024 * 1024

const MANIFEST = z.object({
  fileFormat: z.string(),
  fileSchema: z.string(),
  files: z.array(z.object({ key: z.string(), MD5checksum: z.string().optional() })),
})

/**
 * Opens an inventory: S3's `manifest.json`, whose files are looked for beside it, in `data` and in `../data`; or a CSV
 * file, also gzip'ed, whose first row names its columns. Fails with words for people.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
 */
export async function openInventory(path: string): Promise<Result<Inventory, string>> {
  if (!existsSync(path)) return failure(`${path}: there is no such file`)
  if (!path.endsWith('.json')) {
    return /\.csv(?:\.gz)?$/i.test(path)
      ? ok({ files: [{ path, md5: undefined }], columns: undefined })
      : failure(`${path}: an inventory is manifest.json or a file in CSV (.csv, .csv.gz)`)
  }
  const manifest = parseManifest(await readFile(path, 'utf8'))
  if (manifest === undefined) return failure(`${path}: this is no manifest of an inventory`)
  const { fileFormat, fileSchema, files } = manifest
  if (fileFormat !== 'CSV') {
    return failure(
      `${path}: the inventory is in ${fileFormat}; only CSV is read, so set it as the output format`,
    )
  }
  const found: InventoryFile[] = []
  for (const { key, MD5checksum: md5 } of files) {
    const file = findData(path, key)
    if (file === undefined) {
      return failure(`${path}: its file ${basename(key)} is not beside it, in data or in ../data`)
    }
    found.push({ path: file, md5 })
  }
  return ok({ files: found, columns: fileSchema.split(',').map((name) => name.trim()) })
}

/**
 * The rows of a file of an inventory, by the names of its columns. The file is compared with its MD5 first: a part of it
 * would be a part of the population. Throws an error with words for people.
 */
export async function* inventoryRows(
  { path, md5 }: InventoryFile,
  columns: readonly string[] | undefined,
): AsyncGenerator<ReadonlyMap<string, string>> {
  if (md5 !== undefined && (await hashOf(path)) !== md5.toLowerCase()) {
    throw new Error(`${path}: it is not the file of the manifest (MD5)`)
  }
  let names = columns
  for await (const line of textLines(path)) {
    const cells = splitCsvRow(line)
    if (names === undefined) {
      names = cells
      continue
    }
    yield new Map(names.map((name, i) => [name, cells[i] ?? '']))
  }
}

/** Keys in an inventory are encoded as in a URL. Undefined: no UTF-8. */
export function decodeInventoryKey(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
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

async function hashOf(path: string): Promise<string> {
  const hash = createHash('md5')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

/** Lines without their ends. A cut gzip file is an error. */
async function* textLines(path: string): AsyncGenerator<string> {
  const bytes = createReadStream(path)
  const stream = path.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes
  bytes.on('error', (error) => stream.destroy(error))
  stream.setEncoding('utf8')
  let rest = ''
  for await (const chunk of stream) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') yield line.replace(/\r$/, '')
    if (rest.length > ROW_CHARACTERS_MAX) throw new Error(`${path}: a row is too long`)
  }
  if (rest.trim() !== '') yield rest
}
