import { readdir, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import t, { type Test } from 'tap'
import { makeCertificate, writePair } from '../support/certificates.ts'
import { type LifeRig, startLife } from '../support/program-scene.ts'
import { becomes } from '../support/raw-socket.ts'
import type { SealgateProcess } from '../support/sealgate-process.ts'
import { SlowUpload } from './slow-upload.ts'

/*
 * A connection that comes as a worker dies, or as the listeners close, is served by another worker or
 * reset at once. None waits for a process that will never take it, and none stays in the supervisor.
 */

/** What became of a connection: an answer's status, or `closed`, or neither in time. */
type Fate = '403' | 'closed' | 'refused' | 'hung'

const CONNECTIONS = 10
const HUNG_MS = 6_000

/** Opens a connection, sends one request that nobody signed, and waits for its end. */
function fateOf(port: number, isTls: boolean): Promise<Fate> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, rejectUnauthorized: false }
    const socket = isTls ? connectTls(options) : connect(options)
    let text = ''
    let isRefused = false
    let isHung = false
    const timer = setTimeout(() => {
      isHung = true
      socket.destroy()
    }, HUNG_MS)
    socket.on('data', (chunk) => {
      text += String(chunk)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      isRefused = error.code === 'ECONNREFUSED'
    })
    socket.on('close', () => {
      clearTimeout(timer)
      if (text.startsWith('HTTP/1.1 403 ')) resolve('403')
      else if (isHung) resolve('hung')
      else resolve(isRefused ? 'refused' : 'closed')
    })
    socket.write('GET /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n')
  })
}

interface Rig extends LifeRig {
  /** As many connections to each of the two listeners. */
  readonly fates: (count: number) => Promise<Fate>[]
}

/** Two workers and two listeners, the first plain, the second TLS. */
async function start(t: Test): Promise<Rig> {
  const { certFile, keyFile } = writePair(t.testdir(), 'server', makeCertificate())
  const listen = `  - address: '127.0.0.1:0'
  - { address: '127.0.0.1:0', tls: { certFile: '${certFile}', keyFile: '${keyFile}' } }`
  const life = await startLife(t, { listen, more: 'workers: 2\ndrain: { delay: 200ms }' })
  const [line] = life.sealgate.lines('listening')
  const [plain = 0, tls = 0] = line?.listen?.map(({ port }) => port) ?? []
  const fates = (count: number): Promise<Fate>[] =>
    Array.from({ length: count }, () => [fateOf(plain, false), fateOf(tls, true)]).flat()
  return { ...life, fates }
}

async function stateOf(pid: number): Promise<string | undefined> {
  return /^State:\s+(\S)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
}

/** The first worker; the spare one comes last. */
async function firstWorkerOf({ pid }: SealgateProcess): Promise<number> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return Number(text.split(' ')[0])
}

async function descriptorsOf({ pid }: SealgateProcess): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length
}

// One program for all tests: each starts four processes.
const { sealgate, fates } = await start(t)

t.test('a worker that stands still, and dies, holds no connection', async (t) => {
  const before = await descriptorsOf(sealgate)
  const worker = await firstWorkerOf(sealgate)
  process.kill(worker, 'SIGSTOP')
  t.ok(await becomes(async () => (await stateOf(worker)) === 'T'))
  t.strictSame(new Set(await Promise.all(fates(CONNECTIONS))), new Set(['403']))
  process.kill(worker, 'SIGKILL')
  await sealgate.logged('a worker serves')
  t.ok(await becomes(async () => (await descriptorsOf(sealgate)) === before), 'nothing leaks')
})

t.test('a worker that is killed leaves no connection hanging', async (t) => {
  const before = await descriptorsOf(sealgate)
  for (let round = 2; round <= 3; round++) {
    const early = fates(CONNECTIONS)
    process.kill(await firstWorkerOf(sealgate), 'SIGKILL')
    const found = await Promise.all([...early, ...fates(CONNECTIONS)])
    t.notOk(found.includes('hung'), found.join(' '))
    t.notOk(found.includes('refused'), 'another worker listens')
    await sealgate.logged('a worker serves', round)
  }
  t.ok(await becomes(async () => (await descriptorsOf(sealgate)) === before), 'nothing leaks')
})

t.test('a connection that comes as the listeners close does not hang', async (t) => {
  const upload = new SlowUpload(sealgate.port, '/bucket/slow', { pieces: 2, pieceOctets: 65_536 })
  await upload.send()
  await sealgate.busy()
  sealgate.signal('SIGTERM')
  const all: Promise<Fate>[] = []
  // Sparse enough not to be load, dense enough to hit the moment.
  for (let i = 0; i < 200; i++) {
    const pair = fates(1)
    all.push(...pair)
    const pause = new Promise<readonly Fate[]>((resolve) => setTimeout(resolve, 2, []))
    if ((await Promise.race([Promise.all(pair), pause])).includes('refused')) break
  }
  const found = await Promise.all(all)
  t.notOk(found.includes('hung'), found.join(' '))
  t.ok(found.includes('refused'), 'the listeners did close')
  await upload.finish()
  t.equal((await upload.answer).status, 200)
  t.equal((await sealgate.end).code, 0)
})
