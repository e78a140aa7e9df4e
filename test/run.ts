import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { LOADED_FILES, planRun, type TestProcess } from './support/plan-run.ts'
import { ownProcessFiles, sharedProcessFiles } from './support/test-files.ts'

/*
 * Runs the tests in several processes and prints a line for each: `npm test`, or
 * `npm test -- test/e2e/cors.test.ts test/life`. tap's own runner is used for coverage alone: it loads
 * hooks into each process and into every program that a test starts, and takes three times as long.
 */

/** More than there are cores: most tests wait for a time limit or a program that starts, half of their time. */
const JOBS = availableParallelism() + 6

/** Ten times what the longest takes on two cores of its own. */
const TIMEOUT_SECONDS = 900

/** Processes that share the tests without one of their own. */
const SHARDS = availableParallelism()

/** Lines of output that are printed if a file fails without a test that failed. */
const LAST_LINES = 60

const SLOWEST = 5

interface Outcome {
  /** The file, and its part of the tests. */
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly seconds: number
  /** What to read if it failed. */
  readonly report: string
}

const started = performance.now()
const files = { own: ownProcessFiles(), shared: sharedProcessFiles() }
const planned = planRun(process.argv.slice(2), files, SHARDS)
if (!planned.ok) {
  process.stderr.write(`npm test: ${planned.error}\n`)
  process.exit(2)
}
const outcomes = await runAll(planned.value)
const sum = (key: 'passed' | 'failed' | 'skipped') =>
  outcomes.reduce((total, outcome) => total + outcome[key], 0)

for (const { failed, name, report } of outcomes) {
  if (failed > 0) print(`\n${name}\n${report}`)
}
const slowest = outcomes.toSorted((one, other) => other.seconds - one.seconds).slice(0, SLOWEST)
print(`\nslowest: ${slowest.map((one) => `${one.name} ${inSeconds(one.seconds)}`).join(', ')}`)
print(
  `${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped in ${inSeconds(secondsSince(started))}`,
)
if (sum('failed') > 0) process.exitCode = 1

/** Starts the processes in this order, `JOBS` at a time. */
async function runAll(processes: readonly TestProcess[]): Promise<readonly Outcome[]> {
  const waiting = [...processes]
  const outcomes: Outcome[] = []
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const outcome = await runProcess(next)
      outcomes.push(outcome)
      const word = outcome.failed > 0 ? 'FAILED' : 'passed'
      print(`${word} ${inSeconds(outcome.seconds).padStart(8)}  ${outcome.name}`)
    }
  }
  await Promise.all(Array.from({ length: JOBS }, work))
  return outcomes
}

async function runProcess({ file, args, loads }: TestProcess): Promise<Outcome> {
  const started = performance.now()
  const child = spawn(process.execPath, ['--enable-source-maps', file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      // biome-ignore lint/style/noProcessEnv: a test's environment is this one, and tap's limit of time
      ...process.env,
      TAP_TIMEOUT: String(TIMEOUT_SECONDS),
      [LOADED_FILES]: loads.join(' '),
    },
    timeout: TIMEOUT_SECONDS * 1000,
    killSignal: 'SIGKILL',
  })
  const parts: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part: Buffer) => parts.push(part))
  }
  const [code, signal] = await once(child, 'close')
  const lines = Buffer.concat(parts).toString('utf8').split('\n')
  const count = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length
  const skipped = count(/^ok .* # SKIP\b/)
  const passed = count(/^ok /) - skipped
  const failed = count(/^not ok /)
  const isComplete = code === 0 && passed + skipped > 0
  const failures = failuresIn(lines)
  return {
    name: [file, ...args].join(' '),
    passed,
    // A file that ends early, or holds no test, is one failure.
    failed: isComplete ? failed : Math.max(failed, 1),
    skipped,
    seconds: secondsSince(started),
    report: [
      `exit code ${code}, signal ${signal}`,
      ...(failures.length > 0 ? failures : lines.slice(-LAST_LINES)),
    ].join('\n'),
  }
}

/** TAP's `not ok` lines, with what is indented below them. */
function failuresIn(lines: readonly string[]): readonly string[] {
  const found: string[] = []
  let depth = Number.POSITIVE_INFINITY
  for (const line of lines) {
    const indent = line.search(/\S/)
    if (indent !== -1 && indent <= depth) depth = Number.POSITIVE_INFINITY
    if (/^ *not ok /.test(line)) depth = Math.min(depth, indent)
    if (depth !== Number.POSITIVE_INFINITY) found.push(line)
  }
  return found
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000
}

function inSeconds(seconds: number): string {
  return `${seconds.toFixed(1)} s`
}
