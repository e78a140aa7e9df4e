import fc from 'fast-check'
import t from 'tap'
import type { ByteSource } from '../../src/trail/byte-source.ts'
import { LineCursor } from '../../src/trail/line-cursor.ts'

/** A file that gives at most `readBytes` at once. */
function sourceOf(bytes: Buffer, readBytes: number): ByteSource {
  let from = 0
  return {
    diskBytes: bytes.length,
    readBytes: 0,
    read: async (buffer, at) => {
      const end = Math.min(from + readBytes, from + buffer.length - at)
      const count = bytes.copy(buffer, at, from, end)
      from += count
      return count
    },
    close: () => undefined,
  }
}

t.test('every line comes once, with its place, and as a leaf behind a byte 0', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 600_000 }), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1000, max: 2_000_000 }),
      fc.integer({ min: 0, max: 3 }),
      async (lengths, readBytes, restBytes) => {
        const lines = lengths.map((length, i) => Buffer.alloc(length, 0x61 + i))
        const rest = Buffer.alloc(restBytes, 0x7a)
        const file = Buffer.concat([...lines.flatMap((line) => [line, Buffer.of(0x0a)]), rest])
        const cursor = new LineCursor('f', sourceOf(file, readBytes))
        let offset = 0
        for (const [i, expected] of lines.entries()) {
          let line = cursor.next()
          while (line === undefined && (await cursor.fill())) line = cursor.next()
          t.ok(line?.equals(expected))
          t.ok(cursor.leaf.equals(Buffer.concat([Buffer.of(0), expected])))
          t.ok(line?.equals(expected), 'and the line is what it was')
          t.strictSame(cursor.place, { file: 'f', line: i + 1, offset, bytes: expected.length })
          offset += expected.length + 1
        }
        t.equal(cursor.next(), undefined)
        while (await cursor.fill()) t.equal(cursor.next(), undefined)
        t.ok(cursor.rest.equals(rest))
      },
    ),
    { numRuns: 15 },
  )
})
