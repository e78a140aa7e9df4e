import { isDeepStrictEqual } from 'node:util'
import type { CheckResult } from '../support/report.ts'
import { type ContractCase, expectedAt, type Observation, reasonToSkip } from './contract-case.ts'
import { Run } from './run.ts'
import type { Target } from './target.ts'

/** How many cases are in flight at once; the servers are one process each. */
const CONCURRENCY = 8

/** Asks every case of the target, in a bucket made for it at the S3 server. */
export async function runCases(
  target: Target,
  cases: readonly ContractCase[],
  report: (result: CheckResult) => void,
): Promise<void> {
  const bucket = `contract-${target.kind.replace('+', '-')}-${Date.now().toString(36)}`
  const made = await target.upstream.send({ method: 'PUT', target: `/${bucket}` })
  if (made.status !== 200) throw new Error(`no bucket ${bucket}: ${made.status} ${made.body}`)
  const waiting = [...cases]
  const worker = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      report(await runCase(target, bucket, one))
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))
}

async function runCase(target: Target, bucket: string, one: ContractCase): Promise<CheckResult> {
  const suite = `contract ${target.kind}`
  const name = `${one.id}: ${one.says}`
  const reason = reasonToSkip(one, target.kind)
  if (reason !== undefined) return { suite, name, kind: 'skipped', detail: reason }
  const expected = expectedAt(one, target.kind)
  try {
    const seen = await one.run(new Run(target, bucket, one.id))
    const wrong = differencesOf(expected, seen)
    const kind = wrong.length === 0 ? 'passed' : 'failed'
    return { suite, name, kind, detail: wrong.join('\n') }
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { suite, name, kind: 'failed', detail }
  }
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
