/**
 * Measures Sealgate beside nginx and beside the obvious program.
 *
 *     node bench/run.mjs [--quick] [--only NAME,…] [--targets NAME,…] [--duration SECONDS]
 *       [--peers] [--connections N] [--rounds N] [--entry build/src/main.js] [--json FILE] [--markdown]
 *
 * --only takes scenarios and groups (basic, modes, memory, all); --targets see lib/targets.mjs.
 * How to read the table: docs/benchmarks.md. Linux, loopback only; as root it installs nginx and
 * wrk where they are missing. Everything that it starts it stops.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, resolve } from 'node:path'
import { readArguments, readNumber, usageError } from './lib/arguments.mjs'
import {
  cpuSeconds,
  machineSeconds,
  memoryBytes,
  peakMemoryBytes,
  resetPeakMemory,
  run,
} from './lib/processes.mjs'
import { runBench, say } from './lib/run-bench.mjs'
import { GROUPS, SCENARIOS } from './lib/scenarios.mjs'
import { requireTargets, startTargets } from './lib/targets.mjs'

/** Who had the cores, in the order of the last column. */
const CORES = /** @type {const} */ (['target', 'upstream', 'rest', 'idle'])

const { values } = readArguments(import.meta.url, {
  quick: { type: 'boolean', default: false },
  only: { type: 'string', default: 'basic' },
  targets: { type: 'string' },
  peers: { type: 'boolean', default: false },
  duration: { type: 'string' },
  connections: { type: 'string' },
  rounds: { type: 'string' },
  entry: { type: 'string', default: 'build/src/main.js' },
  json: { type: 'string', default: 'build/bench.json' },
  markdown: { type: 'boolean', default: false },
})

const seconds = readNumber('duration', values.duration ?? (values.quick ? '2' : '5'))
const connections =
  values.connections === undefined ? undefined : readNumber('connections', values.connections)
const rounds = readNumber('rounds', values.rounds ?? (values.quick ? '1' : '3'))
const targetNames = (
  values.targets ?? (values.peers ? 'nginx,envoy,versitygw,sealgate' : 'nginx,http-proxy,sealgate')
).split(',')
requireTargets(targetNames)
const scenarioNames = expand(values.only.split(','))
const entry = resolve(values.entry)
if (targetNames.some((name) => name.startsWith('sealgate')) && !existsSync(entry)) {
  usageError(`${entry} is missing: npm run build first`)
}

await runBench(bench)

async function bench(/** @type {string} */ folder) {
  const { targets, caFile } = await startTargets({ folder, names: targetNames, entry })
  say(
    `${targets.length} targets, ${scenarioNames.length} scenarios, ${rounds} round(s) of ${seconds} s`,
  )
  for (const {
    name,
    process: { pid },
  } of targets) {
    const megabytes = (memoryBytes(pid) / 1e6).toFixed(0)
    say(`${name}: ${cpuSeconds(pid).toFixed(1)} s of CPU to start, ${megabytes} MB then`)
  }
  const rows = []
  for (const name of scenarioNames) {
    const scenarioRows = await measureScenario(folder, name, targets, caFile)
    print(name, scenarioRows)
    rows.push(...scenarioRows)
  }
  mkdirSync(dirname(values.json), { recursive: true })
  writeFileSync(
    values.json,
    `${JSON.stringify({ machine: await machine(), seconds, rounds, rows }, undefined, 2)}\n`,
  )
  say(`\nwritten: ${values.json}`)
}

/**
 * @typedef {object} Row
 * @property {string} scenario
 * @property {'request' | 'GiB' | 'memory'} unit
 * @property {string} target
 * @property {string} baseline
 * @property {Sample[]} samples  One a round.
 * @property {string | undefined} failure
 */

/** @typedef {import('./lib/scenarios.mjs').Measured & { cpuSeconds: number, peakBytes: number, cores: Cores }} Sample */

/**
 * How many cores each had at work in a round: what has no idle core left is bound by the machine.
 *
 * @typedef {object} Cores
 * @property {number} target
 * @property {number} upstream
 * @property {number} rest  The load generator, and whatever else ran.
 * @property {number} idle
 */

/**
 * One scenario: a short round that warms up and is not counted, then the rounds, each target once
 * a round, so that what else happens on the machine hits all alike.
 *
 * @param {string} folder
 * @param {string} name
 * @param {import('./lib/targets.mjs').Target[]} targets
 * @param {string | undefined} caFile
 */
async function measureScenario(folder, name, targets, caFile) {
  const { unit } = SCENARIOS[name]
  const isHeavy = name.includes('5g') || unit === 'memory'
  const warmUp = { folder, caFile, connections, seconds: values.quick ? 1 : 2, repeats: 2 }
  const full = { folder, caFile, connections, seconds, repeats: values.quick ? 4 : 8 }
  const possible = targets.filter((target) => isPossible(name, target))
  /** @type {Row[]} */
  const rows = possible.map((target) => ({
    scenario: name,
    unit,
    target: target.name,
    baseline: target.baseline,
    samples: [],
    failure: undefined,
  }))
  if (!isHeavy) await measureRound(rows, possible, warmUp)
  for (const row of rows) row.samples = []
  for (let round = 1; round <= (isHeavy ? 1 : rounds); round++) {
    await measureRound(rows, possible, full)
  }
  return rows
}

/**
 * Adds one sample to each row that has not failed.
 *
 * @param {Row[]} rows
 * @param {import('./lib/targets.mjs').Target[]} targets  In the rows' order.
 * @param {import('./lib/scenarios.mjs').Run} options
 */
async function measureRound(rows, targets, options) {
  for (const [i, row] of rows.entries()) {
    if (row.failure !== undefined) continue
    try {
      row.samples.push(await measureOnce(row.scenario, targets[i], options))
    } catch (error) {
      row.failure = error instanceof Error ? error.message : String(error)
    }
  }
}

/**
 * @param {string} name
 * @param {import('./lib/targets.mjs').Target} target
 * @param {import('./lib/scenarios.mjs').Run} options
 * @returns {Promise<Sample>}
 */
async function measureOnce(name, target, options) {
  const { pid } = target.process
  resetPeakMemory(pid)
  const before = usage(target)
  const measured = await SCENARIOS[name].measure(options, target)
  const after = usage(target)
  return {
    ...measured,
    cpuSeconds: after.target - before.target,
    peakBytes: peakMemoryBytes(pid),
    cores: coresBetween(before, after),
  }
}

/** CPU seconds so far, and the moment. */
function usage(/** @type {import('./lib/targets.mjs').Target} */ target) {
  return {
    at: performance.now() / 1000,
    target: cpuSeconds(target.process.pid),
    upstream: cpuSeconds(target.upstream.pid),
    ...machineSeconds(),
  }
}

/** @returns {Cores} */
function coresBetween(
  /** @type {ReturnType<typeof usage>} */ before,
  /** @type {ReturnType<typeof usage>} */ after,
) {
  const seconds = after.at - before.at
  const target = (after.target - before.target) / seconds
  const upstream = (after.upstream - before.upstream) / seconds
  const busy = (after.busy - before.busy) / seconds
  const idle = (after.idle - before.idle) / seconds
  return { target, upstream, rest: Math.max(0, busy - target - upstream), idle }
}

/** The client for made-as-it-goes and slow bodies speaks plain TCP. */
function isPossible(
  /** @type {string} */ name,
  /** @type {import('./lib/targets.mjs').Target} */ target,
) {
  return !target.tls || !(name === 'put-5g-signed' || name.startsWith('slow-'))
}

function print(/** @type {string} */ name, /** @type {Row[]} */ rows) {
  const { about, unit } = SCENARIOS[name]
  const cost = { request: 'CPU µs/request', GiB: 'CPU s/GiB', memory: 'CPU s' }[unit]
  const rate = unit === 'GiB' ? 'MiB/s' : 'requests/s'
  say(`\n${name}: ${about}\n`)
  const titles = [
    '',
    cost,
    'best round',
    '÷ nginx',
    rate,
    'p50 ms',
    'added',
    'p99 ms',
    'added',
    'peak MB',
    'errors',
    `  ${CORES.join(' / ')}`,
  ]
  say(line(titles))
  if (values.markdown) say(line(titles.map(() => '---')))
  for (const row of rows) {
    if (row.failure !== undefined) say(`${line([row.target, 'failed'])}\n${row.failure}`)
    else say(`${line(cellsOf(row, rows))}${notesOf(row)}`)
  }
}

function notesOf(/** @type {Row} */ { samples }) {
  const notes = samples.flatMap(({ note }) => (note === undefined ? [] : [note]))
  return notes.length === 0 ? '' : `\n${notes.join('; ')}`
}

/** Medians over the rounds; the ratio is that of the median round, each against its own baseline. */
function cellsOf(/** @type {Row} */ row, /** @type {Row[]} */ rows) {
  const { samples, unit } = row
  const digits = unit === 'request' ? 1 : 2
  const costs = samples.map((sample) => costOf(sample, unit))
  const rates = samples.map((s) => ((unit === 'GiB' ? 1024 : 1) * s.units) / s.seconds)
  const ratio = ratioOf(row, rows)
  return [
    row.target,
    median(costs).toFixed(digits),
    Math.min(...costs).toFixed(digits),
    ratio === undefined ? '' : ratio.toFixed(1),
    median(rates).toFixed(0),
    ...latencyOf(row, rows, 'p50'),
    ...latencyOf(row, rows, 'p99'),
    (Math.max(...samples.map((sample) => sample.peakBytes)) / 1e6).toFixed(0),
    String(samples.reduce((sum, sample) => sum + sample.errors, 0)),
    `  ${CORES.map((who) => median(samples.map(({ cores }) => cores[who])).toFixed(2)).join(' / ')}`,
  ]
}

/**
 * The latency, and by how much it is above that of the baseline.
 *
 * @param {Row} row
 * @param {Row[]} rows
 * @param {'p50' | 'p99'} quantile
 */
function latencyOf(row, rows, quantile) {
  const base = baselineOf(row, rows)
  const times = row.samples.map((sample) => sample[quantile] ?? 0)
  const added = times.map((time, i) => time - (base?.samples[i]?.[quantile] ?? time))
  return [milliseconds(times), milliseconds(added)]
}

function baselineOf(/** @type {Row} */ row, /** @type {Row[]} */ rows) {
  const base = rows.find((one) => one.target === row.baseline)
  return base === undefined || base.failure !== undefined ? undefined : base
}

function ratioOf(/** @type {Row} */ row, /** @type {Row[]} */ rows) {
  const base = baselineOf(row, rows)
  if (base === undefined) return undefined
  const ratios = row.samples.map(
    (sample, i) => costOf(sample, row.unit) / costOf(base.samples[i], row.unit),
  )
  return Number.isFinite(median(ratios)) ? median(ratios) : undefined
}

function costOf(/** @type {Sample} */ sample, /** @type {Row['unit']} */ unit) {
  if (unit === 'memory') return sample.cpuSeconds
  return (sample.cpuSeconds / sample.units) * (unit === 'request' ? 1e6 : 1)
}

function median(/** @type {number[]} */ numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Of microseconds; empty where nothing was measured. */
function milliseconds(/** @type {number[]} */ microseconds) {
  const value = median(microseconds)
  return value === 0 ? '' : (value / 1000).toFixed(2)
}

function line(/** @type {string[]} */ cells) {
  if (values.markdown) return `| ${cells.join(' | ')} |`
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(16) : cell.padStart(15))).join('')
}

function expand(/** @type {string[]} */ names) {
  const expanded = names.flatMap((name) => {
    if (name === 'all') return Object.keys(SCENARIOS)
    return GROUPS[/** @type {keyof typeof GROUPS} */ (name)] ?? [name]
  })
  for (const name of expanded) {
    if (SCENARIOS[name] === undefined) {
      usageError(`unknown scenario ${name}; known: ${Object.keys(SCENARIOS).join(', ')}`)
    }
  }
  return [...new Set(expanded)]
}

async function machine() {
  const nginx = await run('nginx', ['-v'])
  return {
    date: new Date().toISOString(),
    node: process.version,
    nginx: nginx.stderr.trim(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
  }
}
