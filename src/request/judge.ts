import { headerValue } from '../base/header-list.ts'
import type { Client } from '../config/config.ts'
import { type DecisionInput, decide } from '../policy/decide.ts'
import type { Allow, Decision } from '../policy/decision.ts'
import type { Policy } from '../policy/policy.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { type AuthenticationContext, identify, type Principal } from './identify.ts'
import { type BodyPlan, HELD_BODY_BYTES, planBody, type UpstreamTraits } from './plan-body.ts'
import type { S3Request } from './read-request.ts'
import { readWriteFacts, type WriteSource } from './read-write-facts.ts'
import { refuseReadFirst } from './refuse-read.ts'

/** The result of judging a request. */
export type Verdict = Permission | Refusal

/** The request is sent to S3. */
export interface Permission {
  readonly kind: 'allow'
  readonly principal: Principal
  readonly decision: Allow
  readonly plan: BodyPlan
}

/** The request is refused. */
interface Refusal {
  readonly kind: 'refuse'
  readonly error: S3Error
  /** Undefined if no client was identified. */
  readonly principal: Principal | undefined
  /** Undefined if the policy was not evaluated. */
  readonly decision: Decision | undefined
}

/**
 * Judges a request: identifies the sender, checks the buckets, evaluates the policy and plans the
 * body. The live road, `explain` and `probe` share this function. Pure.
 */
export function judge(
  policy: Policy,
  traits: UpstreamTraits,
  context: AuthenticationContext,
  request: S3Request,
): Verdict {
  const identified = identify(context, request)
  if (!identified.ok) {
    const { method, target, receivedHeaders: headers } = request
    const head = { method, rawTarget: target.rawPath, headers, parsed: request }
    const error = refuseReadFirst(policy, head, identified.error)
    return { kind: 'refuse', error, principal: undefined, decision: undefined }
  }
  const principal = identified.value
  const decision = decideOn(policy, principal.client, request, context.nowMs)
  if (decision.kind === 'deny') {
    return { kind: 'refuse', error: decision.error, principal, decision }
  }
  const plan = planOf(request, traits)
  if (!plan.ok) return { kind: 'refuse', error: plan.error, principal, decision }
  const planned = decideOnPlan(decision, plan.value)
  return planned.kind === 'deny'
    ? { kind: 'refuse', error: planned.error, principal, decision: planned }
    : { kind: 'allow', principal, decision: planned, plan: plan.value }
}

/** Denies a request whose guard wants S3 to have a checksum that ends here. */
function decideOnPlan(decision: Decision, plan: BodyPlan): Decision {
  const endsHere = plan.kind === 'chunked' && plan.checksum === 'ends-here'
  if (!endsHere || decision.kind === 'deny') return decision
  const { rule = '', obligation, observed } = decision
  if (observed !== undefined) return { ...decision, observed: decideOnPlan(observed, plan) }
  const guard = obligation.guards?.wantsChecksum
  if (guard === undefined) return decision
  const error = refusal('checksum-missing/ends-here', { rule, max: HELD_BODY_BYTES })
  return { kind: 'deny', rule, error, guards: [guard] }
}

/** Evaluates the policy for a request of this client. */
export function decideOn(
  policy: Policy,
  client: Client,
  request: Pick<S3Request, 'operation' | 'method' | 'resource' | 'requestedEncryption'> &
    WriteSource,
  nowMs: number,
): Decision {
  const { operation, method, resource, headers, requestedEncryption: requested } = request
  const input: DecisionInput = {
    operation,
    method,
    client: client.name,
    bucket: resource.bucket,
    key: resource.key,
    requested,
    isAppend: headerValue(headers, 'x-amz-write-offset-bytes') !== undefined,
    nowMs,
  }
  return decide(policy, input, () => readWriteFacts(request))
}

function planOf(request: S3Request, traits: UpstreamTraits) {
  const { form, operation, payload, headers } = request
  if (form !== undefined) return { ok: true, value: form.plan } as const
  return planBody(operation, payload, headers, traits)
}
