/**
 * Counts the instructions that a build of Sealgate executes for a small request, with valgrind: the
 * figure does not depend on what else the machine does. Compiled code needs the warm-up: after 2,000
 * requests most of a request is still interpreted.
 *
 *     node bench/instructions.mjs --entry A/main.js [--entry B/main.js]
 *       [--only get-1k,put-4k] [--warm-up 10000] [--requests 1500] [--tls]
 *
 * Instructions of the process alone: what the kernel does for its system calls is not counted.
 * Linux, loopback only; as root it installs valgrind if it is missing.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readArguments, readNumber, usageError } from './lib/arguments.mjs'
import { openBurst } from './lib/load.mjs'
import { freePort, run } from './lib/processes.mjs'
import { runBench, say, startSharedUpstream } from './lib/run-bench.mjs'
import { CONNECTIONS, SCENARIOS } from './lib/scenarios.mjs'
import { startSealgate } from './lib/targets.mjs'

/** Under valgrind the program takes about ten times as long to start. */
const START_MS = 120_000

/** Requests that the warm-up sends at once. */
const BURST = 500

const { values } = readArguments(import.meta.url, {
  entry: { type: 'string', multiple: true, default: ['build/src/main.js'] },
  only: { type: 'string', default: 'get-1k,put-4k' },
  'warm-up': { type: 'string', default: '10000' },
  requests: { type: 'string', default: '1500' },
  tls: { type: 'boolean', default: false },
})

const warmUp = readNumber('warm-up', values['warm-up'])
const requests = readNumber('requests', values.requests)
const scenarioNames = values.only.split(',')
for (const name of scenarioNames) {
  if (SCENARIOS[name]?.request === undefined) usageError(`${name} is no scenario of small requests`)
}

for (const entry of values.entry) if (!existsSync(entry)) usageError(`${entry} is missing`)

await runBench(count, ['valgrind'])

async function count(/** @type {string} */ folder) {
  const { upstream, tls } = await startSharedUpstream(folder, values.tls)
  for (const [i, entry] of values.entry.entries()) {
    const counts = await countOf(folder, `sealgate-${i}`, resolve(entry), upstream, tls)
    for (const [name, instructions] of counts) {
      say(`${entry} ${name}: ${instructions.toFixed(0)} instructions a request`)
    }
  }
}

/**
 * @param {string} folder
 * @param {string} name
 * @param {string} entry
 * @param {import('./lib/processes.mjs').Started} upstream
 * @param {import('./lib/nginx.mjs').TlsFiles | undefined} tls
 * @returns {Promise<[string, number][]>} instructions a request, by scenario
 */
async function countOf(folder, name, entry, upstream, tls) {
  const process_ = await startSealgate({
    name,
    folder,
    port: await freePort(),
    upstreamPort: upstream.port,
    entry,
    tls,
    upstreamTls: tls,
    workers: 1,
    command: 'valgrind',
    nodeArgs: [
      '--tool=callgrind',
      '--instr-atstart=no',
      '--smc-check=all-non-file',
      `--callgrind-out-file=${join(folder, name)}.%p`,
      process.execPath,
    ],
    startTimeoutMs: START_MS,
  })
  const target = { name, baseline: name, tls: tls !== undefined, process: process_, upstream }
  /** @type {[string, number][]} */
  const counts = []
  for (const scenario of scenarioNames) {
    const request = SCENARIOS[scenario].request?.(folder)
    if (request === undefined) continue
    const burst = openBurst({ target, caFile: tls?.caFile, connections: CONNECTIONS, request })
    for (let sent = 0; sent < warmUp; sent += BURST) await burst.send(BURST)
    const { pid } = process_
    await control(['--zero', String(pid)])
    await control(['--instr=on', String(pid)])
    await burst.send(requests)
    // Switching off forgets the count.
    await control(['--dump', String(pid)])
    await control(['--instr=off', String(pid)])
    burst.close()
    counts.push([scenario, totalOf(folder, name) / requests])
  }
  await process_.stop()
  return counts
}

async function control(/** @type {readonly string[]} */ args) {
  const { code, stdout, stderr } = await run('callgrind_control', args)
  if (code !== 0) throw new Error(`callgrind_control ${args.join(' ')}: ${stdout}${stderr}`)
}

/** The sum of the latest dump. */
function totalOf(/** @type {string} */ folder, /** @type {string} */ name) {
  const dumps = readdirSync(folder).filter(
    (file) => /\.\d+\.\d+$/.test(file) && file.startsWith(`${name}.`),
  )
  const latest = dumps.sort((a, b) => numberOf(a) - numberOf(b)).at(-1)
  if (latest === undefined) throw new Error('valgrind wrote no count')
  const text = readFileSync(join(folder, latest), 'latin1')
  return Number(/^(?:totals|summary): (\d+)/m.exec(text)?.[1] ?? Number.NaN)
}

function numberOf(/** @type {string} */ file) {
  return Number(file.slice(file.lastIndexOf('.') + 1))
}
