import { type HeaderList, headerCount, headerValue } from '../base/header-list.ts'
import type { Client } from '../config/config.ts'
import type { Decision, Obligation } from '../policy/decision.ts'
import type { ExpectedEncryption } from '../policy/expected-encryption.ts'
import type { GuardName } from '../policy/guards.ts'
import { draftHead } from '../request/draft-head.ts'
import type { Verdict } from '../request/judge.ts'
import type { S3Request } from '../request/read-request.ts'
import { isEncryptionHeader } from '../s3/encryption-headers.ts'
import { ERROR_STATUS, type S3Error } from '../s3/error.ts'
import type { Explanation } from './explain-request.ts'
import type { SignatureFinding } from './explain-sender.ts'

/**
 * The output of `explain --json`, and the input of `sealgate test`. Undefined members do not apply
 * to the request. Contains no secret and no signature.
 */
export interface ExplanationFacts {
  readonly decision: 'allow' | 'refuse'
  readonly operation: string | undefined
  readonly bucket: string | undefined
  readonly key: string | undefined
  readonly client: string | undefined
  readonly signature: SignatureFinding | undefined
  readonly rule: string | undefined
  /** The proxy's own answer; undefined if the request would be sent to S3. */
  readonly answer: ExplainedAnswer | undefined
  /** Mode `observe`: the answer that `enforce` would give. */
  readonly wouldRefuse: ExplainedAnswer | undefined
  /** Mode `observe`: the request is sent unchanged. */
  readonly observed: boolean
  /** The proxy's answer to the request as sent, if the client above is only assumed. */
  readonly asItStands: ExplainedAnswer | undefined
  /** The effect on an upload's encryption: `added`, `overridden`, `unchanged` or `exempt`. */
  readonly encryption: string | undefined
  readonly exempt: string | undefined
  /** The guards of the rule that judge the request; for a refusal by one, that guard. */
  readonly guards: readonly GuardName[]
  /** What S3 is asked for the size of before the request is sent: the `source` of a copy, or `parts`. */
  readonly sizeLookUp: string | undefined
  /** What the guards will look for in the body, which is not part of the explanation. */
  readonly guardedBody: string | undefined
  readonly headersSet: readonly (readonly [name: string, value: string])[]
  readonly headersRemoved: readonly string[]
  /** Of both lists, the headers that the client sent with another value: `[name, from, to]`. */
  readonly headersChanged: readonly (readonly [name: string, from: string, to: string])[]
  readonly parametersLeftOut: readonly string[]
  /** The encryption that S3's answer to an upload must confirm. */
  readonly mustConfirm: ExpectedEncryption | undefined
  /** The encryption that an object must have, otherwise the read is refused. */
  readonly mustBeUnder: ExpectedEncryption | undefined
  /** The client's limits; whether they are used up is known only to the running proxy. */
  readonly limits: ClientLimitFacts | undefined
}

/** Limits of a client, as in the configuration. */
interface ClientLimitFacts {
  /** `100/s` or `600/m`. */
  readonly requests: string | undefined
  readonly bytesPerSecond: number | undefined
}

/** An answer of the proxy itself. */
export interface ExplainedAnswer {
  readonly status: number
  readonly code: string
  readonly reason: string
  readonly message: string
}

/** Collects the facts about a request. */
export function factsOf({ request, sender, verdict, asItStands }: Explanation): ExplanationFacts {
  const obligation = verdict.kind === 'allow' ? verdict.decision.obligation : undefined
  const observed = verdict.kind === 'allow' ? verdict.decision.observed : undefined
  return {
    decision: verdict.kind,
    operation: request?.operation.name,
    bucket: request?.resource.bucket,
    key: request?.resource.key,
    client: sender?.client?.name,
    signature: sender?.signature,
    rule: verdict.decision?.rule,
    answer: answerOf(verdict),
    wouldRefuse: observed?.kind === 'deny' ? describe(observed.error) : undefined,
    observed: observed !== undefined,
    asItStands: asItStands === undefined ? undefined : answerOf(asItStands),
    encryption: obligation?.action,
    exempt: obligation?.exemption,
    guards: guardsOf(observed ?? verdict.decision),
    sizeLookUp: obligation?.guards?.size?.of,
    guardedBody: guardedBodyOf(observed ?? verdict.decision),
    headersSet: headersSet(obligation),
    headersRemoved:
      obligation === undefined || request === undefined ? [] : headersRemoved(request, obligation),
    headersChanged: request === undefined ? [] : headersChanged(request, headersSet(obligation)),
    parametersLeftOut: request?.ignoredParameters ?? [],
    mustConfirm: obligation?.confirm,
    mustBeUnder: obligation?.readCheck?.deny ? obligation.readCheck.expected : undefined,
    limits: sender?.client === undefined ? undefined : limitsOf(sender.client),
  }
}

function limitsOf({ requests, bandwidth }: Client): ClientLimitFacts | undefined {
  if (requests === undefined && bandwidth === undefined) return undefined
  const unit = requests?.unitMs === 1000 ? 's' : 'm'
  return {
    requests: requests && `${requests.count}/${unit}`,
    bytesPerSecond: bandwidth,
  }
}

function guardsOf(decision: Decision | undefined): readonly GuardName[] {
  if (decision === undefined) return []
  return (decision.kind === 'allow' ? decision.obligation.guards?.names : decision.guards) ?? []
}

function guardedBodyOf(decision: Decision | undefined): string | undefined {
  return decision?.kind === 'allow' ? decision.obligation.guards?.body?.kind : undefined
}

function answerOf(verdict: Verdict): ExplainedAnswer | undefined {
  return verdict.kind === 'refuse' ? describe(verdict.error) : undefined
}

function describe({ code, reason, message }: S3Error): ExplainedAnswer {
  return { status: ERROR_STATUS[code], code, reason, message }
}

function headersSet(obligation: Obligation | undefined): ExplanationFacts['headersSet'] {
  if (obligation === undefined) return []
  const { encryption, guards } = obligation
  const headers = [
    ...(encryption.kind === 'set' ? encryption.headers : []),
    ...(guards === undefined ? [] : guards.set),
  ]
  const pairs: (readonly [string, string])[] = []
  for (let i = 0; i < headers.length; i += 2) pairs.push([headers[i] ?? '', headers[i + 1] ?? ''])
  return pairs
}

function headersChanged(
  request: S3Request,
  set: ExplanationFacts['headersSet'],
): ExplanationFacts['headersChanged'] {
  const received = receivedHeaders(request)
  return set.flatMap(([name, to]) => {
    const from = headerValue(received, name)
    return from === undefined || from === to ? [] : [[name, from, to] as const]
  })
}

function receivedHeaders({ form, headers }: S3Request): HeaderList {
  return form === undefined ? headers : form.fields.flatMap(({ key, value }) => [key, value])
}

/** The client's encryption headers, or fields of a form, that are removed or replaced. */
function headersRemoved(request: S3Request, obligation: Obligation): readonly string[] {
  const received = receivedHeaders(request)
  const body = { set: [], contentEncoding: undefined, dropSdkChecksum: false }
  const kept = draftHead({ ...request, headers: received }, obligation, '', body)
  const removed: string[] = []
  for (let i = 0; i < received.length; i += 2) {
    const name = received[i] ?? ''
    if (!isEncryptionHeader(name)) continue
    if (obligation.encryption.kind === 'set' || headerCount(kept, name) === 0) removed.push(name)
  }
  return removed
}
