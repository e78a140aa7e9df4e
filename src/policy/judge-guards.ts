import { isPublicAcl, isPublicAclDocument, isPublicGrant } from '../s3/acl.ts'
import type { S3Error } from '../s3/error.ts'
import type { Operation } from '../s3/operation.ts'
import { refusal } from '../s3/refusals.ts'
import type { Allow, BodyGuard, Decision, GuardObligation } from './decision.ts'
import { findRule } from './find-rule.ts'
import { GUARDS_OF, type GuardName, type Guards, hasGuards } from './guards.ts'
import { matchesAny } from './pattern.ts'
import type { Rule } from './policy.ts'
import type { WriteFacts } from './write-facts.ts'

/** The request as the guards see it. */
interface GuardedInput {
  readonly operation: Operation
  readonly client: string
  readonly bucket: string | undefined
  readonly key: string | undefined
}

/** A rule that has guards. */
type GuardingRule = Rule & { readonly guards: Guards }

/**
 * Judges an allowed request by the guards of its rule: refuses it, or returns the decision with what is
 * left to be done. `readFacts` is called only if a guard asks, because most policies have none. Pure.
 */
export function judgeGuards(
  rules: readonly Rule[],
  input: GuardedInput,
  allowed: Allow,
  readFacts: () => WriteFacts,
): Decision {
  const candidates = GUARDS_OF.get(input.operation.name)
  if (candidates === undefined || !hasGuards(rules)) return allowed
  const applied = new Set<GuardName>()
  let facts: WriteFacts | undefined
  let named = allowed.rule
  let body: BodyGuard | undefined
  for (const rule of guardingRules(rules, input)) {
    for (const name of candidates) {
      if (rule.guards[name] === undefined) continue
      facts ??= readFacts()
      const error = refusedBy(name, rule, input.operation, facts)
      if (error !== undefined) return { kind: 'deny', rule: rule.name, error, guards: [name] }
      applied.add(name)
      named ??= rule.name
      body ??= bodyGuardOf(input.operation, rule)
    }
  }
  if (applied.size === 0) return allowed
  const guards: GuardObligation = { names: [...applied], body }
  return { ...allowed, rule: named, obligation: { ...allowed.obligation, guards } }
}

/** Judges the body of a request that its head allowed. `text`: undefined if it is too large. */
export function refusedByBody(guard: BodyGuard, text: string | undefined): S3Error | undefined {
  if (text === undefined) return refusal('body-too-large')
  const isPublic = isPublicAclDocument(text)
  if (!isPublic.ok) return isPublic.error
  return isPublic.value ? refusal('public-acl', { rule: guard.rule }) : undefined
}

/**
 * The rules whose guards judge a request: of an object, the rule that matches it; of a bucket, every
 * rule that matches bucket and client, because its ACL is that of all keys.
 */
function guardingRules(
  rules: readonly Rule[],
  { operation, client, bucket = '', key }: GuardedInput,
): readonly GuardingRule[] {
  if (key !== undefined) {
    const rule = findRule(rules, { bucket, key, client })
    return rule !== undefined && isGuarding(rule) ? [rule] : []
  }
  return operation.level === 'bucket'
    ? rules.filter(isGuarding).filter((rule) => matchesBucket(rule, bucket, client))
    : []
}

function isGuarding(rule: Rule): rule is GuardingRule {
  return rule.guards !== undefined
}

function matchesBucket({ match }: Rule, bucket: string, client: string): boolean {
  return matchesAny(match.buckets, bucket) && matchesAny(match.clients, client)
}

function refusedBy(
  guard: GuardName,
  rule: GuardingRule,
  { name, encryptionRole }: Operation,
  facts: WriteFacts,
): S3Error | undefined {
  if (encryptionRole === 'moves') {
    return refusal('operation-closed/guards', { operation: name, rule: rule.name })
  }
  switch (guard) {
    case 'publicAcl':
      return refusedAcl(rule, facts)
    case 'storageClasses':
      return refusedStorageClass(rule, facts)
  }
}

function refusedAcl({ name }: GuardingRule, { acls, grants }: WriteFacts): S3Error | undefined {
  const isPublic = acls.some(isPublicAcl) || grants.some(isPublicGrant)
  return isPublic ? refusal('public-acl', { rule: name }) : undefined
}

/** S3's default, also of a copy: it does not keep the class of its source. */
const STANDARD = 'STANDARD'

function refusedStorageClass(
  { name, guards: { storageClasses } }: GuardingRule,
  facts: WriteFacts,
): S3Error | undefined {
  if (storageClasses === undefined) return undefined
  const stated = facts.storageClasses.length === 0 ? [STANDARD] : facts.storageClasses
  const refused = stated.find((storageClass) => !storageClasses.has(storageClass))
  if (refused === undefined) return undefined
  const values = { rule: name, allowed: [...storageClasses].join(', ') }
  return facts.storageClasses.length === 0
    ? refusal('storage-class-not-allowed/none', values)
    : refusal('storage-class-not-allowed', { ...values, class: refused })
}

function bodyGuardOf({ name }: Operation, rule: GuardingRule): BodyGuard | undefined {
  switch (name) {
    case 'PutObjectAcl':
    case 'PutBucketAcl':
      return { kind: 'acl', rule: rule.name }
    default:
      return undefined
  }
}
