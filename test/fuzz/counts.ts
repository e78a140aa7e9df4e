import type { Judgement } from './judge.ts'
import type { Observation } from './run-case.ts'
import { onlyValue } from './wire-reading.ts'

/** What was seen of a mode. */
export class Counts {
  cases = 0
  requests = 0
  passed = 0
  uploads = 0
  answers = 0
  cut = 0
  faults = 0
  readonly refused = new Map<string, number>()
  readonly statuses = new Map<string, number>()

  add({ client, answers }: Observation, { passed, uploads, faults }: Judgement): void {
    this.cases++
    this.requests += client.requests.length + (client.tail === 'malformed' ? 1 : 0)
    this.passed += passed
    this.uploads += uploads
    this.answers += answers.length
    this.faults += faults.length
    for (const { status, fields, isWhole } of answers) {
      if (!isWhole) this.cut++
      const reason = onlyValue(fields, 'x-sealgate-reason')
      if (reason !== undefined) count(this.refused, reason)
      count(this.statuses, `${Math.floor(status / 100)}xx`)
    }
  }

  /** Lines for people. */
  lines(mode: string): readonly string[] {
    const { cases, requests, passed, uploads, answers, cut, faults } = this
    const refused = [...this.refused].sort(([, a], [, b]) => b - a)
    const total = refused.reduce((sum, [, n]) => sum + n, 0)
    return [
      `${mode}: ${cases} cases, ${requests} requests sent, ${passed} reached S3 (${uploads} uploads compared), ` +
        `${answers} answers (${listOf([...this.statuses].sort())}; ${cut} cut), ${faults} faults`,
      `  refused ${total}: ${listOf(refused)}`,
    ]
  }
}

function listOf(entries: readonly (readonly [string, number])[]): string {
  return entries.map(([name, n]) => `${name} ${n}`).join(', ')
}

function count(map: Map<string, number>, name: string): void {
  map.set(name, (map.get(name) ?? 0) + 1)
}
