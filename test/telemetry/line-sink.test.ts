import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openLineSink } from '../../src/telemetry/line-sink.ts'

const FILE = { kind: 'file', writeBytesMax: 256 * 1024 }
const STREAM = { kind: 'stream', endsTorn: false, writeBytesMax: 32 * 1024 }

t.test('a file that is made, one that ends in a line, and one that does not', async (t) => {
  const folder = t.testdir({ whole: 'a\n', torn: 'a\nb', empty: '' })
  for (const [name, endsTorn] of [
    ['new', false],
    ['empty', false],
    ['whole', false],
    ['torn', true],
  ] as const) {
    const file = join(folder, name)
    const sink = await openLineSink({ file })
    t.match(sink, { ...FILE, endsTorn }, name)
    await sink.close()
    const descriptor = openSync(file, 'a')
    t.match(await openLineSink({ descriptor }), { ...FILE, endsTorn }, `${name}, by descriptor`)
    closeSync(descriptor)
  }
})

t.test('a pipe is a stream however it is named, and opening it waits for nobody', async (t) => {
  const fifo = join(t.testdir(), 'fifo')
  execFileSync('mkfifo', [fifo])
  const sink = await openLineSink({ file: fifo })
  t.match(sink, STREAM)
  await sink.close()
  const device = await openLineSink({ file: '/dev/null' })
  t.match(device, STREAM)
  await device.close()
})

t.test('a folder and a path that is not there are refused', async (t) => {
  const folder = t.testdir()
  mkdirSync(join(folder, 'sub'))
  writeFileSync(join(folder, 'file'), '')
  await t.rejects(openLineSink({ file: join(folder, 'sub') }), { code: 'EISDIR' })
  await t.rejects(openLineSink({ file: join(folder, 'file', 'audit') }), { code: 'ENOTDIR' })
})

/** What a process says of its stdout, started by a shell with these redirections. */
function sizeOfStdout(redirections: string): number {
  const module = new URL('../../src/telemetry/line-sink.js', import.meta.url)
  const program = `
    import { openLineSink } from ${JSON.stringify(module.href)}
    const { writeBytesMax } = await openLineSink({ descriptor: 1 })
    process.exitCode = Math.log2(writeBytesMax)`
  const command = `"${process.execPath}" --input-type=module --eval '${program}' ${redirections}`
  return 2 ** (spawnSync('sh', ['-c', command], { stdio: 'pipe' }).status ?? 0)
}

t.test(
  'where the log goes the same way, writes are no larger than a pipe keeps whole',
  async (t) => {
    t.equal(sizeOfStdout(''), 32 * 1024)
    t.equal(sizeOfStdout('2>&1'), 4096)
    t.equal(sizeOfStdout('2>&-'), 32 * 1024)
  },
)
