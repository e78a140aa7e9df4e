/**
 * Measures what requests notice of the sealer: their latency while it puts lines into the tree and while it has
 * nothing but their own lines.
 *
 *     node bench/seal-latency.mjs [--entry build/src/main.js] [--lines 1000000] [--parts 4] [--quiet 10]
 *       [--rate 500] [--only get-1k] [--connections 16]
 *
 * One process of Sealgate with a sealed trail answers so many requests a second. The lines come in parts: a quiet
 * time, then a file of a part of the lines appears in the trail, as if another process had written it, and is
 * sealed; so what the machine does besides hits both. A request that finds no free connection counts from when
 * it was due. Linux, loopback only.
 */
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readArguments, readNumber, usageError } from './lib/arguments.mjs'
import { openPaced } from './lib/load.mjs'
import { delay, freePort, preciseCpuSeconds } from './lib/processes.mjs'
import { runBench, say, startSharedUpstream } from './lib/run-bench.mjs'
import { CONNECTIONS, SCENARIOS } from './lib/scenarios.mjs'
import { startSealgate } from './lib/targets.mjs'

const NAME = 'sealgate'
/** As long as the lines of requests are. */
const LINE_BYTES = 870
const LINES_A_WRITE = 1_000
const LOOK_MS = 20
/** Before this, compilation is a good part of the latency. */
const WARM_UP_MS = 10_000

const { values } = readArguments(import.meta.url, {
  entry: { type: 'string', default: 'build/src/main.js' },
  lines: { type: 'string', default: '1000000' },
  parts: { type: 'string', default: '4' },
  quiet: { type: 'string', default: '10' },
  rate: { type: 'string', default: '500' },
  only: { type: 'string', default: 'get-1k' },
  connections: { type: 'string', default: String(CONNECTIONS) },
})
const entry = resolve(values.entry)
if (!existsSync(entry)) usageError(`${entry} is missing`)
const scenario = SCENARIOS[values.only]
if (scenario?.request === undefined) usageError(`${values.only} is no scenario of small requests`)
const parts = readNumber('parts', values.parts)
const quietMs = readNumber('quiet', values.quiet) * 1000
const rate = readNumber('rate', values.rate)
const connections = readNumber('connections', values.connections)
const partLines = Math.ceil(readNumber('lines', values.lines) / parts)

await runBench(measure)

async function measure(/** @type {string} */ folder) {
  const files = []
  for (let part = 0; part < parts; part++) files.push(await makeLines(folder, part))
  const { upstream } = await startSharedUpstream(folder, false)
  const process = await startSealgate({
    ...{ name: NAME, folder, port: await freePort(), upstreamPort: upstream.port, entry },
    ...{ tls: undefined, upstreamTls: undefined, nodeArgs: [], workers: 1, audit: 'sealed' },
  })
  const load = openPaced({
    target: { name: NAME, baseline: NAME, tls: false, process, upstream },
    connections,
    rate,
    request: scenario.request(folder),
  })
  await delay(WARM_UP_MS)
  load.take()
  /** @type {{ quiet: number[], sealing: number[] }} */
  const all = { quiet: [], sealing: [] }
  for (const file of files) {
    await delay(quietMs)
    const quiet = load.take()
    const cpu = preciseCpuSeconds(process.pid)
    const begun = performance.now()
    await seal(join(folder, `${NAME}-trail`), file)
    const seconds = (performance.now() - begun) / 1000
    const cores = (preciseCpuSeconds(process.pid) - cpu) / seconds
    const sealing = load.take()
    say(
      `${partLines} lines in ${seconds.toFixed(1)} s, ${cores.toFixed(2)} cores; quiet ${words(quiet)}; sealing ${words(sealing)}`,
    )
    all.quiet.push(...quiet)
    all.sealing.push(...sealing)
  }
  await delay(quietMs)
  all.quiet.push(...load.take())
  load.close()
  say(`all: quiet ${words(all.quiet)}; sealing ${words(all.sealing)}`)
}

/**
 * Writes a stream of lines, with its chain, beside the trail.
 *
 * @returns {Promise<string>} the file
 */
async function makeLines(/** @type {string} */ folder, /** @type {number} */ part) {
  const module = pathToFileURL(join(dirname(entry), 'evidence', 'batch-chain.js')).href
  const { BatchChain } = await import(module)
  const chain = new BatchChain(`bench.example/${NAME}`)
  const path = join(folder, `part-${part}-w1-${chain.stream.slice(0, 8)}.0000.jsonl`)
  const file = openSync(path, 'wx', 0o600)
  for (let left = partLines; left > 0; left -= LINES_A_WRITE) {
    const lines = Array.from({ length: Math.min(left, LINES_A_WRITE) }, () => {
      const head = `{"time":"${new Date().toISOString()}","type":"sealgate.audit","requestId":"${chain.seq}","key":"`
      const text = `${head.padEnd(LINE_BYTES, 'x')}"}\n`
      const line = { text, seq: chain.seq, bytes: chain.bytesOf(text) }
      chain.advance()
      return line
    })
    writeSync(file, chain.link(lines))
  }
  closeSync(file)
  return path
}

/** Puts the file into the trail and waits until all of it is under a checkpoint. */
async function seal(/** @type {string} */ trail, /** @type {string} */ path) {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const bytes = statSync(path).size
  renameSync(path, join(trail, 'lines', name))
  while (orderedBytes(trail, name) < bytes) await delay(LOOK_MS)
  // The order is written before the checkpoint.
  const checkpoints = join(trail, 'tree', 'checkpoints')
  for (const before = readdirSync(checkpoints).length; ; ) {
    if (readdirSync(checkpoints).length > before) return
    await delay(LOOK_MS)
  }
}

/** Bytes of the file that the tree's order names. */
function orderedBytes(/** @type {string} */ trail, /** @type {string} */ name) {
  const order = readFileSync(join(trail, 'tree', 'order'), 'latin1')
  return order.split('\n').reduce((sum, line) => {
    const [, , file, , bytes] = line.split(' ')
    return file === name ? sum + Number(bytes) : sum
  }, 0)
}

/** Median and 99th percentile. */
function words(/** @type {readonly number[]} */ latencies) {
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (/** @type {number} */ q) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0).toFixed(1)
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)} ms of ${sorted.length}`
}
