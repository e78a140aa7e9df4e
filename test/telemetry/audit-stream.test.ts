import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { AuditLog } from '../../src/telemetry/audit-log.ts'
import type { AuditState } from '../../src/telemetry/audit-stream.ts'
import { REFUSED, UPLOAD } from '../support/audit-records.ts'
import { readOneStream } from '../support/read-trail.ts'

const ORIGIN = 'audit.example.com/sealgate/gw-0'
const FACTS = { version: '0.2.0', replica: 'gw-0', worker: 3, node: null, policy: 'sha256:00' }

interface Options {
  readonly directory: string
  readonly states?: AuditState[]
  readonly fileBytesMax?: number
  readonly bufferBytesMax?: number
}

function open({ directory, states = [], fileBytesMax, bufferBytesMax }: Options) {
  return AuditLog.open({
    destination: 'stdout',
    onState: (state) => void states.push(state),
    ...(bufferBytesMax === undefined ? {} : { bufferBytesMax }),
    evidence: {
      origin: ORIGIN,
      directory,
      facts: FACTS,
      ...(fileBytesMax === undefined ? {} : { fileBytesMax }),
    },
  })
}

function linesFiles(directory: string): readonly string[] {
  return readdirSync(join(directory, 'lines')).sort()
}

/** Waits until what was written stands in the files. */
async function flushed(t: Test, directory: string, count: number): Promise<void> {
  for (let i = 0; i < 500; i++) {
    const text = linesFiles(directory).map((file) => readFileSync(join(directory, 'lines', file)))
    if (Buffer.concat(text).toString().split('\n').length > count) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  t.fail('the lines are not there')
}

t.test('a process life is a stream in a file of its own: open, its lines, close', async (t) => {
  const directory = join(t.testdir(), 'audit')
  const log = await open({ directory })
  log.write(UPLOAD)
  log.noteReload('sha256:01')
  log.write(REFUSED)
  t.equal(await log.close(), true)
  const lines = readOneStream(directory, ORIGIN)
  t.match(lines, [
    { record: 'open', origin: ORIGIN, ...FACTS, previous: null, seq: 0 },
    { requestId: UPLOAD.requestId, seq: 1 },
    { record: 'reload', policy: 'sha256:01', seq: 2 },
    { requestId: REFUSED.requestId, seq: 3 },
    { record: 'close', lines: 5, lost: 0, reason: 'stop', seq: 4 },
  ])
  const [file = '', ...more] = linesFiles(directory)
  t.strictSame(more, [])
  t.match(file, /^\d{8}T\d{9}Z-gw-0-w3-[\w-]{8}\.0000\.jsonl$/)
  t.equal(statSync(join(directory, 'lines', file)).mode & 0o777, 0o600)
  t.equal(statSync(join(directory, 'lines')).mode & 0o777, 0o700)
  const [begun = ''] = readFileSync(join(directory, 'lines', file), 'utf8').split('\n')
  t.match(begun, /^\{"time":"[^"]{24}","record":"open",/)
})

t.test('the next life names the last checkpoint', async (t) => {
  const root = Buffer.alloc(32, 7).toString('base64')
  const note = `${ORIGIN}\n12\n${root}\n\n\u2014 ${ORIGIN} AAAA\n`
  const directory = t.testdir({ tree: { checkpoint: note } })
  const log = await open({ directory })
  await log.close()
  const [first] = readOneStream(directory, ORIGIN)
  t.strictSame(first?.previous, { origin: ORIGIN, size: 12, root })
})

t.test('a file ends when it is full, and the stream goes on in the next', async (t) => {
  const directory = t.testdir()
  const log = await open({ directory, fileBytesMax: 5000 })
  for (let i = 0; i < 40; i++) {
    log.write(UPLOAD)
    if (i % 7 === 0) await new Promise(setImmediate)
  }
  t.equal(await log.close(), true)
  const lines = readOneStream(directory, ORIGIN)
  const files = linesFiles(directory)
  t.ok(files.length > 4, `${files.length} files`)
  t.strictSame(
    lines.map(({ seq }) => seq),
    lines.map((_, i) => i),
    'in order over the files',
  )
  for (const [i, line] of lines.entries()) {
    if (line.record !== 'rotate') continue
    t.not(lines[i + 1]?.file, line.file, 'it is the last of its file')
    t.equal(lines[i + 1]?.file, line.next)
  }
})

t.test('lines that do not fit use up their numbers, and a record tells them', async (t) => {
  const directory = t.testdir()
  const log = await open({ directory, bufferBytesMax: 3000 })
  for (let i = 0; i < 20; i++) log.write(UPLOAD)
  t.ok(log.lostLines > 10)
  t.equal(log.isAccepting, false)
  await flushed(t, directory, 2)
  while (!log.isAccepting) await new Promise(setImmediate)
  log.write(REFUSED)
  t.equal(await log.close(), false)
  const lines = readOneStream(directory, ORIGIN)
  const lost = lines.find(({ record }) => record === 'lost')
  t.match(lost, { count: log.lostLines, cause: 'overflow' })
  const at = lines.findIndex(({ record }) => record === 'lost')
  t.equal(lost?.first, (lines[at - 1]?.seq ?? 0) + 1)
  t.equal(lost?.seq, Number(lost?.first) + log.lostLines)
  t.match(lines.at(-1), { record: 'close', lost: log.lostLines, lines: lines.length })
})

for (const damage of ['file-deleted', 'file-shrunk'] as const) {
  t.test(`somebody's hand at the open file is noticed and recorded: ${damage}`, async (t) => {
    const directory = t.testdir()
    const states: AuditState[] = []
    const log = await open({ directory, states })
    for (let i = 0; i < 5; i++) log.write(UPLOAD)
    await flushed(t, directory, 6)
    const [file = ''] = linesFiles(directory)
    const path = join(directory, 'lines', file)
    if (damage === 'file-deleted') rmSync(path)
    else truncateSync(path, 0)
    // The writer itself has to hear first that its lines were written.
    for (let i = 0; i < 1000 && states.length === 0; i++) {
      await log.reopen()
      await new Promise(setImmediate)
    }
    t.match(states, [{ kind: 'damaged', damage, error: undefined }])
    t.equal(log.isAccepting, true)
    log.write(REFUSED)
    t.equal(await log.close(), true)
    if (damage === 'file-shrunk') rmSync(path)
    const next = readFileSync(join(directory, 'lines', linesFiles(directory)[0] ?? ''), 'utf8')
    const lines = next
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    t.match(lines, [
      { record: 'lost', first: 0, count: 6, cause: damage, seq: 6 },
      { requestId: REFUSED.requestId, seq: 7 },
      { record: 'close', seq: 8 },
    ])
  })
}

t.test('without a folder, the lines of the destination are chained', async (t) => {
  const directory = t.testdir({ lines: {} })
  const file = join(directory, 'lines', 'audit.jsonl')
  writeFileSync(file, '')
  const log = await AuditLog.open({
    destination: { file },
    onState: () => t.fail('no state'),
    evidence: { origin: ORIGIN, directory: undefined, facts: FACTS },
  })
  log.write(UPLOAD)
  await log.reopen()
  log.write(UPLOAD)
  await log.close()
  t.equal(readOneStream(directory, ORIGIN).length, 4)
})

t.test('a process that ends at once writes what it has, and says so', async (t) => {
  const directory = t.testdir()
  const log = await open({ directory })
  log.write(UPLOAD)
  log.flushSync()
  t.match(readOneStream(directory, ORIGIN), [{}, {}, { record: 'close', reason: 'exit', lines: 3 }])
  await log.close()
})

t.test('a line of more than 65,535 bytes is shortened, and says so', async (t) => {
  const directory = t.testdir()
  const log = await open({ directory })
  log.write({ ...UPLOAD, key: '\u20ac'.repeat(22_000) })
  log.write({ ...UPLOAD, key: '\u20ac'.repeat(21_000) })
  t.equal(await log.close(), true)
  const [, cut, whole] = readOneStream(directory, ORIGIN)
  t.match(cut, { key: '\u20ac'.repeat(1024), truncated: true, seq: 1 })
  t.match(whole, { key: '\u20ac'.repeat(21_000), seq: 2 })
  t.notOk('truncated' in (whole ?? {}))
})

t.test('a line that cannot be shortened is counted as lost', async (t) => {
  const directory = t.testdir()
  const log = await open({ directory })
  const fields = Array.from({ length: 9000 }, (_, i) => [`field${i}`, i])
  log.writeLine(`${JSON.stringify(Object.fromEntries(fields))}\n`)
  t.equal(await log.close(), false)
  t.match(readOneStream(directory, ORIGIN), [{}, { record: 'lost', first: 1, count: 1 }, {}])
})
