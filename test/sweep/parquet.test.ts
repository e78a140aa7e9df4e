import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { columnName } from '../../src/sweep/inventory-columns.ts'
import { type InventoryKind, openInventory } from '../../src/sweep/inventory-rows.ts'
import { InventorySource } from '../../src/sweep/inventory-source.ts'
import { parquetRows } from '../../src/sweep/parquet-rows.ts'
import { run, startScene } from './sweep-scene.ts'

/** Files that Apache Arrow has written: `make.py` beside them. */
const FIXTURES = fileURLToPath(new URL('../../../test/fixtures/parquet', import.meta.url))

const VERSIONS = ['a b+c"%2B v2', 'a b+c"%2B v1', 'ü/日本.txt v1', 'line\nend null', 'z null']

interface Reading {
  readonly versions?: 'current' | 'all'
  readonly kind?: InventoryKind
  readonly from?: unknown
}

/** The keys of a file, or the words of its failure. */
async function keysOf(
  path: string,
  { versions = 'current', kind = 'inventory', from }: Reading = {},
) {
  const opened = await openInventory(kind, path)
  if (!opened.ok) return opened.error
  const source = new InventorySource(opened.value, '', versions)
  const keys: string[] = []
  let position: unknown = from
  for (;;) {
    const page = await source.readPage('bucket', position)
    if (!page.ok) return page.error
    keys.push(...page.value.unreadable.map((key) => `unreadable ${key}`))
    keys.push(...page.value.entries.map(({ key, versionId }) => `${key} ${versionId ?? ''}`.trim()))
    if (page.value.next === undefined) return keys
    position = page.value.next
  }
}

/** The same without pages and threads. */
async function rowsOf(path: string, from = 0): Promise<readonly unknown[]> {
  const keys: unknown[] = []
  for await (const row of parquetRows(path, columnName, from)) keys.push(row.get('key'))
  return keys
}

function fixture(name: string): string {
  return join(FIXTURES, `${name}.parquet`)
}

t.test('an inventory in Parquet names current versions, or all', async (t) => {
  for (const name of ['versions', 'pages-2', 'plain']) {
    t.strictSame(await keysOf(fixture(name), { versions: 'all' }), VERSIONS, name)
    const current = ['a b+c"%2B', 'line\nend', 'z']
    t.strictSame(await keysOf(fixture(name)), current, name)
  }
})

t.test('its rows have sizes, dates and tags', async (t) => {
  const opened = await openInventory('inventory', fixture('versions'))
  if (!opened.ok) throw new Error(opened.error)
  const page = await new InventorySource(opened.value, 'z', 'current').readPage('bucket', undefined)
  t.match(page, {
    value: {
      entries: [
        {
          key: 'z',
          bytes: 1,
          lastModified: '2020-01-01T00:00:00.000Z',
          etag: '"0123456789abcdef0123456789abcdef"',
          storageClass: 'STANDARD',
        },
      ],
    },
  })
})

t.test('a file is read from any row on, whatever pages the columns have', async (t) => {
  const path = fixture('many')
  const keys = Array.from({ length: 2500 }, (_, i) => `key-${String(i).padStart(5, '0')}`)
  for (const row of [0, 1, 899, 900, 901, 1731, 2499, 2500]) {
    t.strictSame(await rowsOf(path, row), keys.slice(row), String(row))
  }
  t.strictSame(await keysOf(path), keys, 'in pages of a plan')
  t.strictSame(await keysOf(path, { from: { file: 0, row: 2500 } }), [])
  t.match(await keysOf(path, { from: { file: 0, row: 2501 } }), 'not the same any more')
})

t.test('a query of S3 Metadata in Parquet has each key once', async (t) => {
  t.strictSame(await keysOf(fixture('journal'), { kind: 'journal' }), ['a', 'b', 'c'])
  t.match(await keysOf(fixture('journal-twice'), { kind: 'journal' }), 'a key twice')
})

t.test('a key that is no UTF-8 is not taken for another', async (t) => {
  t.strictSame(await keysOf(fixture('no-utf8')), ['unreadable %FF%25', 'a'])
})

t.test('what cannot be read is refused with what to do', async (t) => {
  t.match(await keysOf(fixture('zstd')), /zstd\.parquet: .*unsupported compression codec: ZSTD/)
  t.match(await keysOf(fixture('delta')), 'the encoding DELTA_BYTE_ARRAY is not read: write')
  t.match(await keysOf(fixture('other')), 'no columns Bucket and Key')
  t.match(await keysOf(fixture('list')), 'no columns Bucket and Key', 'a list is no key')
  t.match(await keysOf(fixture('large-page')), 'a page is larger than 16777216 bytes: write')
  const versionless = await keysOf(fixture('journal'), { versions: 'all' })
  t.match(versionless, 'of current versions only')
})

t.test('a file among others whose rows have none of the columns is not passed over', async (t) => {
  const directory = t.testdir()
  copyFileSync(fixture('versions'), join(directory, 'one.parquet'))
  const other = readFileSync(fixture('other')).toString('latin1').replaceAll('size', 'sixe')
  writeFileSync(join(directory, 'two.parquet'), other, 'latin1')
  const files = ['one', 'two'].map((name) => ({ key: `inventory/${name}.parquet` }))
  const path = join(directory, 'manifest.json')
  writeFileSync(path, JSON.stringify({ fileFormat: 'Parquet', fileSchema: '', files }))
  t.match(await keysOf(path), /two\.parquet: .*it has none of the columns/)
})

t.test('a file whose groups have fewer rows than it names is refused', async (t) => {
  const bytes = readFileSync(fixture('many'))
  // The field num_rows of the footer, 2,500 as Thrift writes it, becomes 2,499.
  const at = bytes.lastIndexOf(Buffer.from([0x16, 0x88, 0x27]))
  t.ok(at > 0)
  bytes.writeUInt8(0x86, at + 1)
  const path = join(t.testdir(), 'rows.parquet')
  writeFileSync(path, bytes)
  t.match(await keysOf(path), 'its groups have not the rows that it names')
})

t.test('a file that is cut anywhere is refused', async (t) => {
  const whole = readFileSync(fixture('versions'))
  const path = join(t.testdir(), 'cut.parquet')
  for (let size = 0; size < whole.length; size += 31) {
    writeFileSync(path, whole.subarray(0, size))
    await t.rejects(rowsOf(path), { message: `${path}: it cannot be read as Parquet` }, `${size}`)
  }
})

t.test('a file that lies about its sizes ends in words, not in memory', async (t) => {
  const path = join(t.testdir(), 'lie.parquet')
  const whole = readFileSync(fixture('plain'))
  const footer = Buffer.from(whole)
  footer.writeUInt32LE(0x7fff_ffff, footer.length - 8)
  writeFileSync(path, footer)
  t.match(await keysOf(path), 'its footer has more than 16777216 bytes')
  // The levels of a column without nulls: one run of six ones becomes one of two thousand million.
  const levels = Buffer.from([2, 0, 0, 0, 6 << 1, 1])
  const date = Buffer.alloc(8)
  date.writeBigInt64LE(BigInt(Date.UTC(2020, 0, 1)))
  const run = Buffer.from(whole)
  const at = run.indexOf(Buffer.concat([levels, date]))
  t.ok(at > 0)
  Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x0f, 1]).copy(run, at + 4)
  writeFileSync(path, run)
  t.match(await keysOf(path), 'needs more than 192 MiB of memory: write the file with smaller')
})

t.test('a plan of an inventory in Parquet asks S3 for what it names', async (t) => {
  const scene = await startScene(t)
  await scene.put('z')
  await scene.put('line\nend')
  const path = join(scene.directory, 'z.parquet')
  copyFileSync(fixture('versions'), path)
  const args = [
    '--config',
    scene.config,
    '--bucket',
    'bucket',
    '--state',
    join(scene.directory, 's'),
  ]
  const { code, stdout, stderr } = await run([
    'sweep',
    'plan',
    ...args,
    '--source',
    `inventory:${path}`,
  ])
  t.equal(code, 3, stderr)
  t.match(stdout, /update +2 .*\n.*gone +1 /)
})
