/**
 * Measures Sealgate beside nginx and beside the obvious program.
 *
 *     node bench/run.mjs [--quick] [--only NAME,…] [--targets NAME,…] [--duration SECONDS]
 *       [--rounds N] [--entry build/src/main.js] [--json FILE]
 *
 * --only takes scenarios and groups (basic, modes, memory, all); --targets see lib/targets.mjs.
 * How to read the table: docs/benchmarks.md. Linux, loopback only; as root it installs nginx and
 * wrk where they are missing. Everything that it starts it stops.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import {
  cpuSeconds,
  peakMemoryBytes,
  resetPeakMemory,
  run,
  stopAll,
} from './lib/processes.mjs'
import { GROUPS, makeData, SCENARIOS } from './lib/scenarios.mjs'
import { startTargets } from './lib/targets.mjs'

/** Nothing here takes longer; a run that hangs ends. */
const RUN_SECONDS_MAX = 1_800

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: 'basic' },
    targets: { type: 'string', default: 'nginx,http-proxy,sealgate' },
    duration: { type: 'string' },
    rounds: { type: 'string' },
    entry: { type: 'string', default: 'build/src/main.js' },
    json: { type: 'string', default: 'build/bench.json' },
  },
})

const seconds = Number(values.duration ?? (values.quick ? 2 : 5))
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
const targetNames = values.targets.split(',')
const scenarioNames = expand(values.only.split(','))

await installTools()
const folder = mkdtempSync(join(tmpdir(), 'sealgate-bench-'))
const guard = setTimeout(() => stop(1, 'the bench took too long'), RUN_SECONDS_MAX * 1000)
process.once('SIGINT', () => stop(130, 'interrupted'))
process.once('SIGTERM', () => stop(143, 'terminated'))
try {
  await bench()
  await stop(0)
} catch (error) {
  await stop(1, error instanceof Error ? error.message : String(error))
}

async function bench() {
  makeData(folder)
  const entry = resolve(values.entry)
  if (values.targets.includes('sealgate') && !existsSync(entry)) {
    throw new Error(`${entry} is missing: npm run build first`)
  }
  const { targets, caFile } = await startTargets({ folder, names: targetNames, entry })
  say(`${targets.length} targets, ${scenarioNames.length} scenarios, ${rounds} round(s) of ${seconds} s`)
  const rows = []
  for (const name of scenarioNames) {
    const scenarioRows = await measureScenario(name, targets, caFile)
    print(name, scenarioRows)
    rows.push(...scenarioRows)
  }
  mkdirSync(dirname(values.json), { recursive: true })
  writeFileSync(values.json, `${JSON.stringify({ machine: await machine(), seconds, rounds, rows }, undefined, 2)}\n`)
  say(`\nwritten: ${values.json}`)
}

/**
 * One scenario: a short round that warms up and is not counted, then the rounds, each target once
 * a round, so that what else happens on the machine hits all alike.
 *
 * @param {string} name
 * @param {import('./lib/targets.mjs').Target[]} targets
 * @param {string | undefined} caFile
 */
async function measureScenario(name, targets, caFile) {
  const scenario = SCENARIOS[name]
  const isHeavy = name.includes('5g') || scenario.unit === 'memory'
  const warmUp = { folder, caFile, seconds: values.quick ? 1 : 2, repeats: 2 }
  const full = { folder, caFile, seconds, repeats: values.quick ? 4 : 8 }
  const rows = targets
    .filter((target) => isPossible(name, target))
    .map((target) => ({
      scenario: name,
      unit: scenario.unit,
      target: target.name,
      baseline: target.baseline,
      cpuSeconds: 0,
      units: 0,
      seconds: 0,
      p50: 0,
      p99: 0,
      peakBytes: 0,
      errors: 0,
      /** @type {string | undefined} */
      failure: undefined,
    }))
  for (let round = isHeavy ? 1 : 0; round <= (isHeavy ? 1 : rounds); round++) {
    for (const row of rows) {
      const target = targets.find((one) => one.name === row.target)
      if (row.failure !== undefined || target === undefined) continue
      const { pid } = target.process
      resetPeakMemory(pid)
      const before = cpuSeconds(pid)
      try {
        const measured = await scenario.measure(round === 0 ? warmUp : full, target)
        if (round === 0) continue
        row.cpuSeconds += cpuSeconds(pid) - before
        row.units += measured.units
        row.seconds += measured.seconds
        row.p50 = Math.max(row.p50, measured.p50 ?? 0)
        row.p99 = Math.max(row.p99, measured.p99 ?? 0)
        row.peakBytes = Math.max(row.peakBytes, peakMemoryBytes(pid))
        row.errors += measured.errors
      } catch (error) {
        row.failure = error instanceof Error ? error.message : String(error)
      }
    }
  }
  return rows
}

/** The client for made-as-it-goes and slow bodies speaks plain TCP. */
function isPossible(
  /** @type {string} */ name,
  /** @type {import('./lib/targets.mjs').Target} */ target,
) {
  return !target.tls || !(name === 'put-5g-signed' || name.startsWith('slow-'))
}

/** @typedef {Awaited<ReturnType<typeof measureScenario>>[number]} Row */

function print(/** @type {string} */ name, /** @type {Row[]} */ rows) {
  const { about, unit } = SCENARIOS[name]
  const cost = { request: 'CPU µs/request', GiB: 'CPU s/GiB', memory: 'CPU s' }[unit]
  const rate = unit === 'GiB' ? 'MiB/s' : 'requests/s'
  say(`\n${name}: ${about}\n`)
  say(line(['', cost, '÷ nginx', rate, 'p50 ms', 'p99 ms', 'peak MB', 'errors']))
  for (const row of rows) {
    if (row.failure !== undefined) {
      say(line([row.target, 'failed']))
      say(row.failure)
      continue
    }
    const base = rows.find((one) => one.target === row.baseline)
    const ratio = base && base.cpuSeconds > 0 ? costOf(row) / costOf(base) : undefined
    say(
      line([
        row.target,
        costOf(row).toFixed(unit === 'request' ? 1 : 2),
        ratio === undefined ? '' : ratio.toFixed(1),
        ((unit === 'GiB' ? row.units * 1024 : row.units) / row.seconds).toFixed(0),
        row.p50 ? (row.p50 / 1000).toFixed(2) : '',
        row.p99 ? (row.p99 / 1000).toFixed(2) : '',
        (row.peakBytes / 1e6).toFixed(0),
        String(row.errors),
      ]),
    )
  }
}

function costOf(/** @type {Row} */ row) {
  if (row.unit === 'memory') return row.cpuSeconds
  return (row.cpuSeconds / row.units) * (row.unit === 'request' ? 1e6 : 1)
}

function line(/** @type {string[]} */ cells) {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(16) : cell.padStart(15))).join('')
}

function expand(/** @type {string[]} */ names) {
  const expanded = names.flatMap((name) => {
    if (name === 'all') return Object.keys(SCENARIOS)
    return GROUPS[/** @type {keyof typeof GROUPS} */ (name)] ?? [name]
  })
  for (const name of expanded) {
    if (SCENARIOS[name] === undefined) {
      process.stderr.write(`unknown scenario ${name}; known: ${Object.keys(SCENARIOS).join(', ')}\n`)
      process.exit(2)
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

/** nginx with its Lua module (the upstream reads and drops bodies with it), and wrk. */
async function installTools() {
  const missing = [
    ['nginx', '/usr/sbin/nginx'],
    ['libnginx-mod-http-lua', '/usr/lib/nginx/modules/ngx_http_lua_module.so'],
    ['wrk', '/usr/bin/wrk'],
    ['curl', '/usr/bin/curl'],
    ['openssl', '/usr/bin/openssl'],
  ].flatMap(([name, file]) => (existsSync(file) ? [] : [name]))
  if (missing.length === 0) return
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`
  if (process.getuid?.() !== 0) {
    process.stderr.write(`missing: ${missing.join(', ')}; as root: ${command}\n`)
    process.exit(2)
  }
  say(command)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['update'], { timeoutMs: 300_000, env })
  const { code, stderr } = await run('apt-get', command.split(' ').slice(1), {
    timeoutMs: 600_000,
    env,
  })
  if (code !== 0) {
    process.stderr.write(stderr)
    process.exit(2)
  }
}

async function stop(/** @type {number} */ code, /** @type {string} */ message = '') {
  clearTimeout(guard)
  if (message) process.stderr.write(`${message}\n`)
  await stopAll()
  rmSync(folder, { recursive: true, force: true })
  process.exit(code)
}

function say(/** @type {string} */ text) {
  process.stdout.write(`${text}\n`)
}
