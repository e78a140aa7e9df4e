import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startLife } from '../support/program-scene.ts'
import { becomes } from '../support/raw-socket.ts'
import type { SealgateProcess } from '../support/sealgate-process.ts'

/*
 * Each answer has its line, whole and alone, whatever happens to the disk or the pipe; and where one
 * is missing, that is told.
 */

const EVENTS = ['start', 'stop']
const REFUSING = 'cannot write the audit log: buffering lines, refusing requests'
const WRITING = 'the audit log is writable again'
/** How often the disk fills. */
const ROUNDS = 3
const INCOMPLETE = 'the audit log is incomplete'

/** Requests that nobody signed, over some connections at once; gives the statuses. */
async function ask(sealgate: SealgateProcess, count: number): Promise<readonly number[]> {
  const statuses: number[] = []
  const loop = async (): Promise<void> => {
    while (statuses.length < count) {
      const at = statuses.push(0) - 1
      const answer = await fetch(
        `http://127.0.0.1:${sealgate.port}/bucket/key-${'k'.repeat(at % 900)}`,
      )
      await answer.arrayBuffer()
      statuses[at] = answer.status
    }
  }
  await Promise.all(Array.from({ length: 8 }, loop))
  return statuses
}

/** Ids of the requests whose lines are whole, events of the configuration, and what is broken. */
function read(text: string): {
  readonly ids: readonly string[]
  readonly events: readonly string[]
  readonly broken: readonly string[]
} {
  const ids: string[] = []
  const events: string[] = []
  const broken: string[] = []
  for (const line of text.split('\n')) {
    const { requestId, event } = parsed(line)
    if (requestId !== undefined) ids.push(String(requestId))
    else if (event !== undefined) events.push(String(event))
    else if (line !== '') broken.push(line)
  }
  return { ids, events, broken }
}

function parsed(line: string): { readonly requestId?: unknown; readonly event?: unknown } {
  try {
    return Object(JSON.parse(line))
  } catch {
    return {}
  }
}

for (const workers of [1, 2]) {
  t.test(
    `a disk that stays full: no more is taken on, and what is lost is counted (workers: ${workers})`,
    { skip: !existsSync('/dev/full') },
    async (t) => {
      const more = `workers: ${workers}\naudit: { destination: /dev/full }`
      const { sealgate } = await startLife(t, { more })
      await sealgate.logged(REFUSING)
      let asked = 0
      const isRefused = async (): Promise<boolean> => {
        asked++
        return (await ask(sealgate, 1))[0] === 503
      }
      t.ok(await becomes(isRefused), 'from the first write that fails')
      t.ok(asked < 5, `${asked} at most were served`)
      t.strictSame(new Set(await ask(sealgate, 50)), new Set([503]))
      sealgate.signal('SIGTERM')
      const { code } = await sealgate.end
      t.equal(code, 1, 'the audit log is incomplete')
      t.match(sealgate.lines(INCOMPLETE), [{ lostLines: asked + 50 + EVENTS.length }])
    },
  )
}

t.test('a pipe whose reader comes and goes gets whole lines from all workers', async (t) => {
  const fifo = join(t.testdir(), 'fifo')
  execFileSync('mkfifo', [fifo])
  const more = `workers: 2\naudit: { destination: '${fifo}' }`
  const { sealgate } = await startLife(t, { more })
  const statuses = [...(await ask(sealgate, 400))] // more than a pipe holds
  const reader = createReadStream(fifo, { highWaterMark: 3000 })
  const closed = once(reader, 'close')
  let text = ''
  let isSlow = true
  reader.on('data', (part) => {
    text += String(part)
    if (!isSlow) return
    reader.pause()
    setTimeout(() => reader.resume(), 2)
  })
  statuses.push(...(await ask(sealgate, 200)))
  isSlow = false
  sealgate.signal('SIGTERM')
  t.equal((await sealgate.end).code, 0)
  await closed
  const { ids, events, broken } = read(text)
  t.strictSame(broken, [])
  t.strictSame(events, EVENTS)
  t.equal(ids.length, statuses.length)
  t.equal(new Set(ids).size, statuses.length)
})

t.test('a stdout that nobody reads does not hold up the end', async (t) => {
  const { sealgate } = await startLife(t, { more: 'workers: 2' })
  const resume = sealgate.pauseOutput()
  const statuses = await ask(sealgate, 500) // more than the pipes hold
  sealgate.signal('SIGTERM')
  await sealgate.logged(INCOMPLETE)
  for (let i = 0; i < 2 && sealgate.isRunning; i++) await becomes(() => !sealgate.isRunning)
  t.equal(sealgate.isRunning, false)
  resume()
  const { code, stdout } = await sealgate.end
  t.equal(code, 1)
  const [{ lostLines = 0 } = {}] = sealgate.lines(INCOMPLETE)
  const { ids, events, broken } = read(stdout)
  t.equal(
    ids.length + events.length + lostLines,
    statuses.length + EVENTS.length,
    'each answer has its line, or is counted',
  )
  t.ok(broken.length <= 1, 'at most the last line is cut')
})

t.test('a disk that fills and empties gets whole lines from all workers', async (t) => {
  const disk = smallDisk(t)
  if (disk === undefined) return t.pass('no file system can be mounted here')
  const audit = join(disk, 'audit')
  const ballast = join(disk, 'ballast')
  const { sealgate } = await startLife(t, {
    more: `workers: 2\naudit: { destination: '${audit}' }`,
  })
  const statuses: number[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    fill(ballast)
    while (sealgate.lines(REFUSING).length < round) statuses.push(...(await ask(sealgate, 20)))
    statuses.push(...(await ask(sealgate, 20)))
    rmSync(ballast)
    await sealgate.logged(WRITING, round)
  }
  sealgate.signal('SIGTERM')
  t.equal((await sealgate.end).code, 0)
  const { ids, events, broken } = read(readFileSync(audit, 'utf8'))
  t.strictSame(events, EVENTS)
  t.equal(ids.length, statuses.length, 'each answer has its line')
  t.equal(new Set(ids).size, statuses.length, 'and one')
  const told = sealgate.lines(WRITING).map(({ brokenLines = 0 }) => brokenLines)
  t.equal(
    broken.length,
    told.reduce((sum, count) => sum + count, 0),
    'each that is cut is told of',
  )
  return undefined
})

/** A file system of its own, small enough to fill; undefined where nobody may mount one. */
function smallDisk(t: Test): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'sealgate-disk-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', folder], { stdio: 'pipe' })
  } catch {
    return undefined
  }
  t.teardown(() => execFileSync('umount', ['--lazy', folder]))
  return folder
}

/** Takes all the room that is left. */
function fill(file: string): void {
  let size = 1 << 20
  for (; size >= 1; size >>= 1) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' })
    } catch {} // less, then
  }
}
