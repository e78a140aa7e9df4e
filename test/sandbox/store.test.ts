import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Store } from '../../src/sandbox/store.ts'
import { temporaryFolder } from './start-test-sandbox.ts'

t.test('buckets are made, found, found again and removed', async (t) => {
  const folder = temporaryFolder(t)
  const store = new Store(folder)
  store.create('bucket-b', 1)
  store.create('bucket-a', 2)
  mkdirSync(join(folder, 'buckets', 'not-a-bucket'))
  const again = new Store(folder)
  t.strictSame(
    again.buckets().map(({ record }) => [record.name, record.created]),
    [
      ['bucket-a', 2],
      ['bucket-b', 1],
    ],
  )
  t.equal(again.bucket('bucket-a').record.name, 'bucket-a')
  t.equal(again.find('none'), undefined)
  t.throws(() => again.bucket('none'), { code: 'NoSuchBucket' })
  again.remove('bucket-a')
  t.throws(() => again.remove('bucket-a'), { code: 'NoSuchBucket' })
  t.equal(new Store(folder).buckets().length, 1)
})

t.test('a bucket with an object is not removed', async (t) => {
  const store = new Store(temporaryFolder(t))
  store.create('bucket', 1).put({
    key: 'a',
    size: 0,
    etag: 'e',
    lastModified: 1,
    checksum: undefined,
    headers: {},
    tags: [],
    encryption: { kind: 's3' },
    acl: [],
    lock: { retention: undefined, legalHold: undefined },
    segments: [],
    parts: undefined,
  })
  t.throws(() => store.remove('bucket'), { code: 'BucketNotEmpty', status: 409 })
})
