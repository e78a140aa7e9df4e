import type { ExpectedEncryption } from '../policy/expected-encryption.ts'
import { nobodyHas } from './explain-sender.ts'
import type { ExplainedAnswer, ExplanationFacts } from './explanation-facts.ts'

/**
 * Formats the explanation as text, one fact per line. `isFirst`: the first client was used, because
 * none was named.
 */
export function formatExplanation(facts: ExplanationFacts, isFirst: boolean): string {
  const lines: string[] = []
  const say = (name: string, value: string | undefined) => {
    if (value !== undefined) lines.push(`${`${name}:`.padEnd(16)}${value}`)
  }
  if (facts.operation !== undefined) {
    say('operation', facts.operation)
    say('bucket', facts.bucket ?? '(none)')
    say('key', facts.key === undefined ? '(none)' : JSON.stringify(facts.key))
    for (const name of facts.parametersLeftOut) say('parameter left out', name)
    say('client', describeClient(facts, isFirst))
    saySignature(say, facts)
  }
  say('as it stands', describeAnswer(facts.asItStands))
  say('rule', facts.rule)
  say('decision', facts.observed ? 'allow, unchanged (mode observe)' : facts.decision)
  say('answer', describeAnswer(facts.answer))
  say('would refuse', describeAnswer(facts.wouldRefuse))
  say('encryption', facts.encryption)
  say('exempt', facts.exempt)
  if (facts.guards.length > 0) say('guards', facts.guards.join(', '))
  if (facts.sizeLookUp !== undefined) say('looks up', `the size of the ${facts.sizeLookUp}`)
  say('guarded body', describeBody(facts.guardedBody))
  sayHeaders(say, facts)
  if (facts.mustConfirm !== undefined) {
    say('must confirm', `${facts.mustConfirm.algorithm} under ${keyOf(facts.mustConfirm)}`)
  }
  if (facts.mustBeUnder !== undefined) {
    say('must be under', `${keyOf(facts.mustBeUnder)}, or the read is refused`)
  }
  sayLimits(say, facts)
  return `${lines.join('\n')}\n`
}

function sayLimits(say: Say, { limits }: ExplanationFacts): void {
  if (limits === undefined) return
  const { requests, bytesPerSecond } = limits
  const bandwidth = bytesPerSecond === undefined ? undefined : `${bytesPerSecond} bytes/s`
  const texts = [requests, bandwidth].filter((text) => text !== undefined)
  say('limits', `${texts.join(', ')}; beyond them, 503 SlowDown or slower bodies`)
}

/** A document is judged when it arrives. */
function describeBody(kind: string | undefined): string | undefined {
  return kind === undefined ? undefined : `the ${kind} in the body is judged when it arrives`
}

type Say = (name: string, value: string | undefined) => void

function describeClient(
  { operation, client, signature }: ExplanationFacts,
  isFirst: boolean,
): string {
  if (operation === 'OptionsPreflight') return '(none: a preflight is not authenticated)'
  if (client !== undefined) return isFirst ? `${client} (the first; choose with --client)` : client
  return signature === undefined ? '(none)' : nobodyHas(signature.accessKeyId)
}

/** A header that is changed is not listed as set, one that is set not as removed. */
function sayHeaders(
  say: Say,
  { headersChanged, headersSet, headersRemoved }: ExplanationFacts,
): void {
  const changed = new Set(headersChanged.map(([name]) => name))
  const set = new Set(headersSet.map(([name]) => name))
  for (const [name, from, to] of headersChanged) say('header changed', `${name}: ${from} → ${to}`)
  for (const [name, value] of headersSet) {
    if (!changed.has(name)) say('header set', `${name}: ${value}`)
  }
  for (const name of headersRemoved) {
    if (!set.has(name)) say('header removed', name)
  }
}

const SIGNATURE_STATES = { good: 'good', refused: 'would be refused' } as const

function saySignature(say: Say, { signature }: ExplanationFacts): void {
  if (signature === undefined) return
  const { state, because } = signature
  if (state === 'not-verified') {
    say('signature', `not looked at: ${because.map(({ text }) => text).join('; ')}`)
    return
  }
  say('signature', SIGNATURE_STATES[state])
  for (const { reason, text } of because) say('because', `${text} (${reason})`)
}

function keyOf({ keyId, replicas }: ExpectedEncryption): string {
  return replicas === 'accept' ? `${keyId} or a replica of it in another Region` : keyId
}

function describeAnswer(answer: ExplainedAnswer | undefined): string | undefined {
  if (answer === undefined) return undefined
  return `${answer.status} ${answer.code} (${answer.reason}): ${answer.message}`
}
