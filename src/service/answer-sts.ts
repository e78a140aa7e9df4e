import { headerCount, headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import { collectBody } from '../proxy/collect-body.ts'
import type { Exchange } from '../proxy/exchange.ts'
import type { Generation } from '../proxy/generation.ts'
import { limitUnreadBody } from '../proxy/limit-unread-body.ts'
import { limitUnsentAnswer } from '../proxy/limit-unsent-answer.ts'
import type { S3Error } from '../s3/error.ts'
import { parseQuery, type QueryParameter } from '../s3/query.ts'
import type { SessionFacts } from '../s3/session-facts.ts'
import { identifyCaller } from '../sts/caller-identity.ts'
import {
  assumedRoleDocument,
  callerIdentityDocument,
  stsErrorDocument,
} from '../sts/sts-document.ts'
import { STS_STATUS, type StsError, stsRefusal } from '../sts/sts-error.ts'
import { type AssumeRole, parseStsForm, parseStsRequest } from '../sts/sts-request.ts'
import { isoTime } from '../telemetry/iso-time.ts'

/** A token of 20,000 characters, encoded, with the other parameters. */
const FORM_BYTES_MAX = 65_536
/** A form comes in one or two packets. */
const FORM_MS = 10_000

/** What became of a request, for its record. */
interface Outcome {
  readonly result: Result<string, StsError>
  /** Undefined if the request was not understood. */
  readonly operation?: string
  readonly client?: string | undefined
  /** The issuer's name, if the token names one of the configuration. */
  readonly issuer?: string | undefined
  readonly session?: SessionFacts | undefined
}

/**
 * Answers one request to a listener of kind `sts`: one document, one audit line. Never rejects.
 * `refused`: set if HTTP's own rules forbid serving the request.
 */
export async function answerSts(
  generation: Generation,
  exchange: Exchange,
  refused: S3Error | undefined,
): Promise<void> {
  generation.telemetry.metrics.requestStarted()
  let outcome: Outcome
  try {
    outcome = await serve(generation, exchange, refused)
  } catch (err) {
    generation.telemetry.log.error({ err }, 'a request for session keys failed')
    outcome = { result: failure(stsRefusal('internal-error')) }
  }
  if (exchange.ending.kind === 'open') answer(generation, exchange, outcome.result)
  record(generation, exchange, outcome)
}

async function serve(
  generation: Generation,
  exchange: Exchange,
  refused: S3Error | undefined,
): Promise<Outcome> {
  const { sessions } = generation
  const notAccepted = generation.refusedEntry()
  if (sessions === undefined || notAccepted !== undefined) {
    const isStalled = notAccepted?.reason === 'audit-stalled'
    return { result: failure(stsRefusal(isStalled ? 'audit-stalled' : 'too-many-requests')) }
  }
  if (refused !== undefined) return malformed(refused.message)
  const { request, rawTarget } = exchange
  const method = request.method ?? ''
  const [path, rawQuery = ''] = splitTarget(rawTarget)
  if (path !== '/' || (method !== 'GET' && method !== 'POST')) {
    return malformed('send GET or POST to /')
  }
  const query = parseQuery(rawQuery)
  if (!query.ok) return malformed('the query is not encoded')
  const body = await readBody(exchange)
  if (!body.ok) return { result: body }
  const form = body.value.length === 0 ? ok([]) : parseForm(exchange, body.value)
  if (!form.ok) return { result: form }
  const parsed = parseStsRequest(query.value, form.value, sessions.durationSeconds)
  if (!parsed.ok) return { result: parsed }
  if (parsed.value.kind === 'AssumeRoleWithWebIdentity') {
    return assumeRole(generation, exchange, parsed.value)
  }
  return tellCaller(generation, exchange, query.value, body.value)
}

/** GetCallerIdentity. */
function tellCaller(
  { clientKeys: keys, sessions, strangers }: Generation,
  { request, headers, startedAtMs: nowMs, requestId }: Exchange,
  query: readonly QueryParameter[],
  body: Buffer,
): Outcome {
  if (sessions === undefined) throw new Error('there are no sessions')
  const operation = 'GetCallerIdentity'
  const call = { method: request.method ?? '', query, headers, body, keys, nowMs }
  const caller = identifyCaller(sessions, call)
  if (!caller.ok) return { result: caller, operation }
  strangers.leave(request.socket)
  const { client, facts: session, accessKeyId } = caller.value
  const identity = { client: client.name, sessionName: session.sessionName, accessKeyId }
  const result = ok(callerIdentityDocument(identity, requestId))
  return { result, operation, client: client.name, session }
}

async function assumeRole(
  { sessions, strangers }: Generation,
  exchange: Exchange,
  asked: AssumeRole,
): Promise<Outcome> {
  if (sessions === undefined) throw new Error('there are no sessions')
  const { result, issuer, token } = await sessions.assumeRole(asked, exchange.startedAtMs)
  const session =
    issuer === undefined || token === undefined
      ? undefined
      : { issuer, subject: token.subject, sessionName: asked.sessionName, tokenId: token.tokenId }
  const facts = { operation: asked.kind, issuer, session }
  if (!result.ok) return { ...facts, result }
  strangers.leave(exchange.request.socket)
  const document = assumedRoleDocument(result.value, exchange.requestId)
  return { ...facts, result: ok(document), client: result.value.client }
}

function malformed(detail: string): Outcome {
  return { result: failure(stsRefusal('request-malformed', detail)) }
}

function splitTarget(rawTarget: string): readonly string[] {
  const mark = rawTarget.indexOf('?')
  return mark === -1 ? [rawTarget] : [rawTarget.slice(0, mark), rawTarget.slice(mark + 1)]
}

/** Reads the body, within a size and a time. */
async function readBody(exchange: Exchange): Promise<Result<Buffer, StsError>> {
  const { request, headers } = exchange
  const length = Number(headerValue(headers, 'content-length') ?? '0')
  if (length > FORM_BYTES_MAX) return failure(stsRefusal('request-too-large'))
  exchange.sendContinue()
  const late = setTimeout(() => request.destroy(), FORM_MS)
  const body = await collectBody(request, FORM_MS, FORM_BYTES_MAX)
  clearTimeout(late)
  if (!body.ok) return failure(stsRefusal('request-too-large'))
  exchange.countCollected(body.value.length)
  return body
}

function parseForm(
  { headers }: Exchange,
  body: Buffer,
): Result<readonly QueryParameter[], StsError> {
  const type = headerValue(headers, 'content-type') ?? ''
  const isForm = /^application\/x-www-form-urlencoded(?: *;|$)/i.test(type)
  if (!isForm || headerCount(headers, 'content-type') !== 1) {
    const detail = 'its type is not application/x-www-form-urlencoded'
    return failure(stsRefusal('request-malformed', detail))
  }
  return parseStsForm(body)
}

function answer(
  generation: Generation,
  exchange: Exchange,
  result: Result<string, StsError>,
): void {
  const { response, requestId } = exchange
  const status = result.ok ? 200 : STS_STATUS[result.error.code]
  const document = result.ok ? result.value : stsErrorDocument(result.error, requestId)
  const body = Buffer.from(document, 'utf8')
  exchange.beginAnswer(status)
  const headers = [
    'x-amzn-RequestId',
    requestId,
    'Content-Type',
    'text/xml',
    'Cache-Control',
    'no-store',
    'Content-Length',
    String(body.length),
  ]
  if (!result.ok) headers.push('x-sealgate-reason', result.error.reason)
  if (status === 503) headers.push('Retry-After', '1')
  if (exchange.expectsContinue && !exchange.hasContinued) headers.push('Connection', 'close')
  exchange.countAnswered(body.length)
  response.writeHead(status, headers)
  response.end(body)
  limitUnsentAnswer(exchange, generation.config.limits.bodyIdleMs)
  limitUnreadBody(exchange)
}

function record(generation: Generation, exchange: Exchange, outcome: Outcome): void {
  const { metrics, audit } = generation.telemetry
  const { result, operation, client, issuer, session } = outcome
  const { status, requestBytes, responseBytes } = exchange
  const durationMs = performance.now() - exchange.startedAt
  const decision = result.ok ? 'allow' : 'deny'
  if (operation === 'AssumeRoleWithWebIdentity') {
    metrics.sessionRequested(issuer ?? '', result.ok ? 'issued' : result.error.reason)
  }
  const measured = { operation, status, decision, requestBytes, responseBytes, client } as const
  metrics.requestEnded({ ...measured, durationMs })
  audit.write({
    ...measured,
    time: isoTime(exchange.startedAtMs),
    requestId: exchange.requestId,
    configHash: generation.configHash,
    sourceIp: exchange.sourceIp,
    durationMs: Math.round(durationMs * 1000) / 1000,
    reason: result.ok ? undefined : result.error.reason,
    errorCode: result.ok ? undefined : result.error.code,
    session,
  })
}
