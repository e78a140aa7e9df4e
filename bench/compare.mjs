/**
 * Compares the CPU time of two builds of Sealgate on a machine that also does other work.
 *
 *     node bench/compare.mjs --entry A/main.js [--entry B/main.js] [--node A/node] [--node B/node]
 *       [--audit plain|chain|sealed [--audit plain|chain|sealed]] [--only get-1k,put-4k] [--rounds 30] [--starts 3] [--requests 400] [--connections N] [--tls]
 *       [--json FILE]
 *
 * Both builds run side by side before the same upstream and take turns of a tenth of a second: A, B, B, A. One such
 * round gives one ratio of costs, and whatever slows the machine down for longer than a turn hits
 * both. The result is the median of the ratios B ÷ A with its 95 % interval (order statistics, no
 * assumption about the noise); beside it the ratio of what the cheapest tenth of the rounds cost,
 * which is what was least disturbed. Both are started anew several times, because two starts of the
 * same build can differ by some per cent. One --entry alone is compared with itself, which shows
 * the noise. Linux, loopback only.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { readArguments, readNumber, usageError } from './lib/arguments.mjs'
import { openBurst } from './lib/load.mjs'
import { freePort, preciseCpuSeconds } from './lib/processes.mjs'
import { runBench, say, startSharedUpstream } from './lib/run-bench.mjs'
import { CONNECTIONS, SCENARIOS } from './lib/scenarios.mjs'
import { startSealgate } from './lib/targets.mjs'

/** Requests of each turn of a large body. */
const LARGE_REPEATS = 4

/** Before this much has passed, compilation is a good part of the cost. By units, not by time: on a
 * busy machine a second is a few hundred requests. */
const WARM_UP_UNITS = { request: 10_000, GiB: 2, memory: 0 }

const { values } = readArguments(import.meta.url, {
  entry: { type: 'string', multiple: true, default: ['build/src/main.js'] },
  node: { type: 'string', multiple: true, default: [process.execPath] },
  audit: { type: 'string', multiple: true, default: ['plain'] },
  only: { type: 'string', default: 'get-1k,put-4k' },
  rounds: { type: 'string', default: '30' },
  starts: { type: 'string', default: '3' },
  requests: { type: 'string', default: '400' },
  connections: { type: 'string', default: String(CONNECTIONS) },
  tls: { type: 'boolean', default: false },
  json: { type: 'string' },
})

const entries = pairOf(values.entry).map((entry) => resolve(entry))
const nodes = pairOf(values.node)
const audits = pairOf(values.audit)
const scenarioNames = values.only.split(',')
const rounds = readNumber('rounds', values.rounds)
const starts = readNumber('starts', values.starts)
const connections = readNumber('connections', values.connections)
const requests = readNumber('requests', values.requests)
for (const entry of entries) if (!existsSync(entry)) usageError(`${entry} is missing`)
for (const audit of audits) {
  if (!['plain', 'chain', 'sealed'].includes(audit)) usageError(`unknown audit ${audit}`)
}
for (const name of scenarioNames) {
  if (SCENARIOS[name] === undefined || SCENARIOS[name].unit === 'memory') {
    usageError(`unknown scenario ${name}; known: ${Object.keys(SCENARIOS).join(', ')}`)
  }
}

await runBench(compare)

/** @typedef {import('./lib/targets.mjs').Target} Target */

/**
 * Costs of one round, in CPU seconds a unit.
 *
 * @typedef {object} Round
 * @property {number} a
 * @property {number} b
 */

async function compare(/** @type {string} */ folder) {
  const { upstream, tls } = await startSharedUpstream(folder, values.tls)
  /** @type {Map<string, Round[]>} */
  const measured = new Map(scenarioNames.map((name) => [name, []]))
  for (let start = 1; start <= starts; start++) {
    const builds = [
      await startBuild(folder, 0, upstream, tls),
      await startBuild(folder, 1, upstream, tls),
    ]
    for (const [name, samples] of measured) {
      const [a, b] = builds.map((target) => loadOf(folder, name, target, tls?.caFile))
      await warmUp(name, a)
      await warmUp(name, b)
      for (let round = 1; round <= rounds; round++) samples.push(await measureRound(a, b))
      a.close()
      b.close()
    }
    await Promise.all(builds.map((target) => target.process.stop()))
  }
  for (const [name, samples] of measured) say(report(name, samples))
  if (values.json !== undefined) {
    const text = JSON.stringify({ entries, nodes, measured: Object.fromEntries(measured) })
    writeFileSync(values.json, `${text}\n`)
  }
}

/**
 * @param {string} folder
 * @param {0 | 1} which
 * @param {import('./lib/processes.mjs').Started} upstream
 * @param {import('./lib/nginx.mjs').TlsFiles | undefined} tls
 * @returns {Promise<Target>}
 */
async function startBuild(folder, which, upstream, tls) {
  const name = `sealgate-${'ab'[which]}`
  const process = await startSealgate({
    name,
    folder,
    port: await freePort(),
    upstreamPort: upstream.port,
    entry: entries[which],
    tls,
    upstreamTls: tls,
    nodeArgs: [],
    workers: 1,
    command: nodes[which],
    audit: audits[which],
  })
  return { name, baseline: 'sealgate-a', tls: tls !== undefined, process, upstream }
}

/**
 * What one build is asked to do in each turn.
 *
 * @typedef {object} Load
 * @property {number} pid
 * @property {() => Promise<number>} turn  Gives the units that it took.
 * @property {() => void} close
 */

/**
 * @param {string} folder
 * @param {string} name
 * @param {Target} target
 * @param {string | undefined} caFile
 * @returns {Load}
 */
function loadOf(folder, name, target, caFile) {
  const { pid } = target.process
  const { request, measure } = SCENARIOS[name]
  if (request === undefined) {
    const turn = async () => {
      const { units, errors } = await measure(
        { folder, caFile, repeats: LARGE_REPEATS, seconds: 1 },
        target,
      )
      if (errors > 0) throw new Error(`${name}: ${target.name} refused ${errors} requests`)
      return units
    }
    return { pid, turn, close: () => {} }
  }
  const burst = openBurst({ target, caFile, connections, request: request(folder) })
  const turn = async () => {
    await burst.send(requests)
    return requests
  }
  return { pid, turn, close: burst.close }
}

async function warmUp(/** @type {string} */ name, /** @type {Load} */ load) {
  let units = 0
  while (units < WARM_UP_UNITS[SCENARIOS[name].unit]) units += await load.turn()
}

/**
 * A, B, B, A: a machine that gets slower or faster evenly favours neither.
 *
 * @param {Load} a
 * @param {Load} b
 * @returns {Promise<Round>}
 */
async function measureRound(a, b) {
  const costs = []
  for (const load of [a, b, b, a]) costs.push(await measureTurn(load))
  const [a1, b1, b2, a2] = costs
  return { a: (a1 + a2) / 2, b: (b1 + b2) / 2 }
}

/** CPU seconds a unit. */
async function measureTurn(/** @type {Load} */ { pid, turn }) {
  const before = preciseCpuSeconds(pid)
  const units = await turn()
  return (preciseCpuSeconds(pid) - before) / units
}

function report(/** @type {string} */ name, /** @type {Round[]} */ samples) {
  const isSmall = SCENARIOS[name].unit === 'request'
  const [factor, digits, unit] = isSmall ? [1e6, 1, 'µs/request'] : [1, 3, 's/GiB']
  const [a, b] = [samples.map((round) => round.a), samples.map((round) => round.b)]
  const [costA, costB] = [a, b].map((costs) => (factor * quantile(costs, 0.5)).toFixed(digits))
  const ratios = samples.map((round) => round.b / round.a)
  const differences = samples.map((round) => factor * (round.b - round.a))
  const [more, least, most] = [quantile(differences, 0.5), ...interval(differences)].map((one) =>
    one.toFixed(digits),
  )
  const [median, low, high] = [quantile(ratios, 0.5), ...interval(ratios)].map(threeDigits)
  const best = threeDigits(quantile(b, 0.1) / quantile(a, 0.1))
  return `${name}: A ${costA}, B ${costB} ${unit}; B ÷ A ${median} (${low} to ${high}), cheapest tenth ${best}; B − A ${more} (${least} to ${most}) ${unit}; ${samples.length} rounds`
}

function threeDigits(/** @type {number} */ value) {
  return value.toFixed(3)
}

function quantile(/** @type {number[]} */ numbers, /** @type {number} */ q) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const at = q * (sorted.length - 1)
  const below = Math.floor(at)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (at - below) * (sorted[above] - sorted[below])
}

/**
 * The 95 % interval of the median: how many samples lie below the true median is binomial, near
 * enough normal.
 *
 * @param {number[]} numbers
 * @returns {[number, number]}
 */
function interval(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const skipped = Math.floor(sorted.length / 2 - 0.98 * Math.sqrt(sorted.length))
  const at = Math.max(0, skipped)
  return [sorted[at], sorted[sorted.length - 1 - at]]
}

/** One value stands for both. @returns {[string, string]} */
function pairOf(/** @type {string[]} */ list) {
  if (list.length > 2) usageError('two builds at most')
  const [a, b = a] = list
  return [a, b]
}
