import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { type InventoryKind, openInventory } from '../../src/sweep/inventory-rows.ts'
import { InventorySource } from '../../src/sweep/inventory-source.ts'
import { KEY, run, startScene, under } from './sweep-scene.ts'

const SCHEMA =
  'Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass'

function row(key: string, more: readonly string[] = ['', 'true', 'false']): string {
  const cells = ['bucket', key, ...more, '1', '2020-01-01T00:00:00.000Z', 'e', 'STANDARD']
  return cells.map((cell) => `"${cell}"`).join()
}

interface Wanted {
  readonly format?: string
  readonly md5?: string
}

/** A manifest with gzip'ed files in `data`; returns its path. */
function write(
  directory: string,
  files: readonly string[],
  { format = 'CSV', md5 }: Wanted = {},
): string {
  mkdirSync(join(directory, 'data'), { recursive: true })
  const listed = files.map((text, i) => {
    const bytes = gzipSync(text)
    writeFileSync(join(directory, 'data', `${i}.csv.gz`), bytes)
    const checksum = md5 ?? createHash('md5').update(bytes).digest('hex')
    return {
      key: `inventory/bucket/id/data/${i}.csv.gz`,
      size: bytes.length,
      MD5checksum: checksum,
    }
  })
  const path = join(directory, 'manifest.json')
  writeFileSync(path, JSON.stringify({ fileFormat: format, fileSchema: SCHEMA, files: listed }))
  return path
}

async function keysOf(
  path: string,
  versions: 'current' | 'all',
  from?: unknown,
  kind: InventoryKind = 'inventory',
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

t.test('an inventory names current versions, or all', async (t) => {
  const path = write(t.testdir(), [
    [row('a+b%2Bc%22', ['v2', 'true', 'false']), row('a+b%2Bc%22', ['v1', 'false', 'false'])].join(
      '\n',
    ),
    [row('gone', ['d', 'true', 'true']), row('gone', ['v1', 'false', 'false']), row('z')].join(
      '\r\n',
    ),
  ])
  t.strictSame(await keysOf(path, 'current'), ['a b+c"', 'z'])
  t.strictSame(await keysOf(path, 'all'), ['a b+c" v2', 'a b+c" v1', 'gone v1', 'z null'])
})

t.test('a row that is not one of the table ends the plan, and is not passed over', async (t) => {
  const directory = t.testdir()
  let n = 0
  const read = (text: string, versions: 'current' | 'all' = 'current') => {
    const path = join(directory, `${n++}.csv`)
    writeFileSync(path, text)
    return keysOf(path, versions)
  }
  const head = 'Bucket,Key,VersionId,IsLatest,IsDeleteMarker\n'
  t.strictSame(await read(`${head}bucket,a,v,true,false\nbucket,b,v,TRUE,False\n`), ['a', 'b'])
  const mixed = `${head}bucket,a,v1,False,false\nbucket,b,v2,True,True\nbucket,c,v3,true,\n`
  t.strictSame(await read(mixed), ['c'], 'as other programs write it')
  t.strictSame(await read(mixed, 'all'), ['a v1', 'c v3'])
  t.match(await read(`${head}bucket,a,v,yes,false\n`), 'islatest that is neither true nor false')
  t.match(await read(`${head}bucket,a,v,true\n`), 'row 1 has 4 cells for 5 columns')
  t.match(await read(`${head}bucket,a,v,true,false\nbucket\n`), 'row 2 has 1 cells')
  t.match(await read(`${head}bucket,a,v,true,false,more\n`), 'row 1 has 6 cells')
  t.match(await read(`${head}bucket,,v,true,false\n`), 'without a key')
  t.match(await read(`${head},a,v,true,false\n`), 'without a bucket')
  t.match(await read('Bucket,Key,key\nbucket,a,b\n'), 'the column key twice')
})

t.test('a source goes on at any of its positions', async (t) => {
  const keys = Array.from({ length: 2500 }, (_, i) => String(i).padStart(4, '0'))
  const rows = keys.map((key) => row(key))
  const path = write(t.testdir(), [rows.slice(0, 1200).join('\n'), rows.slice(1200).join('\n')])
  t.strictSame(await keysOf(path, 'current'), keys)
  t.strictSame(await keysOf(path, 'current', { file: 0, row: 1000 }), keys.slice(1000))
  t.strictSame(await keysOf(path, 'current', { file: 1, row: 800 }), keys.slice(2000))
  t.match(await keysOf(path, 'current', { file: 1, row: 9999 }), 'not the same any more')
})

t.test('a plan of an inventory asks S3 for what it names', async (t) => {
  const scene = await startScene(t)
  await scene.put('a', under(KEY))
  await scene.put('b')
  await scene.put('not named')
  const path = write(join(scene.directory, 'inventory'), [
    [row('a'), row('b'), row('deleted')].join('\n'),
  ])
  const state = join(scene.directory, 'state')
  const args = ['--config', scene.config, '--bucket', 'bucket', '--state', state]
  const { code, stdout, stderr } = await run([
    'sweep',
    'plan',
    ...args,
    '--source',
    `inventory:${path}`,
  ])
  t.equal(code, 3, stderr)
  t.match(stdout, '3 object versions')
  t.match(stdout, /sealed +1 .*\n.*update +1 .*\n.*gone +1 /)
})

t.test('an inventory of current versions is none of all versions', async (t) => {
  const scene = await startScene(t)
  await scene.put('a')
  const file = join(scene.directory, 'current.csv')
  const planned = async (name: string, columns: string, cells: string) => {
    writeFileSync(file, `Bucket,Key${columns}\nbucket,a${cells}\n`)
    const state = join(scene.directory, name)
    const args = ['--config', scene.config, '--bucket', 'bucket', '--state', state]
    return run(['sweep', 'plan', ...args, '--source', `inventory:${file}`, '--versions', 'all'])
  }
  for (const [columns, cells] of [
    ['', ''],
    [',VersionId', ','],
    [',IsLatest', ',true'],
  ] as const) {
    const { code, stderr } = await planned(`state${columns}`, columns, cells)
    t.equal(code, 1)
    t.match(stderr, 'the inventory is of current versions only: it has no VersionId')
  }
  t.equal((await planned('whole', ',VersionId,IsLatest', ',,true')).code, 3)
})

t.test('keys that requests cannot name are told, and are left', async (t) => {
  const scene = await startScene(t)
  await scene.put('a', under(KEY))
  const path = write(join(scene.directory, 'inventory'), [[row('a'), row('%FF')].join('\n')])
  const state = join(scene.directory, 'state')
  const args = ['--config', scene.config, '--bucket', 'bucket', '--source', `inventory:${path}`]
  t.equal((await run(['sweep', 'plan', ...args, '--state', state])).code, 3)
  for (const command of ['status', 'run', 'report', 'verify']) {
    const { code, stdout, stderr } = await run(['sweep', command, '--state', state])
    t.equal(code, 3, stdout + stderr)
    t.match(stdout, /^ *1 keys have no UTF-8 form: requests cannot name them$/m, command)
  }
  const html = await run(['sweep', 'report', '--state', state, '--format', 'html'])
  t.match(html.stdout, '<li>1 keys have no UTF-8 form')
  t.match(html.stdout, '<li><b>cannot</b> bucket/%FF: no-name')
  const csv = await run(['sweep', 'report', '--state', state, '--format', 'csv'])
  const rows = csv.stdout.trimEnd().split('\r\n')
  t.equal(rows.length, 3, 'the head, the version and the key')
  t.match(rows[2], /^bucket,%FF,,,left,cannot,no-name: the key is percent-encoded,+$/)
  const lines = await run(['sweep', 'report', '--state', state, '--format', 'json'])
  t.match(JSON.parse(lines.stdout.trimEnd().split('\n')[1] ?? ''), { key: '%FF', class: 'cannot' })
  const json = await run(['sweep', 'run', '--state', state, '--format', 'json'])
  t.match(JSON.parse(json.stdout), { event: 'run', left: 0, unreadable: 1 })
})

t.test('what is no inventory, or a part of one, is refused', async (t) => {
  const directory = t.testdir()
  t.match(await keysOf(write(directory, [row('a')], { format: 'ORC' }), 'all'), 'in ORC; only CSV')
  const named = await keysOf(write(directory, [row('a')], { format: 'Parquet' }), 'all')
  t.match(named, 'not named as Parquet')
  t.match(await keysOf(write(directory, [row('a')], { md5: 'f'.repeat(32) }), 'all'), 'MD5')
  const other = write(directory, [row('a').replace('"bucket"', '"other"')])
  t.match(await keysOf(other, 'all'), 'no object of this bucket')
  const cut = write(directory, [Array(500).fill(row('a')).join('\n')])
  const data = join(directory, 'data', '0.csv.gz')
  const manifest = readFileSync(cut, 'utf8').replace(/,"MD5checksum":"[^"]*"/, '')
  writeFileSync(cut, manifest)
  truncateSync(data, 40)
  t.match(await keysOf(cut, 'all'), 'unexpected end of file')
  rmSync(data)
  t.match(await keysOf(cut, 'all'), 'not beside it')
  const plain = join(directory, 'x.csv')
  writeFileSync(plain, 'Name,Size\na,1\n')
  t.match(await keysOf(plain, 'all'), 'columns Bucket and Key')
  writeFileSync(plain, 'Bucket,Key\nbucket,a\n')
  t.strictSame(await keysOf(plain, 'current'), ['a'])
  t.match(await keysOf(plain, 'all'), 'of current versions only: it has no VersionId')
  t.match(await keysOf(join(directory, 'none.csv'), 'all'), 'no such file')
  writeFileSync(join(directory, 'x.orc'), '')
  t.match(await keysOf(join(directory, 'x.orc'), 'all'), 'manifest.json or a file in CSV')
})

t.test('a query of S3 Metadata names keys as they are, once', async (t) => {
  const path = join(t.testdir(), 'query.csv')
  const keysIn = (...rows: readonly string[]) => {
    writeFileSync(path, ['"bucket","key","size"', ...rows, ''].join('\n'))
    return keysOf(path, 'current', undefined, 'journal')
  }
  t.strictSame(
    await keysIn('"other","a","1"', '"bucket","a%2B+b","1"', '"bucket","q""\r\nx","1"'),
    ['a%2B+b', 'q"\r\nx'],
  )
  t.match(await keysIn('"bucket","b","1"', '"bucket","b","1"'), 'GROUP BY bucket, key ORDER BY key')
  // S3 and Athena compare the bytes of UTF-8, in which U+FFFD comes before U+10000.
  t.strictSame(await keysIn('"bucket","\uFFFD","1"', '"bucket","\u{10000}","1"'), [
    '\uFFFD',
    '\u{10000}',
  ])
  t.match(await keysIn('"bucket","\u{10000}","1"', '"bucket","\uFFFD","1"'), 'out of order')
  t.match(await keysIn('"bucket","a'), 'the last row has no end')

  t.test('also over pages and after a stop', async (t) => {
    const rows = Array.from(
      { length: 1500 },
      (_, i) => `"bucket","${String(i).padStart(4, '0')}",""`,
    )
    t.equal((await keysIn(...rows)).length, 1500)
    t.match(await keysIn(...rows.slice(0, 1000), '"bucket","0999",""'), 'a key twice')
    const position = { file: 0, row: 1000, key: '0999' }
    t.match(await keysOf(path, 'current', position, 'journal'), 'a key twice')
  })
})

t.test('S3 Metadata names no current version', async (t) => {
  const scene = await startScene(t)
  const args = [
    '--config',
    scene.config,
    '--bucket',
    'bucket',
    '--state',
    join(scene.directory, 's'),
  ]
  const { code, stderr } = await run([
    'sweep',
    'plan',
    ...args,
    '--source',
    'journal:x.csv',
    '--versions',
    'all',
  ])
  t.equal(code, 2)
  t.match(stderr, 'does not say which version is current')
})
