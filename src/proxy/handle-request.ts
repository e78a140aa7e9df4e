import { TLSSocket } from 'node:tls'
import { headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import { decide } from '../policy/decide.ts'
import type { Allow } from '../policy/decision.ts'
import { identify, isPreflight, type Principal } from '../request/identify.ts'
import { readRequest, type S3Request } from '../request/read-request.ts'
import { refuseReadFirst } from '../request/refuse-read.ts'
import { originFormOf } from '../s3/absolute-target.ts'
import type { S3Error } from '../s3/error.ts'
import type { Forwarded } from '../upstream/forward.ts'
import { confirm } from './confirm.ts'
import type { Exchange } from './exchange.ts'
import { type Gate, tooManyRequests } from './gate.ts'
import { withOwnAddress } from './own-address.ts'
import { handlePostObject } from './post-object.ts'
import { record } from './record.ts'
import { readRefusalCors } from './refusal-cors.ts'
import { refuse } from './refuse.ts'
import { relay } from './relay.ts'
import { sendUpstream } from './send-upstream.ts'
import { transform, type UpstreamDraft } from './transform.ts'

/**
 * The life of a request. Each step has a name, gives a value to the next or an S3 error that ends the
 * walk, and reads nothing that an earlier step has not checked:
 *
 * accept → parse → authenticate → decide → transform → sign → forward → confirm → relay → record
 *
 * However it ends, it is recorded: one audit line, and the metrics. Never rejects. `refused`: HTTP's own
 * rules do not let it be served.
 */
export async function handleRequest(
  gate: Gate,
  exchange: Exchange,
  refused?: S3Error,
): Promise<void> {
  const { metrics, tracing } = gate.telemetry
  metrics.requestStarted()
  try {
    exchange.trace = tracing?.begin(exchange.request.method ?? '', exchange.headers)
    const error = await walk(gate, exchange, refused)
    if (error !== undefined) {
      const cors = await readRefusalCors(gate, exchange, error)
      refuse(exchange, error, gate.config.limits.bodyIdleMs, cors)
    }
  } catch (cause) {
    refuse(exchange, internalError(cause), gate.config.limits.bodyIdleMs)
  } finally {
    record(gate, exchange)
  }
}

async function walk(
  gate: Gate,
  exchange: Exchange,
  refused: S3Error | undefined,
): Promise<S3Error | undefined> {
  const notAccepted = accept(gate)
  if (notAccepted !== undefined) return notAccepted

  const parsed = parse(gate, exchange)
  if (refused !== undefined) return refuseFirst(gate, exchange, refused)
  if (!parsed.ok) return refuseFirst(gate, exchange, parsed.error)
  // The form carries its own authentication and its own encryption fields.
  if (parsed.value.operation.name === 'PostObject')
    return handlePostObject(gate, exchange, parsed.value)

  const principal = authenticate(gate, exchange, parsed.value)
  if (!principal.ok) return refuseFirst(gate, exchange, principal.error)

  const decision = judge(gate, exchange, parsed.value, principal.value)
  if (!decision.ok) return decision.error

  const draft = await transform(gate, exchange, parsed.value, principal.value, decision.value)
  if (!draft.ok) return draft.error

  const forwarded = await send(gate, exchange, parsed.value, draft.value)
  if (!forwarded.ok) return forwarded.error

  const confirmed = await confirm(gate, exchange, parsed.value, decision.value, forwarded.value)
  if (!confirmed.ok) return confirmed.error

  const { head, answer } = withOwnAddress(exchange, parsed.value, confirmed.value)
  return relay(exchange, head, answer, gate.config.limits.bodyIdleMs)
}

/** Holds the number of requests under way within its limit. */
function accept(gate: Gate): S3Error | undefined {
  return gate.refusedEntry()
}

function parse(gate: Gate, exchange: Exchange): Result<S3Request, S3Error> {
  const { request, headers, hosts } = exchange
  const method = request.method ?? ''
  const scheme = request.socket instanceof TLSSocket ? 'https' : 'http'
  const target = originFormOf(exchange.rawTarget, headers, scheme)
  if (!target.ok) return target
  const parsed = readRequest(method, target.value, headers, hosts, gate.configuredBuckets)
  if (parsed.ok) exchange.parsed = parsed.value
  return parsed
}

/** What the client is told of a request that is not taken, not parsed or not authenticated. */
function refuseFirst(gate: Gate, exchange: Exchange, error: S3Error): S3Error {
  const { rawTarget, headers, parsed } = exchange
  const method = exchange.request.method ?? ''
  return refuseReadFirst(gate.config.policy, { method, rawTarget, headers, parsed }, error)
}

function authenticate(
  gate: Gate,
  exchange: Exchange,
  parsed: S3Request,
): Result<Principal, S3Error> {
  exchange.trace?.enter('authenticate')
  const principal = identify(gate.authenticationContext(exchange), parsed)
  if (!principal.ok) return principal
  const { client } = principal.value
  if (!gate.enterClient(client)) return failure(tooManyRequests())
  exchange.client = client
  return principal
}

function judge(
  gate: Gate,
  exchange: Exchange,
  parsed: S3Request,
  { client }: Principal,
): Result<Allow, S3Error> {
  exchange.trace?.enter('decide')
  const decision = decide(gate.config.policy, {
    operation: parsed.operation,
    method: parsed.method,
    client: client.name,
    bucket: parsed.resource.bucket,
    key: parsed.resource.key,
    requested: parsed.requestedEncryption,
    isAppend: headerValue(parsed.headers, 'x-amz-write-offset-bytes') !== undefined,
  })
  exchange.decision = decision
  return decision.kind === 'allow' ? ok(decision) : failure(decision.error)
}

/** Signs what was drafted (a preflight apart) and sends it; after that nothing of the head changes. */
function send(
  gate: Gate,
  exchange: Exchange,
  parsed: S3Request,
  { destination, headers, body, openBody }: UpstreamDraft,
): Promise<Result<Forwarded, S3Error>> {
  const { bucket, key } = parsed.resource
  return exchange.traced('upstream', () =>
    sendUpstream(gate, exchange, {
      method: parsed.method,
      addressed: { bucket, key, query: parsed.query },
      destination,
      headers,
      payloadHash: body.payloadHash,
      isSigned: !isPreflight(parsed),
      openBody,
    }),
  )
}

function internalError(cause: unknown): S3Error {
  return {
    code: 'InternalError',
    reason: 'internal-error',
    message: 'We encountered an internal error. Please try again.',
    source: 'internal',
    cause,
  }
}
