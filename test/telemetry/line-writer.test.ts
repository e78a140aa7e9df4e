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
import t from 'tap'
import {
  LineWriter,
  type LineWriterOptions,
  type LineWriterState,
} from '../../src/telemetry/line-writer.ts'

function options(
  destination: LineWriterOptions['destination'],
  states: LineWriterState[] = [],
  more: Partial<LineWriterOptions> = {},
): LineWriterOptions {
  const onState = (state: LineWriterState) => void states.push(state)
  return { destination, bufferOctetsMax: 1 << 20, writeOctetsMax: 1 << 16, onState, ...more }
}

function lines(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from }, (_, i) => `{"line":${from + i},"text":"ä€"}\n`)
}

t.test('lines arrive whole and in order, across many batches', async (t) => {
  const file = join(t.testdir(), 'audit')
  const writer = await LineWriter.open(options({ file }, [], { writeOctetsMax: 1000 }))
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

t.test('a lone line does not wait for company for long', async (t) => {
  const file = join(t.testdir(), 'audit')
  const writer = await LineWriter.open(options({ file }))
  writer.write('one\n')
  while (writer.pendingOctets > 0) await new Promise(setImmediate)
  t.equal(readFileSync(file, 'utf8'), 'one\n')
  await writer.close(5000)
})

t.test('after a rotation the new file gets the new lines, and none is lost', async (t) => {
  const folder = t.testdir()
  const file = join(folder, 'audit')
  const writer = await LineWriter.open(options({ file }, [], { writeOctetsMax: 500 }))
  const all = lines(0, 900)
  for (const line of all.slice(0, 300)) writer.write(line)
  const all300 = writer.pendingOctets
  while (writer.pendingOctets === all300) await new Promise(setImmediate)
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
  await writer.reopen()
  t.equal(await writer.close(5000), true)
  closeSync(descriptor)
  t.equal(readFileSync(file, 'utf8'), 'one\n')
})

t.test(
  'a full disk is told once; the lines are kept and, at the end, known to be missing',
  async (t) => {
    const states: LineWriterState[] = []
    const writer = await LineWriter.open(options({ file: '/dev/full' }, states))
    writer.write('one\n')
    while (states.length === 0) await new Promise(setImmediate)
    writer.write('two\n')
    t.equal(writer.pendingOctets, 8)
    t.equal(await writer.close(60), false)
    t.match(states, [{ kind: 'failing', cause: { code: 'ENOSPC' } }])
  },
)

t.test(
  'beyond the buffer lines are lost, counted and told; before, it says to take on no more',
  async (t) => {
    const states: LineWriterState[] = []
    const writer = await LineWriter.open(
      options({ file: '/dev/full' }, states, { bufferOctetsMax: 100 }),
    )
    const line = `${'x'.repeat(9)}\n`
    for (let i = 0; i < 5; i++) writer.write(line)
    t.equal(writer.isAccepting, true, 'half full')
    writer.write(line)
    t.equal(writer.isAccepting, false, 'more than half full')
    for (let i = 0; i < 4; i++) writer.write(line)
    t.equal(writer.lostLines, 0, 'full')
    for (let i = 0; i < 3; i++) writer.write(line)
    t.equal(writer.lostLines, 3)
    t.strictSame(states.filter(({ kind }) => kind === 'losing').length, 1)
    t.equal(await writer.close(10), false)
    writer.write(line)
    t.equal(writer.lostLines, 4, 'nothing is written after the end')
  },
)

t.test('a slow reader only delays: what a full pipe refuses is written later', async (t) => {
  const pipe = join(t.testdir(), 'pipe')
  execFileSync('mkfifo', [pipe])
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
  const descriptor = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK)
  const states: LineWriterState[] = []
  const writer = await LineWriter.open(options({ descriptor }, states))
  const all = lines(0, 6000)
  for (const line of all) writer.write(line)
  const expected = Buffer.byteLength(all.join(''))
  const chunks: Buffer[] = []
  let received = 0
  while (received < expected) {
    await new Promise(setImmediate)
    const chunk = Buffer.alloc(65_536)
    let size = 0
    try {
      size = readSync(reader, chunk)
    } catch {} // EAGAIN: nothing there yet
    chunks.push(chunk.subarray(0, size))
    received += size
  }
  t.equal(Buffer.concat(chunks).toString(), all.join(''))
  t.equal(await writer.close(5000), true)
  t.strictSame(states, [], 'slowness is no failure')
  closeSync(reader)
  closeSync(descriptor)
})

t.test('the last lines of a crashing process are written at once', async (t) => {
  const file = join(t.testdir(), 'audit')
  const writer = await LineWriter.open(options({ file }))
  writer.write('one\n')
  writer.write('two\n')
  writer.flushSync()
  t.equal(readFileSync(file, 'utf8'), 'one\ntwo\n')
  t.equal(writer.pendingOctets, 0)
  t.equal(await writer.close(5000), true)
  writer.flushSync()
  t.equal(readFileSync(file, 'utf8'), 'one\ntwo\n')
})

t.test('a file that cannot be opened is an error at once', async (t) => {
  await t.rejects(LineWriter.open(options({ file: join(t.testdir(), 'no', 'audit') })), {
    code: 'ENOENT',
  })
})
