import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { BucketStore, compareUtf8, newFileName } from '../../src/sandbox/bucket-store.ts'
import { DEFAULT_BUCKET_ENCRYPTION } from '../../src/sandbox/encryption.ts'
import type { ObjectRecord, UploadRecord } from '../../src/sandbox/records.ts'
import { type Teardown, temporaryFolder } from './start-test-sandbox.ts'

function newStore(t: Teardown): { folder: string; store: BucketStore } {
  const folder = temporaryFolder(t)
  const store = BucketStore.create(folder, {
    name: 'bucket',
    created: 1,
    encryption: DEFAULT_BUCKET_ENCRYPTION,
    tags: [],
    policy: undefined,
    cors: undefined,
  })
  return { folder, store }
}

function put(store: BucketStore, key: string, text: string): ObjectRecord {
  const file = newFileName()
  writeFileSync(store.dataPath(file), text)
  const record: ObjectRecord = {
    key,
    size: text.length,
    etag: 'e',
    lastModified: 1000,
    checksum: undefined,
    headers: {},
    tags: [],
    encryption: { kind: 's3' },
    segments: [{ file, size: text.length }],
    partCount: undefined,
  }
  store.put(record)
  return record
}

const dataOf = (folder: string) => readdirSync(join(folder, 'data'))

t.test('objects are found again after a restart', async (t) => {
  const { folder, store } = newStore(t)
  const names = ['a', 'a/b', '../../escape', 'ü/日本', 'k'.repeat(1024), '']
  for (const name of names) put(store, name, name)
  const again = BucketStore.open(folder)
  t.strictSame([...again.keys()].sort(), [...names].sort())
  t.equal(again.find('../../escape')?.size, 12)
  t.equal(again.record.name, 'bucket')
  t.notOk(again.isEmpty)
})

t.test('a replaced object leaves no data behind, nor does a removed one', async (t) => {
  const { folder, store } = newStore(t)
  put(store, 'a', 'one')
  put(store, 'a', 'two')
  t.equal(dataOf(folder).length, 1)
  t.equal(readdirSync(join(folder, 'objects')).length, 1)
  store.remove('a')
  store.remove('a')
  t.strictSame([dataOf(folder), readdirSync(join(folder, 'objects'))], [[], []])
  t.strictSame(store.keys(), [])
})

t.test('data that is being read outlives its object', async (t) => {
  const { folder, store } = newStore(t)
  const record = put(store, 'a', 'one')
  const path = store.dataPath(record.segments[0]?.file ?? '')
  const first = store.pin(record.segments)
  const second = store.pin(record.segments)
  put(store, 'a', 'two')
  first()
  first()
  t.equal(readFileSync(path, 'utf8'), 'one')
  second()
  t.notOk(existsSync(path))
  t.equal(dataOf(folder).length, 1)
})

t.test('after a crash the last record counts, cut ones and stray data are dropped', async (t) => {
  const { folder, store } = newStore(t)
  put(store, 'a', 'one')
  const [old = ''] = readdirSync(join(folder, 'objects'))
  const oldRecord = readFileSync(join(folder, 'objects', old))
  put(store, 'a', 'two')
  writeFileSync(join(folder, 'objects', old), oldRecord)
  writeFileSync(join(folder, 'objects', `${'0'.repeat(64)}.000000000000009.json`), '{"key":')
  writeFileSync(join(folder, 'data', 'stray'), 'x')
  const again = BucketStore.open(folder)
  const record = again.find('a')
  t.equal(readFileSync(again.dataPath(record?.segments[0]?.file ?? ''), 'utf8'), 'two')
  t.equal(readdirSync(join(folder, 'objects')).length, 1)
  t.equal(dataOf(folder).length, 1)
  put(again, 'a', 'three')
  t.equal(BucketStore.open(folder).find('a')?.size, 5)
})

t.test('linked data is independent of its source', async (t) => {
  const { store } = newStore(t)
  const { store: other } = newStore(t)
  const record = put(store, 'a', 'one')
  const segment = other.linkData(store, record.segments[0] ?? { file: '', size: 0 })
  store.remove('a')
  t.equal(readFileSync(other.dataPath(segment.file), 'utf8'), 'one')
  other.discard([segment])
  t.notOk(existsSync(other.dataPath(segment.file)))
})

t.test('uploads and parts are found again; their data goes with them', async (t) => {
  const { folder, store } = newStore(t)
  const upload: UploadRecord = {
    id: 'abc',
    key: 'large',
    initiated: 1,
    checksumAlgorithm: undefined,
    checksumType: 'COMPOSITE',
    accessKeyId: 'A',
    headers: {},
    tags: [],
    encryption: { kind: 's3' },
  }
  const part = (number: number) => {
    const file = newFileName()
    writeFileSync(store.dataPath(file), 'part')
    return {
      number,
      size: 4,
      etag: 'e',
      lastModified: 1,
      checksum: undefined,
      segments: [{ file, size: 4 }],
    }
  }
  store.putUpload(upload)
  const parts = [part(10), part(2), part(2)]
  for (const one of parts) t.ok(store.putPart('abc', one))
  t.notOk(store.putPart('none', part(1)))
  const again = BucketStore.open(folder)
  t.strictSame(
    again.parts('abc').map(({ number }) => number),
    [2, 10],
  )
  t.equal(dataOf(folder).length, 2, 'the replaced part and the one without an upload are gone')
  t.equal(again.findUpload('abc')?.key, 'large')
  again.removeUpload('abc', parts[0]?.segments ?? [])
  again.removeUpload('abc', [])
  t.strictSame([again.uploads(), again.parts('abc')], [[], []])
  t.equal(dataOf(folder).length, 1, 'what an object took stays')
})

t.test('settings can change, and all can go', async (t) => {
  const { folder, store } = newStore(t)
  store.update({ ...store.record, tags: [['a', 'b']] })
  t.strictSame(BucketStore.open(folder).record.tags, [['a', 'b']])
  t.ok(store.isEmpty)
  store.destroy()
  t.notOk(existsSync(folder))
})

t.test('keys are ordered as UTF-8 octets', async (t) => {
  const keys = ['b', 'a', 'a/', 'a.', 'ü', 'Z', '\uffee', '😀', '']
  const expected = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  t.strictSame(keys.toSorted(compareUtf8), expected)
})
