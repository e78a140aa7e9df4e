import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readInventory } from '../../src/report/read-inventory.ts'

t.test('cells of an inventory are read as S3 quotes them', async (t) => {
  const file = join(t.testdir(), 'inventory.csv')
  const rows = [
    'Bucket,Key,ETag,EncryptionStatus',
    '"b","a%2Cb+c","e1","SSE-KMS"',
    'b,plain,,SSE-S3',
    '"b","say ""hi"", twice","","SSE-KMS"',
  ]
  writeFileSync(file, `${rows.join('\r\n')}\r\n`)
  const { buckets, objects } = readInventory(file)
  t.strictSame([...buckets], ['b'])
  t.strictSame(
    objects.map(({ key, etag, encryption }) => [key, etag, encryption]),
    [
      ['a,b c', 'e1', 'SSE-KMS'],
      ['plain', undefined, 'SSE-S3'],
      ['say "hi", twice', undefined, 'SSE-KMS'],
    ],
  )
})
