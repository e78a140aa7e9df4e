import { Readable } from 'node:stream'
import { headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import { BodyError } from '../body/body-error.ts'
import { bodyFailure } from '../body/body-failure.ts'
import { draftHead } from '../request/draft-head.ts'
import { isPreflight, type Principal } from '../request/identify.ts'
import { inspectBody } from '../request/inspect-body.ts'
import type { Permission } from '../request/judge.ts'
import {
  type BodyPlan,
  type FormBody,
  SMALL_BODY_BYTES,
  unexpectedBody,
} from '../request/plan-body.ts'
import type { S3Request } from '../request/read-request.ts'
import type { S3Error } from '../s3/error.ts'
import type { Operation } from '../s3/operation.ts'
import { chunkSigner, chunkVerifier, unverifiedChunks } from '../sigv4/chunk-signature.ts'
import type { Addressed } from '../upstream/destination.ts'
import type { Draft } from '../upstream/draft.ts'
import { collectBody } from './collect-body.ts'
import type { Exchange } from './exchange.ts'
import type { Generation } from './generation.ts'
import { decodeSmallBody, plainBody, reframeBody, type TransformedBody } from './transform-body.ts'

/** A small body in chunks of at least 8 KiB, its chunk signatures and its trailer. */
const SMALL_ENCODED_BYTES = SMALL_BODY_BYTES + 16 * 1024

/**
 * Turns the client's request into ours: a head built from scratch under the decision's obligation,
 * and a body in the framing that S3 gets. Lets a client that waits for it send its body, since
 * authentication and policy are behind; collects the body where it is small.
 */
export async function transform(
  generation: Generation,
  exchange: Exchange,
  request: S3Request,
  { principal, decision, plan }: Permission,
): Promise<Result<Draft, S3Error>> {
  if (plan.kind === 'form') throw new Error('a form is drafted by draftForm')
  const { operation, method } = request
  const { bucket, key } = request.resource
  const addressed: Addressed = { bucket, key, query: request.query }
  const destination = generation.upstream.destinationOf(addressed)
  if (!destination.ok) return destination
  const source = await openSource(generation, exchange, operation, plan)
  if (!source.ok) return source
  if (operation.inspectsBody) {
    const body = source.value instanceof Readable ? 'streamed' : source.value
    const refused = inspectBody(generation.config.policy, operation, body)
    if (refused !== undefined) return failure(refused)
  }
  const body = transformedBody(generation, request, principal, plan, source.value)
  if (!body.ok) return body
  const { encryption } = decision.obligation
  return ok({
    method,
    addressed,
    destination: destination.value,
    headers: draftHead(request, encryption, destination.value.host, body.value.headers),
    payloadHash: body.value.payloadHash,
    isSigned: !isPreflight(request),
    credentials: principal.client.name,
    // Without a signature it is a preflight: a body has no place there, and undici leaves its length out.
    openBody: (seed) =>
      seed === undefined ? undefined : body.value.open(source.value, chunkSigner(seed)),
  })
}

async function openSource(
  generation: Generation,
  exchange: Exchange,
  operation: Operation,
  plan: Exclude<BodyPlan, FormBody>,
): Promise<Result<Buffer | Readable | undefined, S3Error>> {
  if (plan.kind === 'empty' && !plan.isChunked) return ok(undefined)
  exchange.sendContinue()
  const { bodyIdleMs } = generation.config.limits
  if (plan.kind === 'empty') {
    const end = await collectBody(exchange.request, bodyIdleMs, 0)
    if (end.ok) return ok(undefined)
    const { error } = end
    return failure(error instanceof BodyError ? unexpectedBody(operation) : bodyFailure(error))
  }
  if (!plan.isSmall) return ok(exchange.openBody(bodyIdleMs))
  const collected = await collectBody(exchange.request, bodyIdleMs, SMALL_ENCODED_BYTES)
  if (!collected.ok) return failure(bodyFailure(collected.error))
  exchange.countCollected(collected.value.length)
  return collected
}

function transformedBody(
  generation: Generation,
  request: S3Request,
  { verified }: Principal,
  plan: BodyPlan,
  source: Buffer | Readable | undefined,
): Result<TransformedBody, S3Error> {
  const contentEncoding = headerValue(request.headers, 'content-encoding')
  if (plan.kind !== 'chunked') {
    const bytes = plan.kind === 'plain' ? plan.bytes : 0
    return ok(plainBody(bytes, request.payloadHash, contentEncoding))
  }
  const verifier = verified === undefined ? unverifiedChunks() : chunkVerifier(verified)
  return Buffer.isBuffer(source)
    ? decodeSmallBody(plan, source, contentEncoding, verifier, generation.upstream)
    : ok(reframeBody(plan, contentEncoding, verifier, generation.upstream))
}
