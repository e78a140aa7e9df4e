import { decideEncryption } from '../policy/decide.ts'
import type { Decision } from '../policy/decision.ts'
import { matchesAny } from '../policy/pattern.ts'
import type { EncryptEffect, Policy, Rule } from '../policy/policy.ts'
import { NO_ENCRYPTION } from '../s3/encryption-headers.ts'
import { operationByName } from '../s3/operation.ts'
import type { Target } from './object-version.ts'

const PUT_OBJECT = operationByName('PutObject')

/**
 * Decides which encryption the policy wants of an object: the decision on an upload of its key by
 * `client` that asks for nothing. Undefined for `client`: nobody knows who wrote the object, so the
 * answer must not depend on it. In mode `observe`: what `enforce` would decide.
 */
export function decideTarget(
  policy: Policy,
  client: string | undefined,
  bucket: string,
  key: string,
): Target {
  const rule = policy.rules.find(
    ({ match }) =>
      matchesAny(match.buckets, bucket) &&
      matchesAny(match.keys, key) &&
      (client === undefined || matchesAny(match.clients, client)),
  )
  if (rule === undefined) return { kind: 'undecided', reason: 'no-rule' }
  if (client === undefined && dependsOnClient(rule)) return { kind: 'undecided', reason: 'client' }
  const decision = decideEncryption(policy, {
    operation: PUT_OBJECT,
    method: 'PUT',
    client: client ?? '',
    bucket,
    key,
    requested: NO_ENCRYPTION,
    isAppend: false,
    // Of no effect on the encryption.
    nowMs: 0,
  })
  return targetOf(decision.kind === 'allow' ? (decision.observed ?? decision) : decision, rule)
}

/** Returns whether another client could get another encryption. */
function dependsOnClient({ match, effect }: Rule): boolean {
  if (!match.clients.some(({ text }) => text === '*')) return true
  if (effect.kind === 'exempt') return false
  return Object.values(effect.context ?? {}).some((value) => value.includes('{client}'))
}

function targetOf(decision: Decision, { name, effect }: Rule): Target {
  if (decision.kind === 'deny' || decision.rule !== name) {
    return { kind: 'undecided', reason: 'no-rule' }
  }
  const { encryption, exemption } = decision.obligation
  if (exemption !== undefined) return { kind: 'exempt', rule: name, reason: exemption }
  const isEncrypted = encryption.kind === 'set' && effect.kind === 'encrypt'
  return isEncrypted
    ? { kind: 'encrypt', rule: name, ...settings(effect), headers: encryption.headers }
    : { kind: 'undecided', reason: 'no-rule' }
}

function settings({ algorithm, keyId, replicas, bucketKey }: EncryptEffect) {
  return { algorithm, keyId, replicas, bucketKey }
}
