import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { DataFileWriter } from '../../src/sandbox/data-file.ts'
import { temporaryFolder } from './start-test-sandbox.ts'

t.test('pieces of any size give the file', async (t) => {
  const folder = temporaryFolder(t)
  const cases = [
    [],
    [0],
    [1],
    [65_536],
    [65_537],
    [1_048_576],
    [700_000, 700_000, 5],
    [3_000_000, 1],
  ]
  for (const [index, sizes] of cases.entries()) {
    const path = join(folder, String(index))
    const pieces = sizes.map((size, i) => Buffer.alloc(size, i + 1))
    const writer = new DataFileWriter(path)
    for (const piece of pieces) await writer.write(piece)
    await writer.finish()
    t.ok(readFileSync(path).equals(Buffer.concat(pieces)), sizes.join())
  }
})

t.test('a discarded file is gone, small or large', async (t) => {
  const folder = temporaryFolder(t)
  for (const size of [10, 2_000_000]) {
    const path = join(folder, String(size))
    const writer = new DataFileWriter(path)
    await writer.write(Buffer.alloc(size))
    await writer.write(Buffer.alloc(size))
    await writer.discard()
    t.notOk(existsSync(path))
  }
})

t.test('a disk error comes out', async (t) => {
  const writer = new DataFileWriter(join(temporaryFolder(t), 'none', 'file'))
  await t.rejects(
    async () => {
      await writer.write(Buffer.alloc(2_000_000))
      await writer.finish()
    },
    { code: 'ENOENT' },
  )
  await writer.discard()
})
