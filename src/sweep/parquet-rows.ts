import { type FileHandle, open } from 'node:fs/promises'
import { type FileMetaData, parquetMetadata, parquetSchema, type SchemaTree } from 'hyparquet'
import { type Cell, ParquetColumn } from './parquet-columns.ts'

/** A footer describes every group of rows; that of a file with 10,000 groups has about ten MiB. */
const FOOTER_BYTES_MAX = 16 * 1024 * 1024
/** The footer's length, and the magic number. */
const TAIL_BYTES = 8
const MAGIC = 'PAR1'

/** Where rows are read from. */
interface RowGroup {
  readonly start: number
  readonly rows: number
  readonly columns: ReadonlyMap<string, ParquetColumn>
}

/**
 * The rows of a Parquet file from one on, with those of the columns that it has, by the names that `nameOf` gives
 * them; undefined: a column is not read. Memory is that of one page a column, whatever the size of the file and of
 * its groups. Throws an error with words for people.
 *
 * Source: https://parquet.apache.org/docs/file-format/
 */
export async function* parquetRows(
  path: string,
  nameOf: (column: string) => string | undefined,
  from = 0,
): AsyncGenerator<ReadonlyMap<string, Cell>> {
  const handle = await open(path, 'r')
  try {
    const metadata = await readMetadata(handle)
    for (const group of rowGroups(handle, metadata, nameOf)) {
      if (group.start + group.rows > from) yield* rowsOf(group, Math.max(0, from - group.start))
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${path}: it cannot be read as Parquet: ${reason}`)
  } finally {
    await handle.close()
  }
}

async function readMetadata(handle: FileHandle): Promise<FileMetaData> {
  const { size } = await handle.stat()
  const tail = await readBytes(handle, Math.max(0, size - TAIL_BYTES), Math.min(size, TAIL_BYTES))
  if (tail.length < TAIL_BYTES || tail.toString('latin1', 4) !== MAGIC) {
    throw new Error('it does not end as a Parquet file')
  }
  const length = tail.readUInt32LE(0)
  if (length > FOOTER_BYTES_MAX) {
    throw new Error(`its footer has more than ${FOOTER_BYTES_MAX} bytes: write several files`)
  }
  if (length + TAIL_BYTES > size) throw new Error('it is cut')
  const footer = await readBytes(handle, size - length - TAIL_BYTES, length + TAIL_BYTES)
  return parquetMetadata(footer, { geoparquet: false })
}

/** The groups, one after the other: each has columns of its own. */
function* rowGroups(
  handle: FileHandle,
  metadata: FileMetaData,
  nameOf: (column: string) => string | undefined,
): Generator<RowGroup> {
  const schema = parquetSchema(metadata)
  const total = metadata.row_groups.reduce((sum, { num_rows: rows }) => sum + rows, 0n)
  if (total !== metadata.num_rows) throw new Error('its groups have not the rows that it names')
  let start = 0
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows)
    if (!Number.isSafeInteger(rows) || rows < 0) throw new Error('a group does not say its rows')
    const columns = columnsOf(handle, group, schema, nameOf)
    // Its rows would be passed over.
    if (columns.size === 0) throw new Error('it has none of the columns')
    yield { start, rows, columns }
    start += rows
  }
}

function columnsOf(
  handle: FileHandle,
  { columns: chunks, num_rows: rows }: FileMetaData['row_groups'][number],
  schema: SchemaTree,
  nameOf: (column: string) => string | undefined,
): ReadonlyMap<string, ParquetColumn> {
  const columns = new Map<string, ParquetColumn>()
  for (const { meta_data: meta } of chunks) {
    const name =
      meta?.path_in_schema.length === 1 ? nameOf(meta.path_in_schema[0] ?? '') : undefined
    if (meta === undefined || name === undefined) continue
    if (columns.has(name)) throw new Error(`it has the column ${name} twice`)
    columns.set(name, new ParquetColumn(handle, meta, pathOf(schema, name, nameOf), Number(rows)))
  }
  return columns
}

/** The schema's root and the column. A list is none of an inventory's. */
function pathOf(
  schema: SchemaTree,
  name: string,
  nameOf: (column: string) => string | undefined,
): SchemaTree[] {
  const leaf = schema.children.find(({ element }) => nameOf(element.name) === name)
  const isFlat = leaf?.children.length === 0 && leaf.element.repetition_type !== 'REPEATED'
  if (leaf === undefined || !isFlat) throw new Error(`the column ${name} is a list`)
  return [schema, leaf]
}

async function* rowsOf(
  { rows, columns }: RowGroup,
  from: number,
): AsyncGenerator<ReadonlyMap<string, Cell>> {
  const all = [...columns]
  for (let row = 0; row < rows; ) {
    let count = rows - row
    for (const [name, column] of all) {
      await column.fill()
      if (column.ready === 0) throw new Error(`the column ${name} ends before its group`)
      count = Math.min(count, column.ready)
    }
    const skipped = Math.min(count, Math.max(0, from - row))
    for (const [, column] of all) column.skip(skipped)
    for (let i = skipped; i < count; i++) {
      yield new Map(all.map(([name, column]) => [name, column.take()]))
    }
    row += count
  }
}

async function readBytes(handle: FileHandle, start: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await handle.read(bytes, 0, length, start)
  return bytes.subarray(0, bytesRead)
}
