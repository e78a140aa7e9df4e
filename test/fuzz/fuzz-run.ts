import { Counts } from './counts.ts'
import { type Mode, type Plan, planCase } from './generate-case.ts'
import { runAndJudge } from './judge-case.ts'
import { describe, replay } from './replay.ts'
import type { Lane } from './rig.ts'
import type { Observation } from './run-case.ts'
import { CLIENTS, UPSTREAM } from './world.ts'

/** What a run is to do. */
export interface FuzzOptions {
  readonly seed: string
  readonly modes: readonly Mode[]
  readonly untilMs: number
  /** Cases. */
  readonly countMax: number
  readonly lanes: number
  /** Failing cases after which there are no more. */
  readonly failuresMax: number
  readonly openLane: () => Promise<Lane>
}

/** A lane is closed and looked at after this many cases. */
const LANE_CASES = 5_000
/** Failing cases that are shrunk and printed. */
const REPLAYS_MAX = 5

/** Runs cases until time or number is up, and gives what was seen that should never be. */
export async function fuzz(
  options: FuzzOptions,
  print: (line: string) => void,
): Promise<readonly string[]> {
  const run = new Run(options)
  const startMs = Date.now()
  const startCpu = process.cpuUsage()
  await Promise.all(Array.from({ length: options.lanes }, () => run.walk()))
  const seconds = (Date.now() - startMs) / 1000
  const cpu = process.cpuUsage(startCpu)
  let requests = 0
  for (const [mode, counts] of run.counts) {
    requests += counts.requests
    for (const line of counts.lines(mode)) print(line)
  }
  const rate = Math.round(requests / seconds)
  const cpuEach = Math.round((cpu.user + cpu.system) / Math.max(1, requests))
  print(
    `seed ${options.seed}: ${requests} requests in ${Math.round(seconds)} s, ${rate} a second, ${cpuEach} µs of CPU each`,
  )
  for (const fault of run.selfFaults) print(`FAULT ${fault}`)
  for (const { plan, faults, observation } of run.failures.slice(0, REPLAYS_MAX)) {
    const isGone = await replay(plan, undefined, options.openLane, print)
    if (!isGone) continue
    print(`FAULT seen once: ${faults.join('; ')}`)
    for (const line of describe(observation)) print(line)
  }
  return [...run.faults, ...run.selfFaults]
}

interface Failure {
  readonly plan: Plan
  readonly faults: readonly string[]
  readonly observation: Observation
}

class Run {
  readonly counts: ReadonlyMap<Mode, Counts>
  readonly failures: Failure[] = []
  readonly faults: string[] = []
  readonly selfFaults: string[] = []
  readonly #options: FuzzOptions
  #next = 0

  constructor(options: FuzzOptions) {
    this.#options = options
    this.counts = new Map(options.modes.map((mode) => [mode, new Counts()]))
  }

  /** Runs cases in a lane of its own until there are no more. */
  async walk(): Promise<void> {
    while (this.#goesOn()) {
      const lane = await this.#options.openLane()
      for (let i = 0; i < LANE_CASES && this.#goesOn(); i++) await this.#runNext(lane)
      this.selfFaults.push(...judgeTexts(await lane.close()))
    }
  }

  #goesOn(): boolean {
    const { untilMs, countMax, failuresMax } = this.#options
    return this.#next < countMax && Date.now() < untilMs && this.failures.length < failuresMax
  }

  async #runNext(lane: Lane): Promise<void> {
    const { seed, modes } = this.#options
    const index = this.#next++
    const mode = modes[index % modes.length]
    if (mode === undefined) throw new Error('no mode')
    const plan = planCase(seed, mode, Math.floor(index / modes.length))
    const { observation, judgement } = await runAndJudge(lane, plan)
    this.counts.get(mode)?.add(observation, judgement)
    this.faults.push(...judgement.faults)
    if (judgement.faults.length > 0) {
      const again = planCase(seed, mode, Math.floor(index / modes.length))
      this.failures.push({ plan: again, faults: judgement.faults, observation })
    }
  }
}

const SECRETS = [UPSTREAM, ...CLIENTS].flatMap(({ secretAccessKey, sessionToken }) => [
  secretAccessKey,
  ...(sessionToken === undefined ? [] : [sessionToken]),
])

/** What Sealgate wrote of itself: no secrets, no bugs. */
function judgeTexts(text: string): readonly string[] {
  const faults: string[] = []
  for (const secret of SECRETS) if (text.includes(secret)) faults.push(`log or audit: ${secret}`)
  const signature = /^.*Signature=[0-9a-f]{64}.*$/im.exec(text)?.[0]
  if (signature !== undefined) faults.push(`log or audit: a signature: ${signature}`)
  const gap = /^\d+ audit lines for .*$/m.exec(text)?.[0]
  if (gap !== undefined) faults.push(gap)
  const bug = text.split('\n').find((line) => line.includes('internal-error'))
  if (bug !== undefined) faults.push(`log: ${bug}`)
  return faults
}
