import type { HeaderList } from '../base/header-list.ts'
import { isPublicAcl, isPublicAclDocument, isPublicGrant } from '../s3/acl.ts'
import type { S3Error } from '../s3/error.ts'
import type { Operation } from '../s3/operation.ts'
import { refusal } from '../s3/refusals.ts'
import { longerRetention, parseRetention, retentionHeaders } from '../s3/retention.ts'
import { parseTaggingDocument, type Tags } from '../s3/tagging.ts'
import type { Allow, BodyGuard, Decision, GuardObligation, SizeLookUp } from './decision.ts'
import { findRule } from './find-rule.ts'
import { GUARDS_OF, type GuardName, type Guards, hasGuards, type RequiredTag } from './guards.ts'
import { matchesAny } from './pattern.ts'
import type { Rule } from './policy.ts'
import type { WriteFacts } from './write-facts.ts'

/** The request as the guards see it. */
interface GuardedInput {
  readonly operation: Operation
  readonly client: string
  readonly bucket: string | undefined
  readonly key: string | undefined
  readonly nowMs: number
}

/** A rule that has guards. */
type GuardingRule = Rule & { readonly guards: Guards }

/** A request that a guard judges. */
interface Guarded {
  readonly rule: GuardingRule
  readonly input: GuardedInput
  readonly facts: WriteFacts
}

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
  const guarding = guardingRules(rules, input).filter(({ guards }) =>
    candidates.some((name) => guards[name] !== undefined),
  )
  const [first] = guarding
  if (first === undefined) return allowed
  const facts = readFacts()
  const applied = new Set<GuardName>()
  for (const rule of guarding) {
    for (const name of candidates) {
      if (rule.guards[name] === undefined) continue
      const error = refusedBy(name, { rule, input, facts })
      if (error !== undefined) return { kind: 'deny', rule: rule.name, error, guards: [name] }
      applied.add(name)
    }
  }
  const guards = obligationOf([...applied], { rule: first, input, facts })
  return {
    ...allowed,
    rule: allowed.rule ?? first.name,
    obligation: { ...allowed.obligation, guards },
  }
}

/** Judges the body of a request that its head allowed. `text`: undefined if it is too large. */
export function refusedByBody(guard: BodyGuard, text: string | undefined): S3Error | undefined {
  if (text === undefined) return refusal('body-too-large')
  const { rule } = guard
  switch (guard.kind) {
    case 'acl': {
      const isPublic = isPublicAclDocument(text)
      if (!isPublic.ok) return isPublic.error
      return isPublic.value ? refusal('public-acl', { rule }) : undefined
    }
    case 'tagging': {
      const tags = parseTaggingDocument(text)
      return tags.ok ? refusedTags(rule, guard.tags, tags.value) : tags.error
    }
  }
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

function refusedBy(guard: GuardName, guarded: Guarded): S3Error | undefined {
  const { rule, input } = guarded
  const { name, encryptionRole } = input.operation
  if (encryptionRole === 'moves') {
    return refusal('operation-closed/guards', { operation: name, rule: rule.name })
  }
  switch (guard) {
    case 'publicAcl':
      return refusedAcl(guarded)
    case 'storageClasses':
      return refusedStorageClass(guarded)
    case 'tags':
      return refusedTagging(guarded)
    case 'maxBytes':
      return refusedSize(guarded)
    case 'checksum':
      return refusedChecksum(guarded)
    case 'objectLock':
      return refusedLock(guarded)
  }
}

function refusedAcl({ rule: { name }, facts: { acls, grants } }: Guarded): S3Error | undefined {
  const isPublic = acls.some(isPublicAcl) || grants.some(isPublicGrant)
  return isPublic ? refusal('public-acl', { rule: name }) : undefined
}

/** S3's default, also of a copy: it does not keep the class of its source. */
const STANDARD = 'STANDARD'

function refusedStorageClass({ rule, facts }: Guarded): S3Error | undefined {
  const { storageClasses } = rule.guards
  if (storageClasses === undefined) return undefined
  const stated = facts.storageClasses.length === 0 ? [STANDARD] : facts.storageClasses
  const refused = stated.find((storageClass) => !storageClasses.has(storageClass))
  if (refused === undefined) return undefined
  const values = { rule: rule.name, allowed: [...storageClasses].join(', ') }
  return facts.storageClasses.length === 0
    ? refusal('storage-class-not-allowed/none', values)
    : refusal('storage-class-not-allowed', { ...values, class: refused })
}

function refusedTagging({ rule, input: { operation }, facts }: Guarded): S3Error | undefined {
  const { tags = [] } = rule.guards
  // Its tags are in its body.
  if (operation.name === 'PutObjectTagging') return undefined
  if (operation.name === 'DeleteObjectTagging') return refusedTags(rule.name, tags, NO_TAGS)
  if (facts.tags === 'source') return refusal('tags-missing/copy', { rule: rule.name })
  return refusedTags(rule.name, tags, facts.tags === 'unreadable' ? NO_TAGS : facts.tags)
}

const NO_TAGS: Tags = new Map()

function refusedTags(
  rule: string,
  required: readonly RequiredTag[],
  tags: Tags,
): S3Error | undefined {
  const lacking = required.find(({ key, values }) => {
    const value = tags.get(key) ?? ''
    return values === undefined ? value === '' : !values.has(value)
  })
  if (lacking === undefined) return undefined
  const { key, values } = lacking
  return values === undefined
    ? refusal('tags-missing', { rule, key })
    : refusal('tags-missing/value', { rule, key, values: [...values].join(', ') })
}

function refusedSize({ rule, facts: { bytes } }: Guarded): S3Error | undefined {
  const { maxBytes } = rule.guards
  if (maxBytes === undefined || bytes === undefined || bytes <= maxBytes) return undefined
  return refusal('object-too-large', { rule: rule.name, bytes, max: maxBytes })
}

function refusedChecksum({ rule, input: { operation }, facts }: Guarded): S3Error | undefined {
  const { checksum } = rule.guards
  // S3 keeps the checksum of a copy's source, or makes one; parts bring their own.
  const isStated = operation.name === 'CopyObject' || operation.name === 'CreateMultipartUpload'
  if (checksum === undefined || (isStated && checksum === 'required')) return undefined
  const found = isStated ? facts.checksumAlgorithms : facts.checksums
  if (checksum === 'required') {
    return found.length > 0 ? undefined : refusal('checksum-missing', { rule: rule.name })
  }
  if (found.some((algorithm) => checksum.has(algorithm))) return undefined
  const values = { rule: rule.name, allowed: [...checksum].join(', ') }
  return isStated
    ? refusal('checksum-missing/algorithm', values)
    : refusal('checksum-missing/of', values)
}

/** What makes S3 ignore a retention in mode GOVERNANCE. */
function bypasses({ bypasses }: WriteFacts): boolean {
  return bypasses.some((value) => value.toLowerCase() !== 'false')
}

function refusedLock({ rule, input: { operation }, facts }: Guarded): S3Error | undefined {
  if (bypasses(facts)) return refusal('retention-bypass', { rule: rule.name })
  const hasBody = operation.payload === 'streaming' || operation.payload === 'multipart-form'
  if (hasBody && facts.checksums.length === 0) {
    return refusal('checksum-missing/lock', { rule: rule.name })
  }
  const { lockModes, retainUntilDates } = facts
  const isStated = lockModes.length > 0 || retainUntilDates.length > 0
  return operation.isUpload && isStated && statedRetention(facts) === undefined
    ? refusal('retention-invalid')
    : undefined
}

/** Undefined if it is not stated, or not valid. */
function statedRetention({ lockModes, retainUntilDates }: WriteFacts) {
  const isOnce = lockModes.length === 1 && retainUntilDates.length === 1
  return isOnce ? parseRetention(lockModes[0], retainUntilDates[0]) : undefined
}

function obligationOf(names: readonly GuardName[], guarded: Guarded): GuardObligation {
  const { rule, input } = guarded
  const isForm = input.operation.payload === 'multipart-form'
  return {
    names,
    body: bodyGuardOf(input.operation, rule),
    set: lockHeaders(guarded),
    fileBytesMax: isForm ? rule.guards.maxBytes : undefined,
    wantsChecksum: wantsChecksum(names, rule),
    size: sizeLookUpOf(input.operation, rule),
  }
}

/** S3 keeps a checksum of a listed algorithm, and demands one under a lock; any other is verified here as well. */
function wantsChecksum(
  names: readonly GuardName[],
  { guards }: GuardingRule,
): GuardName | undefined {
  if (names.includes('objectLock')) return 'objectLock'
  return names.includes('checksum') && guards.checksum !== 'required' ? 'checksum' : undefined
}

/** A copy and a completion have no body that says how large the object becomes. */
function sizeLookUpOf(
  { name }: Operation,
  { name: rule, guards: { maxBytes: bytesMax } }: GuardingRule,
): SizeLookUp | undefined {
  if (bytesMax === undefined) return undefined
  switch (name) {
    case 'CopyObject':
      return { of: 'source', rule, bytesMax }
    case 'CompleteMultipartUpload':
      return { of: 'parts', rule, bytesMax }
    default:
      return undefined
  }
}

function bodyGuardOf(
  { name }: Operation,
  { name: rule, guards: { tags = [] } }: GuardingRule,
): BodyGuard | undefined {
  switch (name) {
    case 'PutObjectAcl':
    case 'PutBucketAcl':
      return { kind: 'acl', rule }
    case 'PutObjectTagging':
      return { kind: 'tagging', rule, tags }
    default:
      return undefined
  }
}

const DAY_MS = 86_400_000
const NOTHING_SET: HeaderList = []

/** A new object is kept as the rule says, or longer if the client asks for it. */
function lockHeaders({ rule, input, facts }: Guarded): HeaderList {
  const { objectLock } = rule.guards
  if (objectLock === undefined || !input.operation.isUpload) return NOTHING_SET
  const { mode, days } = objectLock
  const own = { mode, untilMs: input.nowMs + days * DAY_MS }
  const stated = statedRetention(facts)
  return retentionHeaders(stated === undefined ? own : longerRetention(stated, own))
}
