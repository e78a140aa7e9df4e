import { failure, ok, type Result } from '../base/result.ts'
import { matchesAny } from '../policy/pattern.ts'
import type { Policy } from '../policy/policy.ts'
import { SSE_BUCKET_KEY_HEADER, SSE_HEADER, SSE_KEY_ID_HEADER } from '../s3/encryption-headers.ts'
import { canCopy } from './classify.ts'
import type { PlannedWay } from './finished-plan.ts'
import type { BucketInspection } from './inspect-bucket.ts'
import { type EncryptTarget, NO_ABILITIES, type ServerAbilities } from './object-version.ts'
import { patientLink } from './patient-link.ts'
import { probeServer } from './probe-server.ts'
import type { S3Link } from './s3-request.ts'

/** What a server can do under the key of one rule in one bucket. */
export interface RuleAbilities extends ServerAbilities {
  readonly bucket: string
  readonly rule: string
  /** False: nobody asked, and it is assumed. */
  readonly isAsked: boolean
  /** False: the server does not know annotations of objects; undefined: it may. */
  readonly hasAnnotations?: false | undefined
  /** What the server answered where it cannot. */
  readonly answers: readonly string[]
}

const ALL: ServerAbilities = { update: true, copy: true, copyFromKms: true, copyInParts: true }

/** Assumes that the server can do everything that AWS documents. */
export function assumeAbilities(
  inspection: Pick<BucketInspection, 'foreignRules'> | undefined,
  rule: string,
): ServerAbilities {
  return { ...ALL, update: inspection?.foreignRules.has(rule) !== true }
}

/** What is asked, and on whose behalf. */
interface AbilitiesQuestion {
  /** Names the sweep, and with it the objects that it asks with. */
  readonly sweep: string
  readonly isAws: boolean
  readonly isWanted: (rule: string) => boolean
}

/**
 * Asks the server for each rule that encrypts in the bucket, with objects of our own. A bucket that
 * retains what is written to it is not asked: a copy is assumed, and UpdateObjectEncryption only of AWS,
 * because a server that ignores `?encryption` takes the request for an upload. Fails with words for people.
 */
export async function askAbilities(
  link: S3Link,
  policy: Policy,
  inspection: BucketInspection,
  { sweep, isAws, isWanted }: AbilitiesQuestion,
): Promise<Result<readonly RuleAbilities[], string>> {
  const { facts, retainsByDefault } = inspection
  const { bucket } = facts
  const found: RuleAbilities[] = []
  for (const { name, match, effect } of policy.rules) {
    const isHere = matchesAny(match.buckets, bucket) && isWanted(name)
    if (!isHere || effect.kind !== 'encrypt') continue
    if (retainsByDefault) {
      const assumed = assumeAbilities(inspection, name)
      const update = isAws && assumed.update
      found.push({ bucket, rule: name, ...assumed, update, isAsked: false, answers: [] })
      continue
    }
    const { algorithm, keyId, replicas, bucketKey } = effect
    const target: EncryptTarget = {
      kind: 'encrypt',
      rule: name,
      algorithm,
      keyId,
      replicas,
      bucketKey,
      headers: [
        ...[SSE_HEADER, algorithm, SSE_KEY_ID_HEADER, keyId],
        ...(bucketKey === undefined ? [] : [SSE_BUCKET_KEY_HEADER, String(bucketKey)]),
      ],
    }
    const probed = await probeServer(patientLink(link), facts, target, sweep)
    if (!probed.ok) return probed
    const { abilities, ...more } = probed.value
    found.push({ bucket, rule: name, ...abilities, ...more, isAsked: true })
  }
  return ok(found)
}

/** Finds the abilities of a rule in a bucket; what nobody asked for is not there. */
export function abilitiesFor(
  all: readonly RuleAbilities[],
  bucket: string,
  rule: string,
): ServerAbilities {
  const found = all.find((one) => one.bucket === bucket && one.rule === rule)
  return found ?? NO_ABILITIES
}

/** One sentence for people: what the server can do under the key of a rule. */
export function describeAbilities(abilities: RuleAbilities): string {
  const { bucket, rule, update, copy, copyFromKms, copyInParts, isAsked, answers } = abilities
  const name = `${bucket}, rule ${rule}: `
  if (!isAsked) {
    const assumed = update ? 'UpdateObjectEncryption and CopyObject are' : 'only CopyObject is'
    return `${name}not asked, since the bucket retains what is written to it; ${assumed} assumed`
  }
  const cause = answers.length === 0 ? '' : ` (${answers.join('; ')})`
  if (!update && !copy && !copyInParts)
    return `${name}this server has no method to give stored objects the key${cause}`
  const methods = [
    ...(update ? ['UpdateObjectEncryption'] : []),
    ...(copy ? [copyFromKms ? 'CopyObject' : 'CopyObject of what is not under KMS'] : []),
    ...(copyInParts ? ['copies in parts'] : []),
  ]
  return `${name}${methods.join(', ')}${cause}`
}

/** Checks that a plan's ways exist; fails with words for people. */
export function checkWays(
  ways: readonly PlannedWay[],
  all: readonly RuleAbilities[],
): Result<void, string> {
  for (const { bucket, rule, method, isFromKms } of ways) {
    const abilities = abilitiesFor(all, bucket, rule)
    const isPossible =
      method === 'update' ? abilities.update : canCopy(abilities, method, isFromKms)
    if (!isPossible) {
      return failure(
        `the plan has versions for ${method} in ${bucket} (rule ${rule}), which this server cannot do: make a plan with --probe in another folder`,
      )
    }
  }
  return ok(undefined)
}
