import { isDeepStrictEqual } from 'node:util'
import type { CheckResult } from '../support/report.ts'
import { type ContractCase, expectedAt, type Observation, reasonToSkip } from './contract-case.ts'
import { Run } from './run.ts'
import type { Target } from './target.ts'

/** How many cases are in flight at once unless said; the servers are one process each. */
const CONCURRENCY = 8

/** Asks every case of the target, in a bucket made for it at the S3 server, and compares. */
export async function runCases(
  target: Target,
  cases: readonly ContractCase[],
  report: (result: CheckResult) => void,
): Promise<void> {
  await observeCases(target, cases, (one, seen) => report(judge(target, one, seen)))
}

/** Asks every case of the target; takes what each saw, or why it broke off. */
export async function observeCases(
  target: Target,
  cases: readonly ContractCase[],
  take: (one: ContractCase, seen: Observation | Error) => void,
  concurrency = CONCURRENCY,
): Promise<void> {
  const bucket = `contract-${target.kind.replace('+', '-')}-${Date.now().toString(36)}`
  const made = await target.upstream.send({ method: 'PUT', target: `/${bucket}` })
  if (made.status !== 200) throw new Error(`no bucket ${bucket}: ${made.status} ${made.body}`)
  const waiting = [...cases]
  const worker = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const isAsked = reasonToSkip(one, target.kind) === undefined
      take(one, isAsked ? await observe(target, bucket, one) : {})
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

async function observe(target: Target, bucket: string, one: ContractCase) {
  try {
    return await one.run(new Run(target, bucket, one.id))
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function judge(target: Target, one: ContractCase, seen: Observation | Error): CheckResult {
  const suite = `contract ${target.kind}`
  const name = `${one.id}: ${one.says}`
  const reason = reasonToSkip(one, target.kind)
  if (reason !== undefined) return { suite, name, kind: 'skipped', detail: reason }
  if (seen instanceof Error) {
    return { suite, name, kind: 'failed', detail: seen.stack ?? seen.message }
  }
  const wrong = differencesOf(expectedAt(one, target.kind), seen)
  const kind = wrong.length === 0 ? 'passed' : 'failed'
  return { suite, name, kind, detail: wrong.join('\n') }
}

function differencesOf(expected: Observation, seen: Observation): readonly string[] {
  const names = new Set([...Object.keys(expected), ...Object.keys(seen)])
  return [...names]
    .filter((name) => !isDeepStrictEqual(expected[name], seen[name]))
    .map((name) => `${name}: expected ${show(expected[name])}, saw ${show(seen[name])}`)
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value)
}
