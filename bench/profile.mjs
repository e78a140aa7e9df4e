/**
 * Runs Sealgate under V8's sampling profiler with one scenario and prints where its time goes.
 *
 *     node bench/profile.mjs [--only put-4k] [--duration 5] [--connections 16] [--top 40] [--entry build/src/main.js]
 *       [--target sealgate] [--keep FILE.cpuprofile]
 *
 * Self time is that of a function's own lines; `(program)` is native code and the kernel, `(idle)`
 * is left out. The second table sums by module.
 */
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readArguments, readNumber, usageError } from './lib/arguments.mjs'
import { cpuSeconds, stopAll } from './lib/processes.mjs'
import { runBench } from './lib/run-bench.mjs'
import { SCENARIOS } from './lib/scenarios.mjs'
import { requireTargets, startTargets } from './lib/targets.mjs'

const { values } = readArguments(import.meta.url, {
  only: { type: 'string', default: 'put-4k' },
  duration: { type: 'string', default: '5' },
  connections: { type: 'string', default: '16' },
  top: { type: 'string', default: '40' },
  target: { type: 'string', default: 'sealgate' },
  entry: { type: 'string', default: 'build/src/main.js' },
  keep: { type: 'string' },
})

const seconds = readNumber('duration', values.duration)
const connections = readNumber('connections', values.connections)
const top = readNumber('top', values.top)
const scenario = SCENARIOS[values.only]
if (scenario === undefined) {
  usageError(`unknown scenario ${values.only}; known: ${Object.keys(SCENARIOS).join(', ')}`)
}
requireTargets([values.target])
if (!existsSync(values.entry)) usageError(`${values.entry} is missing`)

await runBench(profile)

async function profile(/** @type {string} */ folder) {
  const { targets, caFile } = await startTargets({
    folder,
    names: [values.target],
    entry: resolve(values.entry),
    nodeArgs: ['--cpu-prof', '--cpu-prof-interval=250', `--cpu-prof-dir=${folder}`],
  })
  const run = { folder, caFile, repeats: 8, connections }
  await scenario.measure({ ...run, seconds: 2 }, targets[0])
  const { pid } = targets[0].process
  const before = cpuSeconds(pid)
  const from = now()
  const measured = await scenario.measure({ ...run, seconds }, targets[0])
  const to = now()
  const cpu = cpuSeconds(pid) - before
  await stopAll()
  const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'))
  if (file === undefined) throw new Error('no profile was written')
  if (values.keep) copyFileSync(join(folder, file), values.keep)
  report(
    JSON.parse(readFileSync(join(folder, file), 'utf8')),
    from,
    to,
    (cpu * 1e6) / measured.units,
  )
}

/** Microseconds of the monotonic clock, which V8's profiles use too. */
function now() {
  return Number(process.hrtime.bigint() / 1000n)
}

/**
 * @typedef {object} ProfileNode
 * @property {number} id
 * @property {{ functionName: string, url: string, lineNumber: number }} callFrame
 */

/**
 * Shares come from the samples while the load ran; they are scaled to the CPU time that the
 * operating system counted, because the sampler counts waiting for the processor as time too.
 *
 * @param {{ nodes: ProfileNode[], samples: number[], timeDeltas: number[], startTime: number }} profile
 * @param {number} from
 * @param {number} to
 * @param {number} microsecondsPerUnit
 */
function report({ nodes, samples, timeDeltas, startTime }, from, to, microsecondsPerUnit) {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  /** @type {Map<string, number>} */
  const functions = new Map()
  /** @type {Map<string, number>} */
  const modules = new Map()
  let total = 0
  let time = startTime
  samples.forEach((id, i) => {
    time += timeDeltas[i]
    const frame = byId.get(id)?.callFrame
    if (frame === undefined || frame.functionName === '(idle)' || time < from || time > to) return
    total += timeDeltas[i]
    const place = placeOf(frame.url)
    const label = `${frame.functionName || '(anonymous)'}  ${place}${place ? `:${frame.lineNumber + 1}` : ''}`
    functions.set(label, (functions.get(label) ?? 0) + timeDeltas[i])
    const module = moduleOf(place) || frame.functionName
    modules.set(module, (modules.get(module) ?? 0) + timeDeltas[i])
  })
  const perUnit = `µs a ${scenario.unit}`
  print(`\n${values.only}: ${microsecondsPerUnit.toFixed(1)} ${perUnit}; self time by function\n`)
  printTop(functions, total, microsecondsPerUnit, top)
  print('\nby module\n')
  printTop(modules, total, microsecondsPerUnit, 30)
}

function printTop(
  /** @type {Map<string, number>} */ times,
  /** @type {number} */ total,
  /** @type {number} */ microsecondsPerUnit,
  /** @type {number} */ count,
) {
  const sorted = [...times].sort((a, b) => b[1] - a[1]).slice(0, count)
  for (const [label, microseconds] of sorted) {
    const share = microseconds / total
    const percent = (100 * share).toFixed(1).padStart(5)
    print(`${percent} %  ${(share * microsecondsPerUnit).toFixed(2).padStart(8)}  ${label}`)
  }
}

/** A path from the package on. */
function placeOf(/** @type {string} */ url) {
  const path = url.startsWith('file:') ? fileURLToPath(url) : url
  const inModules = path.lastIndexOf('node_modules/')
  if (inModules >= 0) return path.slice(inModules + 'node_modules/'.length)
  const inSource = path.lastIndexOf('/src/')
  return inSource >= 0 ? path.slice(inSource + 1) : path
}

/** `undici`, `src/sigv4`, `node:http`, … */
function moduleOf(/** @type {string} */ place) {
  if (place.startsWith('node:')) return place
  return place
    .split('/')
    .slice(0, place.startsWith('src/') || place.startsWith('@') ? 2 : 1)
    .join('/')
}

function print(/** @type {string} */ text) {
  process.stdout.write(`${text}\n`)
}
