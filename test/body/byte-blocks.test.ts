import fc from 'fast-check'
import t from 'tap'
import { ByteBlocks } from '../../src/body/byte-blocks.ts'

t.test('property: the bytes are those of the pieces, in order', async () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 10 }),
    fc.nat(600_000).map((length) => new Uint8Array(length).fill(length % 251)),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const blocks = new ByteBlocks()
      for (const bytes of pieces) blocks.add(Buffer.from(bytes))
      return blocks.join().equals(Buffer.concat(pieces))
    }),
    { numRuns: 200 },
  )
})

t.test('pieces of one byte take no more than their bytes, and one block', async (t) => {
  const blocks = new ByteBlocks()
  const one = Buffer.from('x')
  t.equal(blocks.allocated, 0)
  for (let i = 0; i < 600_000; i++) blocks.add(one)
  t.equal(blocks.allocated, 3 * 256 * 1024)
  t.equal(blocks.join().length, 600_000)
})
