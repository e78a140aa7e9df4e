import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { Observation } from '../contract/contract-case.ts'
import type { Abilities } from './abilities.ts'

/** What a server does otherwise than the contract says, by the case's id: the members that differ. */
export type Differences = Readonly<Record<string, Observation>>

/**
 * Ways to ask: the server itself; Sealgate as it is by default; Sealgate as the server needs it; the same with guards.
 */
export const WAYS = ['direct', 'enforced', 'relaxed', 'guards'] as const
export type Way = (typeof WAYS)[number]

/** The closed table of one server. A server that does better or worse than its table fails the suite. */
export interface Snapshot {
  readonly version: string
  /** When the table was written. */
  readonly date: string
  readonly abilities: Abilities
  readonly cases: Readonly<Partial<Record<Way, Differences>>>
}

const fileOf = (name: string) => `test/upstreams/expected/${name}.json`

/** The kept table; undefined for a new server. */
export function keptSnapshot(name: string): Snapshot | undefined {
  const file = fileOf(name)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

/** Writes the table, one line for each case. */
export function keepSnapshot(name: string, { version, date, abilities, cases }: Snapshot): void {
  const block = (indent: string, values: Readonly<Record<string, unknown>>): string => {
    const lines = Object.entries(values).map(
      ([key, value]) => `${indent}  ${JSON.stringify(key)}: ${JSON.stringify(value)}`,
    )
    return lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n${indent}}`
  }
  const ways = Object.entries(cases).map(
    ([way, differences]) => `    ${JSON.stringify(way)}: ${block('    ', differences)}`,
  )
  writeFileSync(
    fileOf(name),
    `{
  "version": ${JSON.stringify(version)},
  "date": ${JSON.stringify(date)},
  "abilities": ${block('  ', abilities)},
  "cases": {\n${ways.join(',\n')}\n  }
}
`,
  )
}

/** The members in which a case differs from what is expected, as the file keeps them; undefined: in none. */
export function differenceOf(expected: Observation, seen: Observation): Observation | undefined {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(seen)])]
  const wrong = names.filter((name) => !isDeepStrictEqual(expected[name], seen[name]))
  if (wrong.length === 0) return undefined
  const members = Object.fromEntries(wrong.map((name) => [name, seen[name] ?? null]))
  return JSON.parse(JSON.stringify(members, (_, value) => shorten(value)))
}

/** Bodies that are an error's document: its begin says enough, and the rest may have an id. */
function shorten(value: unknown): unknown {
  return typeof value === 'string' && value.length > 80 ? `${value.slice(0, 60)}…` : value
}
