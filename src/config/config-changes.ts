import type { Rule } from '../policy/policy.ts'
import type { Config } from './config.ts'
import { canonicalForm } from './config-hash.ts'

/** In what two configurations differ, secrets apart. */
interface ConfigChanges {
  /** Sections of the file, in alphabetical order. */
  readonly sections: readonly string[]
  /** Names of rules that are new, gone, or other than before; in the order of the file. */
  readonly rulesAdded: readonly string[]
  readonly rulesRemoved: readonly string[]
  readonly rulesChanged: readonly string[]
}

/** Compares two configurations that were loaded. */
export function configChanges(before: Config, after: Config): ConfigChanges {
  const old = sectionsOf(before)
  const sections = [...sectionsOf(after)].filter(([name, text]) => old.get(name) !== text)
  const oldRules = rulesOf(before.policy.rules)
  const newRules = rulesOf(after.policy.rules)
  return {
    sections: sections.map(([name]) => name).sort(),
    rulesAdded: [...newRules.keys()].filter((name) => !oldRules.has(name)),
    rulesRemoved: [...oldRules.keys()].filter((name) => !newRules.has(name)),
    rulesChanged: [...newRules]
      .filter(([name, text]) => oldRules.has(name) && oldRules.get(name) !== text)
      .map(([name]) => name),
  }
}

function sectionsOf(config: Config): ReadonlyMap<string, string> {
  const { warnings: _, clientFiles: _files, ...sections } = config
  return new Map(Object.entries(sections).map(([name, value]) => [name, canonicalForm(value)]))
}

function rulesOf(rules: readonly Rule[]): ReadonlyMap<string, string> {
  return new Map(rules.map((rule) => [rule.name, canonicalForm(rule)]))
}
