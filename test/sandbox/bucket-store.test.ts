import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { BucketStore, newFileName } from '../../src/sandbox/bucket-store.ts'
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
    versioning: undefined,
    acl: [],
    ownership: undefined,
    lock: undefined,
  })
  return { folder, store }
}

function put(store: BucketStore, key: string, text: string): ObjectRecord {
  const file = newFileName()
  writeFileSync(store.dataPath(file), text)
  return store.put({
    key,
    size: text.length,
    etag: 'e',
    lastModified: 1000,
    checksum: undefined,
    headers: {},
    tags: [],
    encryption: { kind: 's3' },
    acl: [],
    lock: { retention: undefined, legalHold: undefined },
    segments: [{ file, size: text.length }],
    parts: undefined,
  })
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
  t.equal(readdirSync(join(folder, 'versions')).length, 1)
  store.remove('a', 'null')
  store.remove('a', 'null')
  t.strictSame([dataOf(folder), readdirSync(join(folder, 'versions'))], [[], []])
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
  const [old = ''] = readdirSync(join(folder, 'versions'))
  const oldRecord = readFileSync(join(folder, 'versions', old))
  put(store, 'a', 'two')
  writeFileSync(join(folder, 'versions', old), oldRecord)
  writeFileSync(join(folder, 'versions', `${'0'.repeat(64)}.000000000000009.json`), '{"key":')
  writeFileSync(join(folder, 'data', 'stray'), 'x')
  const again = BucketStore.open(folder)
  const record = again.find('a')
  t.equal(readFileSync(again.dataPath(record?.segments[0]?.file ?? ''), 'utf8'), 'two')
  t.equal(readdirSync(join(folder, 'versions')).length, 1)
  t.equal(dataOf(folder).length, 1)
  put(again, 'a', 'three')
  t.equal(BucketStore.open(folder).find('a')?.size, 5)
})

t.test('linked data is independent of its source', async (t) => {
  const { store } = newStore(t)
  const { store: other } = newStore(t)
  const record = put(store, 'a', 'one')
  const segment = other.linkData(store, record.segments[0] ?? { file: '', size: 0 })
  store.remove('a', 'null')
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
    acl: [],
    lock: { retention: undefined, legalHold: undefined },
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

t.test(
  'a bucket with versions keeps them all, the newest first, also after a restart',
  async (t) => {
    const { folder, store } = newStore(t)
    const before = put(store, 'a', 'before')
    store.update({ ...store.record, versioning: 'Enabled' })
    const first = put(store, 'a', 'first')
    const second = put(store, 'a', 'second')
    store.replace({ ...first, tags: [['a', 'b']] })
    const ids = [second.versionId, first.versionId, before.versionId]
    t.equal(before.versionId, 'null')
    t.equal(new Set(ids).size, 3)
    for (const one of [store, BucketStore.open(folder)]) {
      t.strictSame(
        one.versions('a').map(({ versionId }) => versionId),
        ids,
      )
      t.equal(one.find('a')?.size, 6)
      t.match(one.findVersion('a', first.versionId), { size: 5, tags: [['a', 'b']] })
    }
    t.equal(dataOf(folder).length, 3)
    t.equal(store.remove('a', second.versionId)?.versionId, second.versionId)
    t.equal(store.find('a')?.versionId, first.versionId, 'the one before is current again')
    t.equal(dataOf(folder).length, 2)
  },
)

t.test(
  'while versions are suspended, the version null is replaced and becomes the newest',
  async (t) => {
    const { folder, store } = newStore(t)
    put(store, 'a', 'before')
    store.update({ ...store.record, versioning: 'Enabled' })
    const kept = put(store, 'a', 'kept')
    store.update({ ...store.record, versioning: 'Suspended' })
    put(store, 'a', 'after')
    const ids = () => store.versions('a').map(({ versionId }) => versionId)
    t.strictSame(ids(), ['null', kept.versionId])
    t.equal(store.find('a')?.size, 5)
    store.putDeleteMarker('a', 1000)
    t.strictSame(ids(), ['null', kept.versionId])
    t.equal(store.find('a'), undefined)
    t.match(BucketStore.open(folder).current('a'), { kind: 'delete-marker', versionId: 'null' })
    t.equal(dataOf(folder).length, 1)
    t.strictSame(store.keys(), ['a'])
  },
)
