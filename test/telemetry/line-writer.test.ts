import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { type LineDestination, openLineSink } from '../../src/telemetry/line-sink.ts'
import {
  LineWriter,
  type LineWriterOptions,
  type LineWriterState,
} from '../../src/telemetry/line-writer.ts'
import { SmallDisk } from './small-disk.ts'

function options(
  destination: LineDestination | SmallDisk,
  states: LineWriterState[] = [],
  { writeBytesMax = 1 << 16, bufferBytesMax = 1 << 20 } = {},
): LineWriterOptions {
  return {
    openSink: async () =>
      destination instanceof SmallDisk
        ? destination.open(writeBytesMax)
        : { ...(await openLineSink(destination)), writeBytesMax },
    bufferBytesMax,
    onState: (state) => void states.push(state),
  }
}

function lines(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from }, (_, i) => `{"line":${from + i},"text":"ä€"}\n`)
}

t.test('lines arrive whole and in order, across many batches', async (t) => {
  const file = join(t.testdir(), 'audit')
  const writer = await LineWriter.open(options({ file }, [], { writeBytesMax: 1000 }))
  const all = lines(0, 5000)
  for (const [i, line] of all.entries()) {
    writer.write(line)
    if (i % 777 === 0) await new Promise(setImmediate)
  }
  t.equal(await writer.close(5000), true)
  t.equal(readFileSync(file, 'utf8'), all.join(''))
  t.equal(statSync(file).mode & 0o777, 0o600, 'nobody else may read it')
})

t.test('what is there already is kept', async (t) => {
  const file = join(t.testdir({ audit: 'old\n' }), 'audit')
  const writer = await LineWriter.open(options({ file }))
  writer.write('new\n')
  await writer.close(5000)
  t.equal(readFileSync(file, 'utf8'), 'old\nnew\n')
})

t.test('a half line that is there already, of a crash, stays alone', async (t) => {
  const file = join(t.testdir({ audit: '{"half":"' }), 'audit')
  const writer = await LineWriter.open(options({ file }))
  writer.write('{"new":1}\n')
  writer.write('{"new":2}\n')
  await writer.close(5000)
  t.equal(readFileSync(file, 'utf8'), '{"half":"\n{"new":1}\n{"new":2}\n')
  const again = await LineWriter.open(options({ file }))
  again.write('{"new":3}\n')
  again.flushSync()
  await again.close(5000)
  t.ok(readFileSync(file, 'utf8').endsWith('{"new":2}\n{"new":3}\n'), 'no empty line')
})

t.test('a caller can wait until its line has been written', async (t) => {
  const file = join(t.testdir(), 'audit')
  const writer = await LineWriter.open(options({ file }))
  writer.write('one\n')
  t.equal(await writer.written(5000), true)
  t.equal(readFileSync(file, 'utf8'), 'one\n')
  t.equal(await writer.written(0), true, 'nothing is pending')
  await writer.close(5000)
})

t.test('a line that cannot be written in time is told', async (t) => {
  const full = new SmallDisk(0)
  const writer = await LineWriter.open(options(full))
  writer.write('one\n')
  t.equal(await writer.written(50), false)
  await writer.close(0)
})

t.test('a lone line does not wait for company for long', async (t) => {
  const file = join(t.testdir(), 'audit')
  const writer = await LineWriter.open(options({ file }))
  writer.write('one\n')
  while (writer.pendingBytes > 0) await new Promise(setImmediate)
  t.equal(readFileSync(file, 'utf8'), 'one\n')
  await writer.close(5000)
})

t.test('after a rotation the new file gets the new lines, and none is lost', async (t) => {
  const folder = t.testdir()
  const file = join(folder, 'audit')
  const writer = await LineWriter.open(options({ file }, [], { writeBytesMax: 500 }))
  const all = lines(0, 900)
  for (const line of all.slice(0, 300)) writer.write(line)
  const all300 = writer.pendingBytes
  while (writer.pendingBytes === all300) await new Promise(setImmediate)
  renameSync(file, join(folder, 'audit.1'))
  for (const line of all.slice(300, 600)) writer.write(line)
  await writer.reopen()
  for (const line of all.slice(600)) writer.write(line)
  t.equal(await writer.close(5000), true)
  const [before, after] = [
    readFileSync(join(folder, 'audit.1'), 'utf8'),
    readFileSync(file, 'utf8'),
  ]
  t.equal(before + after, all.join(''))
  t.ok(after.endsWith(all.slice(600).join('')))
  t.ok(before.endsWith('\n'), 'no line is split between the files')
})

t.test('a rotation that fails keeps the old file', async (t) => {
  const folder = t.testdir({ sub: {} })
  const file = join(folder, 'sub', 'audit')
  const writer = await LineWriter.open(options({ file }))
  renameSync(join(folder, 'sub'), join(folder, 'gone'))
  await t.rejects(writer.reopen(), { code: 'ENOENT' })
  writer.write('still\n')
  t.equal(await writer.close(5000), true)
  t.equal(readFileSync(join(folder, 'gone', 'audit'), 'utf8'), 'still\n')
})

t.test('a descriptor is written to and left open', async (t) => {
  const file = join(t.testdir(), 'audit')
  const descriptor = openSync(file, 'a')
  const writer = await LineWriter.open(options({ descriptor }))
  writer.write('one\n')
  t.equal(await writer.close(5000), true)
  closeSync(descriptor)
  t.equal(readFileSync(file, 'utf8'), 'one\n')
})

t.test(
  'a full disk is told once; no work is taken on; at the end, lines are missing',
  async (t) => {
    const states: LineWriterState[] = []
    const writer = await LineWriter.open(options({ file: '/dev/full' }, states))
    t.equal(writer.isAccepting, true)
    writer.write('one\n')
    while (states.length === 0) await new Promise(setImmediate)
    t.equal(writer.isAccepting, false, 'from the first write that fails')
    writer.write('zwölf\n')
    t.equal(writer.pendingBytes, 11, 'bytes, not characters')
    t.equal(writer.lostLines, 0)
    t.equal(await writer.close(60), false)
    t.equal(writer.lostLines, 2)
    t.match(states, [{ kind: 'stalled', cause: { code: 'ENOSPC' } }])
  },
)

t.test('room for a moment only: what is cut short stands whole behind a newline', async (t) => {
  const disk = new SmallDisk(25)
  const states: LineWriterState[] = []
  const writer = await LineWriter.open(options(disk, states))
  for (let i = 0; i < 5; i++) writer.write(`{"line":${i}}\n`)
  while (states.length === 0) await new Promise(setImmediate)
  t.equal(writer.isAccepting, false)
  t.equal(disk.text, '{"line":0}\n{"line":1}\n{"l')
  disk.append(Buffer.from('')) // as full as before
  disk.room = 1000
  t.equal(await writer.close(5000), true)
  t.equal(disk.text, '{"line":0}\n{"line":1}\n{"l\n{"line":2}\n{"line":3}\n{"line":4}\n')
  t.match(states, [{ kind: 'stalled' }, { kind: 'recovered', lostLines: 0, brokenLines: 1 }])
})

t.test('however a disk fills and empties, each line stands whole once', async () => {
  const steps = fc.array(
    fc.record({
      lines: fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 6 }),
      room: fc.nat({ max: 90 }),
      turns: fc.nat({ max: 3 }),
      /** Another program appends to the same file. */
      isShared: fc.boolean(),
    }),
    { maxLength: 10 },
  )
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom('', '{"old":1}\n', '{"ol'), async (all, old) => {
      const disk = new SmallDisk(0, old)
      const writer = await LineWriter.open(options(disk, [], { writeBytesMax: 64 }))
      const written: string[] = []
      for (const { lines: texts, room, turns, isShared } of all) {
        for (const text of texts) {
          const line = JSON.stringify({ id: written.length, text })
          written.push(line)
          writer.write(`${line}\n`)
        }
        disk.room += room
        for (let i = 0; i < turns; i++) await new Promise(setImmediate)
        if (isShared) appendForeign(disk)
      }
      disk.room = Number.POSITIVE_INFINITY
      if (!(await writer.close(5000))) return false
      const found = disk.text.split('\n').filter((line) => isOurs(line))
      return (
        found.join('\n') === written.join('\n') &&
        (written.length === 0 || disk.text.endsWith('\n'))
      )
    }),
    { numRuns: 200 },
  )
})

/** A line of another program's, whole; not behind a line of ours that lacks nothing but its end. */
function appendForeign(disk: SmallDisk): void {
  if (isOurs(disk.text.slice(disk.text.lastIndexOf('\n') + 1))) return
  const line = Buffer.from('{"foreign":true}\n')
  disk.room += line.length
  disk.append(line)
}

/** A line that can be read, and is neither another writer's nor was there before. */
function isOurs(line: string): boolean {
  try {
    const found: unknown = JSON.parse(line)
    return typeof found === 'object' && found !== null && 'id' in found
  } catch {
    return false
  }
}

t.test(
  'beyond the buffer lines are lost, counted and told; before, it takes on no more',
  async (t) => {
    const states: LineWriterState[] = []
    const disk = new SmallDisk(0)
    const writer = await LineWriter.open(options(disk, states, { bufferBytesMax: 100 }))
    const line = `${'x'.repeat(9)}\n`
    for (let i = 0; i < 5; i++) writer.write(line)
    t.equal(writer.isAccepting, true, 'half full')
    writer.write(line)
    t.equal(writer.isAccepting, false, 'more than half full')
    for (let i = 0; i < 4; i++) writer.write(line)
    t.equal(writer.lostLines, 0, 'full')
    for (let i = 0; i < 3; i++) writer.write(line)
    t.equal(writer.lostLines, 3)
    t.equal(states.filter(({ kind }) => kind === 'losing').length, 1)
    disk.room = 1000
    while (!writer.isAccepting) await new Promise(setImmediate)
    t.match(states.at(-1), { kind: 'recovered', lostLines: 3 })
    t.equal(await writer.close(10), false, 'three are missing')
    writer.write(line)
    t.equal(writer.lostLines, 4, 'nothing is written after the end')
    t.equal(disk.text, line.repeat(10))
  },
)

t.test('what a crash could not write is counted', async (t) => {
  const disk = new SmallDisk(15)
  const writer = await LineWriter.open(options(disk))
  for (let i = 0; i < 4; i++) writer.write(`line ${i}\n`)
  writer.flushSync()
  t.equal(disk.text, 'line 0\nline 1\nl')
  t.equal(writer.lostLines, 2)
})

/** A pipe with both ends, neither blocking. */
function makePipe(folder: string): { readonly reader: number; readonly path: string } {
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  return { path, reader: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) }
}

/** What is in the pipe now. */
function readAll(reader: number): Buffer {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = Buffer.alloc(65_536)
    try {
      const size = readSync(reader, chunk)
      if (size === 0) break
      chunks.push(chunk.subarray(0, size))
    } catch {
      break // EAGAIN: nothing there yet
    }
  }
  return Buffer.concat(chunks)
}

t.test('a slow reader only delays: what a full pipe refuses is written later', async (t) => {
  const { reader, path } = makePipe(t.testdir())
  const states: LineWriterState[] = []
  const writer = await LineWriter.open(options({ file: path }, states))
  const all = lines(0, 6000)
  for (const line of all) writer.write(line)
  const expected = Buffer.byteLength(all.join(''))
  let received = Buffer.alloc(0)
  while (received.length < expected) {
    await new Promise(setImmediate)
    received = Buffer.concat([received, readAll(reader)])
  }
  t.equal(received.toString(), all.join(''))
  t.equal(await writer.close(5000), true)
  t.strictSame(states, [], 'slowness is no failure')
  closeSync(reader)
})

t.test('a reader that comes late, or is started anew, misses nothing', async (t) => {
  const path = join(t.testdir(), 'pipe')
  execFileSync('mkfifo', [path])
  const writer = await LineWriter.open(options({ file: path }))
  const read = (): string => {
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const text = readAll(reader).toString()
    closeSync(reader)
    return text
  }
  let text = ''
  for (const line of lines(0, 3)) {
    writer.write(line)
    while (writer.pendingBytes > 0) await new Promise(setImmediate)
    text += read()
  }
  t.equal(text, lines(0, 3).join(''))
  t.equal(await writer.close(5000), true)
})

t.test(
  'a pipe that nobody reads does not hold up the end, and the lines are counted',
  async (t) => {
    const { reader, path } = makePipe(t.testdir())
    const writer = await LineWriter.open(options({ file: path }))
    const all = lines(0, 6000)
    for (const line of all) writer.write(line)
    t.equal(await writer.close(200), false)
    const text = readAll(reader).toString()
    t.equal(text.split('\n').length - 1 + writer.lostLines, all.length)
    closeSync(reader)
  },
)

t.test('the last lines of a crashing process are written at once', async (t) => {
  const file = join(t.testdir(), 'audit')
  const writer = await LineWriter.open(options({ file }))
  writer.write('one\n')
  writer.write('two\n')
  writer.flushSync()
  t.equal(readFileSync(file, 'utf8'), 'one\ntwo\n')
  t.equal(writer.pendingBytes, 0)
  t.equal(await writer.close(5000), true)
  writer.flushSync()
  t.equal(readFileSync(file, 'utf8'), 'one\ntwo\n')
})

t.test('a file that cannot be opened is an error at once', async (t) => {
  const destination = { file: join(t.testdir(), 'no', 'audit') }
  await t.rejects(LineWriter.open(options(destination)), { code: 'ENOENT' })
})
