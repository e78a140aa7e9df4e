import { type HeaderList, headerValue } from '../base/header-list.ts'
import type { Decision, Obligation } from '../policy/decision.ts'
import { PREFLIGHT_CLIENT } from '../request/identify.ts'
import {
  type RequestedEncryption,
  SSE_BUCKET_KEY_HEADER,
  SSE_HEADER,
  SSE_KEY_ID_HEADER,
} from '../s3/encryption-headers.ts'
import type { S3Error } from '../s3/error.ts'
import { presentedAccessKeyId, shownAccessKeyId } from '../sigv4/presented-access-key-id.ts'
import type { AuditDecision, AuditEncryption } from '../telemetry/audit-record.ts'
import { isoTime } from '../telemetry/iso-time.ts'
import { causeFor, type Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { redactText } from '../telemetry/redact.ts'
import type { AnswerFacts } from './answer-facts.ts'
import type { Deletion } from './deletion-outcome.ts'
import type { Ending, Exchange } from './exchange.ts'
import type { Telemetry } from './generation.ts'
import type { Journal } from './journal.ts'
import { auditedWrite, countedAction, guardOutcome, writeOutcome } from './measure.ts'
import { type ObjectFacts, objectFacts } from './object-facts.ts'

const NO_OBJECT: ObjectFacts = {
  etag: undefined,
  objectSize: undefined,
  uploadId: undefined,
  partNumber: undefined,
  copySource: undefined,
}
const NO_KEYS = [] as const
const NO_SENDER = { accessKeyId: undefined, userAgent: undefined }

/** Where records go, and the configuration that they name. */
interface RecordContext {
  readonly telemetry: Telemetry
  readonly configHash: string
}

/**
 * Records an exchange: one audit line, the metrics, and a log line if something went wrong. Called
 * once for every exchange, including refused and aborted ones.
 */
export function record(context: RecordContext, exchange: Exchange, journal: Journal): void {
  const { request, decision, findings, attempts, facts } = journal
  const { ending } = exchange
  const { configHash } = context
  const { metrics, audit, log } = context.telemetry
  // A preflight is not authenticated.
  const client = journal.client === PREFLIGHT_CLIENT ? undefined : journal.client
  const clientName = client?.name ?? refusedClient(exchange)
  const durationMs = performance.now() - exchange.startedAt
  const operation = request?.operation.name
  const bucket = request?.resource.bucket
  const refused = ending.kind === 'refused' ? ending.error : undefined
  const reason = reasonOf(ending, journal, facts)
  const word = decisionWord(decision)
  metrics.requestEnded({
    operation,
    status: exchange.status,
    decision: word,
    durationMs,
    upstreamMs: attempts?.headMs,
    requestBytes: exchange.requestBytes,
    responseBytes: exchange.responseBytes,
    action: countedAction(journal),
    confirmation: findings.confirmation,
    write: writeOutcome(journal),
    read: findings.read,
    guards: guardOutcome(journal, refused),
    reason: refused?.reason,
    bucket,
    client: clientName,
  })
  const deletion = deletionOf(journal)
  const time = isoTime(exchange.startedAtMs)
  const object = request === undefined ? NO_OBJECT : objectFacts(request, facts, journal)
  const sender = refusedSender(exchange, journal)
  // Without spread: an object that is spread into another one costs a call of the runtime.
  audit.write({
    time,
    requestId: exchange.requestId,
    configHash,
    client: clientName,
    sourceIp: exchange.sourceIp,
    operation,
    bucket,
    key: client === undefined ? maskedKey(journal) : request?.resource.key,
    versionId: facts.isLateError ? undefined : journal.answered('x-amz-version-id'),
    rule: decision?.rule,
    decision: word,
    requestedEncryption: request === undefined ? undefined : requested(request.requestedEncryption),
    appliedEncryption: decision?.kind === 'allow' ? applied(decision.obligation) : undefined,
    confirmedEncryption: findings.encryption,
    status: exchange.status,
    upstreamRequestId: journal.answered('x-amz-request-id'),
    requestBytes: exchange.requestBytes,
    responseBytes: exchange.responseBytes,
    durationMs,
    reason,
    etag: object.etag,
    objectSize: object.objectSize,
    uploadId: object.uploadId,
    partNumber: object.partNumber,
    copySource: object.copySource,
    write: auditedWrite(journal, ending),
    read: findings.read,
    guards: journal.guards,
    keyCount: deletion === undefined ? undefined : (deletion.keys?.length ?? null),
    errorCode: refused?.code ?? facts.errorCode,
    accessKeyId: sender.accessKeyId,
    userAgent: sender.userAgent,
    ignoredParameters: ignoredParameters(journal),
    traceId: journal.trace?.traceId,
    session: journal.session ?? refused?.session,
  })
  const { requestId, status } = exchange
  for (const key of deletion?.keys ?? NO_KEYS) {
    audit.writeKey({ time, requestId, configHash, client: clientName, bucket, ...key })
  }
  countUpstreamErrors(metrics, ending, journal)
  if (facts.isLateError) metrics.upstreamError('error-in-200')
  journal.trace?.end({ operation, bucket, status, requestId, reason })
  logEnding(log, ending, { requestId, operation, bucket }, reason)
}

/** Logs what went wrong, unless the client is to blame. */
function logEnding(
  log: Log,
  ending: Ending,
  fields: Readonly<Record<'requestId' | 'operation' | 'bucket', string | undefined>>,
  reason: string | undefined,
): void {
  if (ending.kind === 'refused' && ending.error.source !== 'downstream') {
    const { cause, code, message, source } = ending.error
    const err = source === 'upstream' ? causeFor(log, cause) : cause
    log.error({ ...fields, code, reason, err }, message)
  } else if (ending.kind === 'aborted') {
    const { by, cause } = ending
    log.warn({ ...fields, by }, cause)
  }
}

/** Traffic through an egress listener that is not a request to S3. */
interface PassageFacts {
  readonly requestId: string
  /** `host:port` as requested; undefined if it could not be parsed. */
  readonly host: string | undefined
  readonly sourceIp: string | undefined
  /** Undefined if unknown. */
  readonly client: string | undefined
  readonly startedAtMs: number
  readonly durationMs: number
  /** Status that the client got; 0 if none was sent. */
  readonly status: number
  /** `egress-tunnel`, `egress-request`, `egress-upgrade`; for a refusal, the error's reason. */
  readonly reason: string
  /** Set if it was refused or failed. */
  readonly error: S3Error | undefined
  readonly requestBytes: number
  readonly responseBytes: number
}

/** Records a passage, like {@link record} for a request. */
export function recordPassage(context: RecordContext, passage: PassageFacts): void {
  const { requestId, host, client, status, reason, error, requestBytes, responseBytes } = passage
  const { metrics, audit, log } = context.telemetry
  const decision = passageDecision(error)
  const measured = { status, decision, requestBytes, responseBytes, client }
  metrics.requestEnded({ ...measured, durationMs: passage.durationMs, reason: error?.reason })
  audit.write({
    ...measured,
    time: isoTime(passage.startedAtMs),
    requestId,
    configHash: context.configHash,
    sourceIp: passage.sourceIp,
    durationMs: passage.durationMs,
    reason,
    host,
  })
  if (error !== undefined && error.source !== 'downstream') {
    log.warn({ requestId, host, reason, err: causeFor(log, error.cause) }, error.message)
  }
}

function passageDecision(error: S3Error | undefined): AuditDecision {
  if (error === undefined) return 'allow'
  return error.source === 'downstream' ? 'deny' : 'none'
}

/** Counts every failed attempt, and answers that broke off or are unusable. */
function countUpstreamErrors(metrics: Metrics, ending: Ending, { failures }: Journal): void {
  for (const kind of failures) metrics.upstreamError(kind)
  if (ending.kind === 'aborted' && ending.by === 'upstream') metrics.upstreamError('aborted')
  if (ending.kind !== 'refused' || ending.error.source !== 'upstream') return
  const { reason } = ending.error
  if (reason === 'upstream-closed' && failures.length === 0) {
    metrics.upstreamError('aborted')
  }
}

function reasonOf(
  ending: Ending,
  { decision, findings, wouldRefuse }: Journal,
  facts: AnswerFacts,
): string | undefined {
  switch (ending.kind) {
    case 'refused':
      return ending.error.reason
    case 'aborted':
      return ending.by === 'downstream' ? 'client-gone' : 'upstream-aborted'
    case 'open':
    case 'relayed':
      if (facts.isLateError) return 'upstream-error-in-200'
      if (findings.confirmation === 'missing' || findings.confirmation === 'mismatched')
        return `encryption-${findings.confirmation}`
      if (decision?.kind !== 'allow') return undefined
      if (wouldRefuse !== undefined) return wouldRefuse.reason
      return decision.obligation.exemption
  }
}

/**
 * Masks a signature in the key: a presigned URL whose `?` was escaped is read as an unsigned key,
 * and a reader of the audit log could repair and use it.
 */
function maskedKey({ request }: Journal): string | undefined {
  const key = request?.resource.key
  return key === undefined ? undefined : redactText(key)
}

/** What became of a list of objects to delete; undefined if none was sent. */
function deletionOf(journal: Journal): Deletion | undefined {
  const isSent = journal.attempts !== undefined
  if (!isSent || journal.request?.operation.name !== 'DeleteObjects') return undefined
  return journal.deletion ?? UNREAD
}

/** Nothing was sent, or what was sent is not known. */
const UNREAD: Deletion = { keys: undefined }

const USER_AGENT_CHARS_MAX = 256

/**
 * The identity that a refused request claims: its key id, which is not a secret, and its user
 * agent.
 */
function refusedSender({ ending, headers, rawTarget }: Exchange, { request }: Journal) {
  if (ending.kind !== 'refused') return NO_SENDER
  const ofForm = request?.form?.authentication?.credential.accessKeyId
  return {
    accessKeyId:
      ofForm === undefined ? presentedAccessKeyId(headers, rawTarget) : shownAccessKeyId(ofForm),
    userAgent: headerValue(headers, 'user-agent')?.slice(0, USER_AGENT_CHARS_MAX),
  }
}

const IGNORED_PARAMETERS_MAX = 16
const IGNORED_NAME_CHARS_MAX = 64

/** Limited, because a client may send 128 of any length. */
function ignoredParameters({ request }: Journal): readonly string[] | undefined {
  if (request === undefined || request.ignoredParameters.length === 0) return undefined
  return request.ignoredParameters
    .slice(0, IGNORED_PARAMETERS_MAX)
    .map((name) => name.slice(0, IGNORED_NAME_CHARS_MAX))
}

/** A client that was identified, but refused before it was counted. */
function refusedClient({ ending }: Exchange): string | undefined {
  return ending.kind === 'refused' ? ending.error.client : undefined
}

function decisionWord(decision: Decision | undefined): AuditDecision {
  if (decision === undefined) return 'none'
  if (decision.kind === 'deny') return 'deny'
  return decision.observed === undefined ? 'allow' : 'observe'
}

function requested(encryption: RequestedEncryption): AuditEncryption | undefined {
  if (encryption.hasCustomerKey) return { algorithm: 'SSE-C' }
  const { algorithm, keyId, bucketKey } = encryption
  if (algorithm === undefined && keyId === undefined && bucketKey === undefined) return undefined
  return { algorithm: algorithm ?? '', keyId, bucketKey: flag(bucketKey) }
}

function applied({ encryption }: Obligation): AuditEncryption | undefined {
  if (encryption.kind !== 'set') return undefined
  const headers: HeaderList = encryption.headers
  return {
    algorithm: headerValue(headers, SSE_HEADER) ?? '',
    keyId: headerValue(headers, SSE_KEY_ID_HEADER),
    bucketKey: flag(headerValue(headers, SSE_BUCKET_KEY_HEADER)),
  }
}

function flag(value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : value.toLowerCase() === 'true'
}
