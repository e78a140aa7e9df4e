import { type RequestedEncryption, SSE_KEY_ID_HEADER } from '../s3/encryption-headers.ts'
import type { S3Error } from '../s3/error.ts'
import type { Operation } from '../s3/operation.ts'
import { refusal } from '../s3/refusals.ts'
import type {
  Allow,
  Decision,
  Deny,
  EncryptionAction,
  EncryptionEdit,
  Obligation,
} from './decision.ts'
import { buildEncryptionContext, CONTEXT_BYTES_MAX } from './encryption-context.ts'
import { isExpectedKey } from './expected-encryption.ts'
import { findRule } from './find-rule.ts'
import { judgeGuards } from './judge-guards.ts'
import type { EncryptEffect, Policy, Rule } from './policy.ts'
import type { WriteFacts } from './write-facts.ts'

/** The input of a decision: the request in S3's terms, after authentication. */
export interface DecisionInput {
  readonly operation: Operation
  readonly method: string
  /** The client's name in the configuration. */
  readonly client: string
  readonly bucket: string | undefined
  /** Decoded. */
  readonly key: string | undefined
  /** From the headers, the hoisted query parameters or the form's fields. */
  readonly requested: RequestedEncryption
  /**
   * True if the request has `x-amz-write-offset-bytes`: the upload appends to an existing object.
   */
  readonly isAppend: boolean
  /** For the date until which an object is kept. */
  readonly nowMs: number
}

const CONTEXT_HEADER = 'x-amz-server-side-encryption-context'

const NOTHING_TO_DO: Obligation = {
  encryption: { kind: 'keep' },
  action: undefined,
  exemption: undefined,
  confirm: undefined,
  readCheck: undefined,
  guards: undefined,
}

/**
 * Decides on a request: allows it under an obligation, or denies it with S3's error. Pure: the same
 * input returns the same decision. In mode `observe` everything is allowed unchanged, and
 * `observed` is the decision that `enforce` would make. `readFacts`: what the guards of a rule ask for.
 */
export function decide(
  policy: Policy,
  input: DecisionInput,
  readFacts: () => WriteFacts,
): Decision {
  const encryption = judge(policy, input)
  const decision =
    encryption.kind === 'allow'
      ? judgeGuards(policy.rules, input, encryption, readFacts)
      : encryption
  return inMode(policy, decision)
}

/** Decides on the encryption alone, without the guards of a rule. Pure. */
export function decideEncryption(policy: Policy, input: DecisionInput): Decision {
  return inMode(policy, judge(policy, input))
}

function inMode(policy: Policy, decision: Decision): Decision {
  if (policy.mode === 'enforce') return decision
  const rule = decision.rule
  return { kind: 'allow', rule, obligation: NOTHING_TO_DO, observed: decision }
}

function judge(policy: Policy, input: DecisionInput): Decision {
  const { operation } = input
  const isRead = input.method === 'GET' || input.method === 'HEAD'
  // Checked first: this is the answer even if the request has other faults.
  const refused = isRead ? refusedReadHeaders(policy, input) : undefined
  if (refused !== undefined) return deny(undefined, refused)
  if (operation.closed && !policy.allowOperations.has(operation.name)) {
    return deny(undefined, refusal('operation-closed', { operation: operation.name }))
  }
  if (operation.isUpload) return judgeUpload(policy, input)
  if (operation.encryptionRole === 'inherits-mpu') return judgePart(policy, input)
  if (isRead) return judgeRead(policy, input)
  return judgeOther(policy, input)
}

/** PutObject, CopyObject, CreateMultipartUpload, POST Object: these set the encryption. */
function judgeUpload(policy: Policy, input: DecisionInput): Decision {
  if (input.isAppend) {
    return deny(undefined, refusal('append-closed'))
  }
  const refused = refusedSourceKeys(policy, input)
  if (refused !== undefined) return refused
  const rule = ruleFor(policy, input)
  if (rule === undefined) return noRule(input)
  if (refusesCustomerKeys(policy, rule, input))
    return deny(rule, refusal('customer-keys-refused/write', namesOf(rule, input)))
  const sourceKeys = stripsSourceKeys(policy, input)
  if (rule.effect.kind === 'exempt') {
    const { reason } = rule.effect
    const encryption: EncryptionEdit = sourceKeys
      ? { kind: 'strip', ownHeaders: false, customerKeys: false, sourceKeys }
      : { kind: 'keep' }
    return allow(rule, { ...NOTHING_TO_DO, encryption, action: 'exempt', exemption: reason })
  }

  const context = contextOf(rule.effect, input)
  if (context !== undefined && context.length > CONTEXT_BYTES_MAX) {
    // JSON escapes a control character of the key as six, a quote or a backslash as two.
    return deny(
      rule,
      refusal('encryption-context-too-long', {
        rule: rule.name,
        bytes: context.length,
        max: CONTEXT_BYTES_MAX,
      }),
    )
  }
  const headers = encryptionHeadersOf(rule.effect, context)
  const action = actionOf(rule.effect, headers, input.requested)
  if (action === 'overridden' && rule.effect.conflict === 'reject') {
    const { algorithm } = rule.effect
    return deny(rule, refusal('encryption-conflict', { ...namesOf(rule, input), algorithm }))
  }
  return allow(rule, {
    ...NOTHING_TO_DO,
    encryption: { kind: 'set', headers, sourceKeys },
    action,
    confirm: rule.effect,
  })
}

/**
 * UploadPart, UploadPartCopy, CompleteMultipartUpload: the encryption was set when the upload was
 * created.
 */
function judgePart(policy: Policy, input: DecisionInput): Decision {
  const refused = refusedSourceKeys(policy, input)
  if (refused !== undefined) return refused
  const rule = ruleFor(policy, input)
  if (rule === undefined) return noRule(input)
  const misplaced = misplacedHeaders(policy, input)
  if (misplaced !== undefined) return deny(rule, misplaced)
  if (refusesCustomerKeys(policy, rule, input))
    return deny(rule, refusal('customer-keys-refused/write', namesOf(rule, input)))
  const { effect } = rule
  if (effect.kind === 'exempt') {
    const encryption = strip(policy, input, false)
    return allow(rule, { ...NOTHING_TO_DO, encryption, exemption: effect.reason })
  }
  return allow(rule, { ...NOTHING_TO_DO, encryption: strip(policy, input, true), confirm: effect })
}

/** Like `refuseReadHeaders`, but for a parsed request; CreateSession accepts the four headers. */
function refusedReadHeaders(policy: Policy, input: DecisionInput): S3Error | undefined {
  const { operation, requested } = input
  const acceptsOwn = operation.acceptsEncryption === 'all'
  if (hasOwnHeaders(requested) && !acceptsOwn && policy.misplacedEncryptionHeaders === 'reject') {
    return refusal('encryption-headers-on-read', { name: firstOwnHeader(requested) })
  }
  const carriesCustomerKey = requested.hasCustomerKey || requested.hasCopySourceCustomerKey
  return carriesCustomerKey && policy.reads.customerKeys === 'reject'
    ? refusal('encryption-headers-on-read', {
        name: 'x-amz-server-side-encryption-customer-algorithm',
      })
    : undefined
}

function judgeRead(policy: Policy, input: DecisionInput): Decision {
  const { operation } = input
  const acceptsOwn = operation.acceptsEncryption === 'all'
  const rule = operation.returnsEncryption ? ruleFor(policy, input) : undefined
  const stripsKeys = policy.reads.customerKeys === 'strip'
  const encryption: EncryptionEdit = acceptsOwn
    ? { kind: 'keep' }
    : strip(policy, input, stripsKeys)
  if (rule === undefined || rule.effect.kind === 'exempt') {
    return allow(rule, { ...NOTHING_TO_DO, encryption })
  }
  const denyOthers = policy.reads.unencrypted === 'deny'
  return allow(rule, {
    ...NOTHING_TO_DO,
    encryption,
    readCheck: { expected: rule.effect, deny: denyOthers },
  })
}

/** All other operations: they do not accept the headers, and S3 would refuse them too. */
function judgeOther(policy: Policy, input: DecisionInput): Decision {
  const misplaced = misplacedHeaders(policy, input)
  if (misplaced !== undefined) return deny(undefined, misplaced)
  const { requested } = input
  if (requested.hasCustomerKey && policy.reads.customerKeys === 'reject') {
    return deny(undefined, refusal('customer-keys-refused'))
  }
  const encryption = strip(policy, input, policy.reads.customerKeys === 'strip')
  return allow(undefined, { ...NOTHING_TO_DO, encryption })
}

function ruleFor(
  { rules }: Policy,
  { bucket = '', key = '', client }: DecisionInput,
): Rule | undefined {
  return findRule(rules, { bucket, key, client })
}

/** Returns the header's value for this request; undefined if the rule has no context. */
function contextOf({ context }: EncryptEffect, input: DecisionInput): string | undefined {
  if (context === undefined) return undefined
  const { bucket = '', key = '', client } = input
  return buildEncryptionContext(context, { client, bucket, key })
}

function encryptionHeadersOf(
  effect: EncryptEffect,
  context: string | undefined,
): readonly string[] {
  const headers = [
    'x-amz-server-side-encryption',
    effect.algorithm,
    'x-amz-server-side-encryption-aws-kms-key-id',
    effect.keyId,
  ]
  if (effect.bucketKey !== undefined) {
    headers.push('x-amz-server-side-encryption-bucket-key-enabled', String(effect.bucketKey))
  }
  if (context !== undefined) headers.push(CONTEXT_HEADER, context)
  return headers
}

/**
 * Returns `unchanged` only if the client asked for exactly these values; a replica of a
 * multi-Region key counts as the key.
 */
function actionOf(
  effect: EncryptEffect,
  ours: readonly string[],
  requested: RequestedEncryption,
): EncryptionAction {
  if (!hasOwnHeaders(requested) && !requested.hasCustomerKey) return 'added'
  if (requested.hasCustomerKey) return 'overridden'
  for (let i = 0; i < ours.length; i += 2) {
    const name = ours[i]
    const value = requestedValue(requested, name)
    const isSame =
      name === SSE_KEY_ID_HEADER && value !== undefined
        ? isExpectedKey(effect, value)
        : value === ours[i + 1]
    if (!isSame) return 'overridden'
  }
  return ours.length / 2 === countOwnHeaders(requested) ? 'unchanged' : 'overridden'
}

function requestedValue(requested: RequestedEncryption, name: string | undefined) {
  switch (name) {
    case 'x-amz-server-side-encryption':
      return requested.algorithm
    case 'x-amz-server-side-encryption-aws-kms-key-id':
      return requested.keyId
    case 'x-amz-server-side-encryption-bucket-key-enabled':
      return requested.bucketKey
    default:
      return requested.context
  }
}

function countOwnHeaders(requested: RequestedEncryption): number {
  let count = 0
  if (requested.algorithm !== undefined) count++
  if (requested.keyId !== undefined) count++
  if (requested.context !== undefined) count++
  if (requested.bucketKey !== undefined) count++
  return count
}

function hasOwnHeaders(requested: RequestedEncryption): boolean {
  return countOwnHeaders(requested) > 0
}

function firstOwnHeader(requested: RequestedEncryption): string {
  if (requested.algorithm !== undefined) return 'x-amz-server-side-encryption'
  if (requested.keyId !== undefined) return 'x-amz-server-side-encryption-aws-kms-key-id'
  if (requested.context !== undefined) return CONTEXT_HEADER
  return 'x-amz-server-side-encryption-bucket-key-enabled'
}

/**
 * Removes the headers that S3 would refuse. Returns `keep` if there are none, which costs nothing.
 */
function strip(policy: Policy, input: DecisionInput, customerKeys: boolean): EncryptionEdit {
  const { requested } = input
  const sourceKeys = stripsSourceKeys(policy, input)
  const has = hasOwnHeaders(requested) || (customerKeys && requested.hasCustomerKey) || sourceKeys
  return has ? { kind: 'strip', ownHeaders: true, customerKeys, sourceKeys } : { kind: 'keep' }
}

function stripsSourceKeys(policy: Policy, { requested }: DecisionInput): boolean {
  return requested.hasCopySourceCustomerKey && policy.reads.customerKeys === 'strip'
}

/**
 * Whether to refuse a client's own key (SSE-C) for the object. Under a rule that encrypts, the
 * object would be stored with another key than the client reads with. Under an exempt rule the
 * client could not read the object at all, unless `reads` allows the key.
 */
function refusesCustomerKeys(
  policy: Policy,
  { effect }: Rule,
  { requested }: DecisionInput,
): boolean {
  if (!requested.hasCustomerKey) return false
  return effect.kind === 'exempt'
    ? policy.reads.customerKeys !== 'allow'
    : effect.customerKeys === 'reject'
}

/** The four headers on an operation that does not accept them, unless the policy strips them. */
function misplacedHeaders(policy: Policy, input: DecisionInput): S3Error | undefined {
  const { requested } = input
  if (!hasOwnHeaders(requested) || policy.misplacedEncryptionHeaders === 'strip') return undefined
  return refusal('encryption-headers-misplaced', { name: firstOwnHeader(requested) })
}

/** A copy whose SSE-C source is read with the client's key. */
function refusedSourceKeys(policy: Policy, input: DecisionInput): Deny | undefined {
  const { hasCopySourceCustomerKey } = input.requested
  if (!hasCopySourceCustomerKey || policy.reads.customerKeys !== 'reject') return undefined
  return deny(undefined, refusal('customer-keys-refused'))
}

function noRule({ operation, bucket = '' }: DecisionInput): Deny {
  return deny(undefined, refusal('no-matching-rule', { operation: operation.name, bucket }))
}

/**
 * What the message of a refusal names: the bucket, which the client knows, and the rule, for the
 * operator whom the client asks. The KMS key is left out: only S3's answers name it.
 */
function namesOf({ name }: Rule, { bucket = '' }: DecisionInput) {
  return { rule: name, bucket }
}

function allow(rule: Rule | undefined, obligation: Obligation): Allow {
  return { kind: 'allow', rule: rule?.name, obligation, observed: undefined }
}

function deny(rule: Rule | undefined, error: S3Error): Deny {
  return { kind: 'deny', rule: rule?.name, error }
}
