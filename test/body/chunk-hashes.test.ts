import t from 'tap'
import { ChunkHashes } from '../../src/body/chunk-hashes.ts'

t.test('a hash is given for the very bytes of a chunk', async (t) => {
  const hashes = new ChunkHashes()
  hashes.add(10, 'a')
  hashes.add(10, 'b')
  hashes.add(0, 'empty')
  t.equal(hashes.take(10), 'a')
  t.equal(hashes.take(10), 'b')
  t.equal(hashes.take(10), undefined)
})

t.test('no hash is given for other bytes, and what was passed is forgotten', async (t) => {
  const hashes = new ChunkHashes()
  for (const [bytes, sha256] of [
    [4, 'a'],
    [6, 'b'],
    [5, 'c'],
    [15, 'd'],
    [10, 'e'],
  ] as const) {
    hashes.add(bytes, sha256)
  }
  t.equal(hashes.take(10), undefined, 'two chunks')
  t.equal(hashes.take(10), undefined, 'one and a part')
  t.equal(hashes.take(10), undefined, 'the end of a longer one')
  t.equal(hashes.take(10), 'e')
})
