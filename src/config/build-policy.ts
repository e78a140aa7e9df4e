import {
  buildEncryptionContext,
  CONTEXT_BYTES_MAX,
  type ContextValues,
} from '../policy/encryption-context.ts'
import { isMultiRegionKeyArn } from '../policy/multi-region-key.ts'
import { compilePattern } from '../policy/pattern.ts'
import type { EncryptEffect, ExemptEffect, Policy, Rule } from '../policy/policy.ts'
import {
  isOperationName,
  OPERATIONS,
  type OperationName,
  operationByName,
} from '../s3/operation.ts'
import { buildBucketPatterns } from './build-clients.ts'
import type { BuildContext } from './build-context.ts'
import { buildGuards } from './build-guards.ts'
import type { ConfigPath } from './problems.ts'
import type { RawPolicy, RawRule } from './schema-policy.ts'
import { suggest } from './suggest.ts'

/** The limit of pairs in an encryption context. */
export const CONTEXT_PAIRS_MAX = 8

/** Builds a rule; reports problems and returns undefined if it is invalid. */
export function buildRule(context: BuildContext, path: ConfigPath, raw: RawRule): Rule | undefined {
  const buckets = buildBucketPatterns(context, [...path, 'match', 'buckets'], raw.match.buckets)
  const effect = buildEffect(context, path, raw)
  if (effect === undefined) return undefined
  const match = {
    buckets,
    keys: raw.match.keys.map(compilePattern),
    clients: raw.match.clients.map(compilePattern),
  }
  const guards = buildGuards(context, [...path, 'guards'], raw.guards)
  return { name: raw.name, match, effect, ...(guards === undefined ? {} : { guards }) }
}

function buildEffect(
  context: BuildContext,
  path: ConfigPath,
  raw: RawRule,
): EncryptEffect | ExemptEffect | undefined {
  if (raw.encrypt !== undefined && raw.exempt !== undefined) {
    context.report([...path, 'exempt'], 'a rule must not have both encrypt and exempt')
    return undefined
  }
  if (raw.encrypt !== undefined) return buildEncrypt(context, path, raw, raw.encrypt)
  if (raw.exempt === undefined) {
    context.report(path, 'has no effect: set encrypt: { keyId: … } or exempt: REASON')
    return undefined
  }
  return buildExempt(context, path, raw, raw.exempt)
}

function buildExempt(
  context: BuildContext,
  path: ConfigPath,
  raw: RawRule,
  text: string,
): ExemptEffect | undefined {
  const reason = text.trim()
  if (reason === '') {
    context.report([...path, 'exempt'], 'must be a reason: it is written to the audit log')
    return undefined
  }
  if (raw.conflict !== undefined) {
    context.report([...path, 'conflict'], 'has no effect with exempt; remove it')
  }
  if (raw.customerKeys !== undefined) {
    context.report(
      [...path, 'customerKeys'],
      'has no effect with exempt, where policy.reads.customerKeys: allow accepts them; remove it',
    )
  }
  const { buckets, keys, clients } = raw.match
  if ([buckets, keys, clients].every((list) => list.includes('*'))) {
    context.report([...path, 'exempt'], 'would exempt every upload; narrow match')
  }
  return { kind: 'exempt', reason }
}

function buildEncrypt(
  context: BuildContext,
  path: ConfigPath,
  raw: RawRule,
  encrypt: NonNullable<RawRule['encrypt']>,
): EncryptEffect {
  const at = [...path, 'encrypt']
  if (encrypt.algorithm === 'aws:kms:dsse' && encrypt.bucketKey !== undefined) {
    context.report([...at, 'bucketKey'], 'S3 has no bucket keys with aws:kms:dsse; remove it')
  }
  if (!/^[\x21-\x7e]+$/.test(encrypt.keyId)) {
    context.report([...at, 'keyId'], 'must be printable ASCII without spaces: it becomes a header')
  }
  if (raw.conflict === 'reject' && raw.customerKeys === 'override') {
    context.report(
      [...path, 'customerKeys'],
      'conflict: reject refuses them; remove one of the two',
    )
  }
  if (encrypt.replicas === 'accept' && !isMultiRegionKeyArn(encrypt.keyId)) {
    context.report(
      [...at, 'replicas'],
      'only a multi-Region key (arn:aws:kms:REGION:ACCOUNT:key/mrk-…) has replicas; remove it',
    )
  }
  if (encrypt.context !== undefined) checkContext(context, [...at, 'context'], encrypt.context)
  return {
    kind: 'encrypt',
    algorithm: encrypt.algorithm,
    keyId: encrypt.keyId,
    replicas: encrypt.replicas ?? 'reject',
    bucketKey: encrypt.bucketKey,
    context: encrypt.context,
    conflict: raw.conflict ?? 'override',
    customerKeys: raw.customerKeys ?? 'reject',
  }
}

/** The longest values of the templates, from characters that JSON need not escape. */
const LONGEST_NAMES: ContextValues = {
  client: 'c'.repeat(64),
  bucket: 'b'.repeat(255),
  key: 'k'.repeat(1024),
}

function checkContext(
  context: BuildContext,
  path: ConfigPath,
  pairs: Readonly<Record<string, string>>,
): void {
  const entries = Object.entries(pairs)
  if (entries.length === 0) {
    context.report(path, 'is empty; remove it')
    return
  }
  if (entries.length > CONTEXT_PAIRS_MAX) {
    context.report(path, `has ${entries.length} pairs; at most ${CONTEXT_PAIRS_MAX}`)
  }
  for (const [name, value] of entries) {
    if (name === 'aws:s3:arn') context.report([...path, name], 'S3 adds it; remove it')
    for (const [, template = ''] of value.matchAll(/\{([^{}]*)\}/g)) {
      if (!Object.hasOwn(LONGEST_NAMES, template)) {
        const known = '{client}, {bucket} and {key}'
        context.report([...path, name], `{${template}} is not a template; known: ${known}`)
      }
    }
  }
  const bytes = buildEncryptionContext(pairs, LONGEST_NAMES).length
  if (bytes > CONTEXT_BYTES_MAX) {
    context.report(
      path,
      `can have up to ${bytes} bytes as a header; the limit is ${CONTEXT_BYTES_MAX}`,
    )
  }
}

/** Returns the value of the newer or the older name; reports a contradiction. */
export function buildMisplacedHeaders(
  context: BuildContext,
  { misplacedEncryptionHeaders, reads }: RawPolicy,
): Policy['misplacedEncryptionHeaders'] {
  const older = reads.encryptionHeaders
  if (older !== undefined && older !== (misplacedEncryptionHeaders ?? older)) {
    context.report(
      ['policy', 'reads', 'encryptionHeaders'],
      'contradicts misplacedEncryptionHeaders, its newer name; remove this one',
    )
  }
  return misplacedEncryptionHeaders ?? older ?? 'reject'
}

/** Returns the operations to open; reports those that do not exist or are not closed. */
export function buildAllowOperations(
  context: BuildContext,
  path: ConfigPath,
  names: readonly string[],
): ReadonlySet<OperationName> {
  const opened = new Set<OperationName>()
  names.forEach((name, i) => {
    const at = [...path, i]
    if (!isOperationName(name)) {
      const near = suggest(
        name,
        OPERATIONS.map((operation) => operation.name),
      )
      const hint = near === undefined ? 'use its name in the API' : `did you mean ${near}?`
      context.report(at, `no such operation; ${hint}`)
      return
    }
    const { closed, inspectsBody } = operationByName(name)
    if (!closed && !inspectsBody) context.report(at, 'is not closed; remove it')
    if (opened.has(name)) context.report(at, 'duplicate; remove one')
    opened.add(name)
  })
  return opened
}
