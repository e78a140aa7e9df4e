import { matchesAny } from './pattern.ts'
import type { Rule } from './policy.ts'

/**
 * The only facts that a rule may match on. Parts, completions and reads look up the upload's rule
 * again and know nothing else about the upload. A rule that matched on more (a tag, a header) would
 * not be found again, and S3's correct answer would count as unconfirmed.
 */
export interface MatchSubject {
  readonly bucket: string
  readonly key: string
  readonly client: string
}

/** Returns the first rule whose buckets, keys and clients all match. */
export function findRule(rules: readonly Rule[], subject: MatchSubject): Rule | undefined {
  if (rules.length < INDEXED_RULES_MIN) return rules.find((rule) => matches(rule, subject))
  const index = indexes.get(rules) ?? new RuleIndex(rules)
  indexes.set(rules, index)
  return index.find(subject)
}

/** Fewer rules are compared one after the other. */
const INDEXED_RULES_MIN = 32

const indexes = new WeakMap<readonly Rule[], RuleIndex>()

function matches({ match }: Rule, { bucket, key, client }: MatchSubject): boolean {
  return (
    matchesAny(match.buckets, bucket) &&
    matchesAny(match.keys, key) &&
    matchesAny(match.clients, client)
  )
}

/** A rule with its place in the list. */
interface PlacedRule {
  readonly place: number
  readonly rule: Rule
}

const NONE: readonly PlacedRule[] = []

/** The rules by the buckets that they name, so that a thousand rules cost no more than a few. */
class RuleIndex {
  readonly #byBucket = new Map<string, PlacedRule[]>()
  /** The rules with a star in a bucket: any bucket may match. */
  readonly #others: PlacedRule[] = []

  constructor(rules: readonly Rule[]) {
    rules.forEach((rule, place) => {
      const { buckets } = rule.match
      const hasStar = buckets.some(({ pieces }) => pieces.length > 1)
      if (hasStar) this.#others.push({ place, rule })
      else for (const name of new Set(buckets.map(({ text }) => text))) this.#add(name, place, rule)
    })
  }

  /** Compares both lists in the order of the rules. */
  find(subject: MatchSubject): Rule | undefined {
    const named = this.#byBucket.get(subject.bucket) ?? NONE
    const others = this.#others
    let [n, o] = [0, 0]
    for (;;) {
      const [nextNamed, nextOther] = [named[n], others[o]]
      const isNamed =
        nextNamed !== undefined && (nextOther === undefined || nextNamed.place < nextOther.place)
      const next = isNamed ? nextNamed : nextOther
      if (next === undefined) return undefined
      if (matches(next.rule, subject)) return next.rule
      if (isNamed) n++
      else o++
    }
  }

  #add(name: string, place: number, rule: Rule): void {
    const placed = this.#byBucket.get(name)
    if (placed === undefined) this.#byBucket.set(name, [{ place, rule }])
    else placed.push({ place, rule })
  }
}
