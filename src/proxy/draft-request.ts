import { Readable } from 'node:stream'
import { type HeaderList, headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import { BodyError } from '../body/body-error.ts'
import { bodyFailure } from '../body/body-failure.ts'
import type { Allow, Obligation } from '../policy/decision.ts'
import type { Policy } from '../policy/policy.ts'
import {
  type DraftedBody,
  decodeSmallBody,
  holdBody,
  plainBody,
  reframeBody,
} from '../request/draft-body.ts'
import { draftHead } from '../request/draft-head.ts'
import { isPreflight, type Principal } from '../request/identify.ts'
import { inspectBody, inspectGuardedBody } from '../request/inspect-body.ts'
import type { Permission } from '../request/judge.ts'
import {
  type BodyPlan,
  type FormBody,
  heldBytes,
  SMALL_BODY_BYTES,
  type UpstreamTraits,
} from '../request/plan-body.ts'
import type { S3Request } from '../request/read-request.ts'
import type { S3Error } from '../s3/error.ts'
import type { Operation } from '../s3/operation.ts'
import { refusal } from '../s3/refusals.ts'
import { chunkVerifier, unverifiedChunks } from '../sigv4/chunk-signature.ts'
import type { Addressed } from '../upstream/destination.ts'
import type { Draft } from '../upstream/draft.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { collectBody } from './collect-body.ts'
import type { Exchange } from './exchange.ts'

/** Limit of a small body in chunks of at least 8 KiB, with its chunk signatures and its trailer. */
const SMALL_ENCODED_BYTES = SMALL_BODY_BYTES + 16 * 1024

/** The inputs of a draft besides the request. */
interface DraftContext {
  readonly upstream: Upstream
  readonly policy: Policy
  readonly bodyIdleMs: number
  /** A plain body up to this declared size is collected, even if it is not small. */
  readonly collectedBytesMax: number
  /** Headers that replace the client's, for what was looked up at S3. */
  readonly conditions: HeaderList
}

/** Our request, and what mode observe found in its body. */
interface DraftedRequest {
  readonly draft: Draft
  /** Mode `observe`: the refusal that a guard would give for the body. */
  readonly wouldRefuse: S3Error | undefined
}

/**
 * Turns the client's request into ours: a head built from scratch under the decision's obligation,
 * and a body in S3's framing. Sends 100 Continue if the client waits for it, since the request is
 * now authenticated and allowed. Collects the body if it is small.
 */
export async function draftRequest(
  { upstream, policy, bodyIdleMs, collectedBytesMax, conditions }: DraftContext,
  exchange: Exchange,
  request: S3Request,
  { principal, decision, plan }: Permission,
): Promise<Result<DraftedRequest, S3Error>> {
  if (plan.kind === 'form') throw new Error('a form is drafted by draftForm')
  const { operation, method } = request
  const { bucket, key } = request.resource
  const addressed: Addressed = { bucket, key, query: request.query }
  const destination = upstream.destinationOf(addressed)
  if (!destination.ok) return destination
  const source = await openSource(exchange, operation, plan, bodyIdleMs, collectedBytesMax)
  if (!source.ok) return source
  const inspected = source.value instanceof Readable ? 'streamed' : source.value
  const refused = refusedBody(policy, principal, operation, decision, inspected)
  if (refused !== undefined) return failure(refused)
  const drafting = draftBody(upstream, request, principal, plan, source.value)
  const drafted = drafting instanceof Promise ? await drafting : drafting
  if (!drafted.ok) return drafted
  const { headers, payloadHash, body } = drafted.value
  const isSigned = !isPreflight(request)
  const draft: Draft = {
    method,
    addressed,
    destination: destination.value,
    headers: draftHead(
      request,
      withConditions(decision.obligation, conditions),
      destination.value.host,
      headers,
    ),
    payloadHash,
    isSigned,
    credentials: principal.client.name,
    // A preflight must not have a body, and undici omits its length.
    body: isSigned ? body : undefined,
  }
  const { observed } = decision
  const wouldRefuse = observed?.kind === 'allow' ? guardedBody(observed, inspected) : undefined
  return ok({ draft, wouldRefuse })
}

function withConditions(obligation: Obligation, conditions: HeaderList): Obligation {
  const { guards } = obligation
  if (guards === undefined || conditions.length === 0) return obligation
  return { ...obligation, guards: { ...guards, set: [...guards.set, ...conditions] } }
}

function refusedBody(
  policy: Policy,
  { client }: Principal,
  operation: Operation,
  decision: Allow,
  body: Buffer | 'streamed' | undefined,
): S3Error | undefined {
  if (operation.inspectsBody) {
    const refused = inspectBody(policy, client, operation, body)
    if (refused !== undefined) return refused
  }
  return guardedBody(decision, body)
}

function guardedBody(
  { obligation: { guards } }: Allow,
  body: Buffer | 'streamed' | undefined,
): S3Error | undefined {
  return guards?.body === undefined ? undefined : inspectGuardedBody(guards.body, body)
}

type Source = Result<Buffer | Readable | undefined, S3Error>

function openSource(
  exchange: Exchange,
  operation: Operation,
  plan: Exclude<BodyPlan, FormBody>,
  bodyIdleMs: number,
  collectedBytesMax: number,
): Source | Promise<Source> {
  if (plan.kind === 'empty' && !plan.isChunked) return ok(undefined)
  // While S3 was asked, or room was waited for: nothing would tell the reader of the body any more.
  if (exchange.isClosed) return failure(refusal('client-gone'))
  exchange.sendContinue()
  if (plan.kind === 'empty') return expectEnd(exchange, operation, bodyIdleMs)
  const isCollected = plan.isSmall || (plan.kind === 'plain' && plan.bytes <= collectedBytesMax)
  if (!isCollected) return ok(exchange.openBody(bodyIdleMs))
  return collect(exchange, bodyIdleMs, Math.max(collectedBytesMax, SMALL_ENCODED_BYTES))
}

async function expectEnd(
  exchange: Exchange,
  { method }: Operation,
  bodyIdleMs: number,
): Promise<Source> {
  const end = await collectBody(exchange.request, bodyIdleMs, 0)
  if (end.ok) return ok(undefined)
  const { error } = end
  return failure(
    error instanceof BodyError ? refusal('unexpected-body', { method }) : bodyFailure(error),
  )
}

async function collect(exchange: Exchange, bodyIdleMs: number, bytesMax: number): Promise<Source> {
  const collected = await collectBody(exchange.request, bodyIdleMs, bytesMax)
  if (!collected.ok) return failure(bodyFailure(collected.error))
  const { length } = collected.value
  exchange.countCollected(length)
  // It passes on when the client's bandwidth allows.
  await exchange.share?.request.pay(length)
  return collected
}

function draftBody(
  traits: UpstreamTraits,
  request: S3Request,
  { verified }: Principal,
  plan: BodyPlan,
  source: Buffer | Readable | undefined,
): Result<DraftedBody, S3Error> | Promise<Result<DraftedBody, S3Error>> {
  const contentEncoding = headerValue(request.headers, 'content-encoding')
  if (plan.kind !== 'chunked') {
    const bytes = plan.kind === 'plain' ? plan.bytes : 0
    return ok(plainBody(bytes, request.payloadHash, contentEncoding, source))
  }
  if (source === undefined) throw new Error('a body in chunks has been opened')
  const verifier = verified === undefined ? unverifiedChunks() : chunkVerifier(verified)
  if (Buffer.isBuffer(source)) {
    return decodeSmallBody(plan, source, contentEncoding, verifier, traits)
  }
  return heldBytes(plan) > 0
    ? holdBody(plan, source, contentEncoding, verifier, traits)
    : ok(reframeBody(plan, source, contentEncoding, verifier, traits))
}
