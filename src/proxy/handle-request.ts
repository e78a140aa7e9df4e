import { TLSSocket } from 'node:tls'
import type { HeaderList } from '../base/header-list.ts'
import { ok, type Result } from '../base/result.ts'
import type { SizeLookUp } from '../policy/decision.ts'
import { hasAllKeys } from '../request/grants.ts'
import { type AuthenticationContext, isPreflight } from '../request/identify.ts'
import { judge, type Permission } from '../request/judge.ts'
import { heldBytes } from '../request/plan-body.ts'
import { readHead } from '../request/read-head.ts'
import type { S3Request } from '../request/read-request.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import type { Asker } from '../upstream/ask.ts'
import { AttemptNotes, type Attempts } from '../upstream/attempts.ts'
import type { Forwarded } from '../upstream/forward.ts'
import { send } from '../upstream/send.ts'
import { tapAnswer } from './answer-facts.ts'
import { type Confirmed, confirm } from './confirm.ts'
import { DELETION_BYTES_MAX } from './deletion-outcome.ts'
import { draftRequest } from './draft-request.ts'
import type { Exchange } from './exchange.ts'
import { answerForm, draftForm, type FormFile, openForm } from './form.ts'
import type { Generation, Place } from './generation.ts'
import { Journal } from './journal.ts'
import { judgeSize } from './judge-size.ts'
import { withOwnAddress } from './own-address.ts'
import { record } from './record.ts'
import { corsFields, readRefusalCors } from './refusal-cors.ts'
import { refuse, refusedResource, refuseLate } from './refuse.ts'
import { relay } from './relay.ts'
import { listsHiddenBuckets, withVisibleBuckets } from './visible-buckets.ts'

/**
 * Handles one request. Each step has a name, passes a value to the next or returns an S3 error that
 * ends the walk, and reads only what earlier steps have checked:
 *
 * accept → read → judge → draft → send → confirm → relay → record
 *
 * Every request is recorded, however it ends: one audit line, and the metrics. Never rejects.
 *
 * `generation`: the active configuration with its upstream, limits and counters. `exchange`: the
 * client's sockets. `refused`: set if HTTP's own rules forbid serving the request. The journal collects
 * the facts for the record; steps get their inputs as values, never from the journal.
 */
export async function handleRequest(
  generation: Generation,
  exchange: Exchange,
  refused?: S3Error,
): Promise<void> {
  const { metrics, tracing } = generation.telemetry
  metrics.requestStarted()
  const journal = new Journal(tracing?.begin(exchange.request.method ?? '', exchange.headers))
  try {
    const error = await walk(generation, exchange, journal, refused)
    if (error !== undefined) await answerRefusal(generation, exchange, journal, error)
  } catch (cause) {
    // A bug: the record logs the cause.
    const resource = refusedResource(exchange, journal.request)
    refuse(
      exchange,
      resource,
      { ...refusal('internal-error'), cause },
      generation.config.limits.bodyIdleMs,
    )
  } finally {
    record(generation, exchange, journal)
  }
}

/** The error that ended the walk; undefined if S3's answer was relayed. */
type Outcome = S3Error | undefined

/**
 * The steps that need no waiting are plain functions: an async function costs a promise and a turn
 * of the microtask queue, even if it returns at once.
 */
function walk(
  generation: Generation,
  exchange: Exchange,
  journal: Journal,
  refused: S3Error | undefined,
): Outcome | Promise<Outcome> {
  // Too many requests, or the audit log cannot be written.
  const notAccepted = generation.refusedEntry()
  if (notAccepted !== undefined) return notAccepted

  const read = readAndNote(generation, exchange, journal, refused)
  if (!read.ok) return read.error
  return read.value.operation.name === 'PostObject'
    ? walkForm(generation, exchange, journal, read.value)
    : admit(generation, exchange, journal, read.value, undefined)
}

/** A form has its key, authentication and encryption in its fields; its body stops at the file. */
async function walkForm(
  generation: Generation,
  exchange: Exchange,
  journal: Journal,
  head: S3Request,
): Promise<Outcome> {
  const authentication = generation.authenticationContext(exchange)
  const form = await openForm(formContext(generation, authentication), exchange, head)
  if (!form.ok) return form.error
  const { request, file } = form.value
  journal.noteRequest(request)
  return admit(generation, exchange, journal, request, file)
}

/** Judges the request; serves it if it is allowed and its client has a place for one more. */
function admit(
  generation: Generation,
  exchange: Exchange,
  journal: Journal,
  request: S3Request,
  file: FormFile | undefined,
): Outcome | Promise<Outcome> {
  // This span lasts until the next one begins: `upstream`, in `serve`.
  journal.trace?.enter('judge')
  const context = generation.authenticationContext(exchange)
  // Of the upstream, the verdict needs the traits that decide how a body is framed.
  const verdict = judge(generation.config.policy, generation.upstream, context, request)
  journal.noteVerdict(verdict)
  if (verdict.kind === 'refuse') return verdict.error
  // The sender is identified, so the connection does not count as unauthenticated any more. A
  // preflight is never signed: it identifies nobody.
  if (!isPreflight(request)) generation.strangers.leave(exchange.request.socket)

  const { client } = verdict.principal
  const isDeletion = request.operation.name === 'DeleteObjects'
  const entered = generation.enterClient(client, isDeletion)
  if (!entered.ok) return entered.error
  const place = entered.value
  if (place.share !== undefined) exchange.limitBandwidth(place.share)
  if (isDeletion && !place.isHeldList && !hasAllKeys(client)) {
    // Too many lists are held, so this one would pass unread; but this client may use only some object
    // keys, and each key of the list must be judged.
    place.leave()
    return refusal('too-many-requests')
  }
  const bytes = heldBytes(verdict.plan)
  return bytes === 0
    ? serve(generation, exchange, journal, request, verdict, file, place)
    : serveHeld(generation, exchange, journal, request, verdict, bytes, place)
}

/** Serves a request whose body is held in memory, when there is room for it. */
async function serveHeld(
  generation: Generation,
  exchange: Exchange,
  journal: Journal,
  request: S3Request,
  permission: Permission,
  bytes: number,
  place: Place,
): Promise<Outcome> {
  const leave = await generation.holdBody(permission.principal.client, bytes)
  if (leave === undefined) {
    place.leave()
    return refusal('too-many-requests')
  }
  try {
    return await serve(generation, exchange, journal, request, permission, undefined, place)
  } finally {
    leave()
  }
}

/**
 * What reading a form needs: who may have sent it, limits, and a place. `giveUp`: called if newer forms
 * need the place.
 */
function formContext(generation: Generation, authentication: AuthenticationContext) {
  const enter = (giveUp: () => void) => generation.enterForm(giveUp)
  return { authentication, limits: generation.config.limits, enter }
}

/** Serves a request after its verdict, which no later step changes. */
async function serve(
  generation: Generation,
  exchange: Exchange,
  journal: Journal,
  request: S3Request,
  permission: Permission,
  file: FormFile | undefined,
  place: Place,
): Promise<Outcome> {
  const { upstream, config } = generation
  const { policy, limits } = config
  const { bodyIdleMs } = limits
  // A list of DeleteObjects is held in memory, so that each of its object keys gets an audit line. If
  // too many are held, it passes without.
  const { isHeldList } = place
  try {
    const drafted = await (file === undefined
      ? draftAllowed(generation, exchange, journal, request, permission, isHeldList)
      : draftForm(upstream, request, permission, file))
    if (!drafted.ok) return drafted.error
    const { draft, wouldRefuse } = drafted.value
    journal.noteWouldRefuse(wouldRefuse)
    const { body } = draft
    if (isHeldList && Buffer.isBuffer(body)) journal.noteDeletionList(body)

    // Filled in by `send`, also if it fails.
    const attempts = new AttemptNotes()
    const sent = await journal.traced('upstream', () =>
      // Not the time of the arrival: a body that was held may have taken longer than S3 accepts.
      send(upstream, draft, Date.now(), exchange.cancellation, attempts),
    )
    journal.noteAttempts(attempts)
    logLearntRegions(generation, attempts)
    if (!sent.ok) return sent.error

    // If the answer names no encryption, S3 is asked about the object with the same credentials.
    const asker = askerOf(exchange, permission)
    const context = { upstream, asker, consequence: policy.confirmation }
    // Copies the answer's document while it passes, if the record needs its contents.
    const tap = tapAnswer(request, sent.value, isHeldList)
    if (tap !== undefined) journal.noteTap(tap)
    const forwarded = tap === undefined ? sent.value : { head: sent.value.head, answer: tap }
    const checked = await confirm(context, request, permission.decision, forwarded)
    // `late`: S3 has sent the head of a success, and the result follows at the end of the document.
    const confirmed =
      checked.kind === 'known' ? checked.answer : passLate(exchange, journal, request, checked)
    if (checked.kind === 'known') journal.noteFindings(checked.findings)
    if (!confirmed.ok) return confirmed.error

    const shown = showAnswer(exchange, request, permission, file, confirmed.value)
    const answer = shown instanceof Promise ? await shown : shown
    if (!answer.ok) return answer.error
    return await relay(exchange, answer.value.head, answer.value.answer, bodyIdleMs)
  } finally {
    place.leave()
  }
}

/** Drafts a request; first asks S3 for the size of what it writes, if a guard limits that. */
function draftAllowed(
  generation: Generation,
  exchange: Exchange,
  journal: Journal,
  request: S3Request,
  permission: Permission,
  isHeldList: boolean,
): ReturnType<typeof draftRequest> {
  const { upstream, config } = generation
  const context = {
    upstream,
    policy: config.policy,
    bodyIdleMs: config.limits.bodyIdleMs,
    // 0: only a small body is collected; a larger one is a stream.
    collectedBytesMax: isHeldList ? DELETION_BYTES_MAX : 0,
    conditions: NO_CONDITIONS,
  }
  const size = permission.decision.obligation.guards?.size
  return size === undefined
    ? draftRequest(context, exchange, request, permission)
    : draftSized(generation, context, exchange, journal, request, permission, size)
}

const NO_CONDITIONS: HeaderList = []

/** Drafts a request under the condition that S3's answer about its size still holds. */
async function draftSized(
  generation: Generation,
  context: Parameters<typeof draftRequest>[0],
  exchange: Exchange,
  journal: Journal,
  request: S3Request,
  permission: Permission,
  size: SizeLookUp,
): ReturnType<typeof draftRequest> {
  const asker = askerOf(exchange, permission)
  const notes = new AttemptNotes()
  const conditions = await judgeSize(generation.upstream, asker, request, size, notes)
  journal.noteFailures(notes.failures)
  logLearntRegions(generation, notes)
  if (!conditions.ok) return conditions
  return draftRequest({ ...context, conditions: conditions.value }, exchange, request, permission)
}

/** Our own questions to S3 are signed with the credentials of the client's requests. */
function askerOf({ cancellation }: Exchange, { principal }: Permission): Asker {
  return { credentials: principal.client.name, cancellation }
}

/** The answer as its client may see it: with its own buckets, under its own address, as its form asks. */
function showAnswer(
  exchange: Exchange,
  request: S3Request,
  { principal: { client } }: Permission,
  file: FormFile | undefined,
  forwarded: Forwarded,
): Result<Forwarded, S3Error> | Promise<Result<Forwarded, S3Error>> {
  if (file !== undefined) return answerForm(exchange, request, file.form, forwarded)
  if (listsHiddenBuckets(client, request.operation)) return withVisibleBuckets(client, forwarded)
  return ok(withOwnAddress(exchange, request, forwarded))
}

/**
 * The answer whose head is relayed before its result is known. At its end the findings are recorded, and
 * the client gets S3's document, or the error in its place.
 */
function passLate(
  exchange: Exchange,
  journal: Journal,
  request: S3Request,
  { head, pass }: Extract<Confirmed, { kind: 'late' }>,
): Result<Forwarded, S3Error> {
  const answer = pass(({ error, findings }, document) => {
    journal.noteFindings(findings)
    return error === undefined
      ? document
      : refuseLate(exchange, refusedResource(exchange, request), error)
  })
  return ok({ head, answer })
}

/** Answers with an S3 error document, readable for pages of other origins if the bucket's CORS rules allow it. */
async function answerRefusal(
  generation: Generation,
  exchange: Exchange,
  journal: Journal,
  error: S3Error,
): Promise<void> {
  const { upstream, config } = generation
  const context = generation.authenticationContext(exchange)
  // S3's answer to a preflight of our own: only S3 knows the rules.
  const preflight = await readRefusalCors(upstream, context, exchange, journal, error)
  if (preflight !== undefined) journal.noteFailures(preflight.failures)
  const resource = refusedResource(exchange, journal.request)
  refuse(exchange, resource, error, config.limits.bodyIdleMs, corsFields(preflight))
}

/** Reads the head. What was read is in the journal, also if it is refused: then it is `read.request`. */
function readAndNote(
  generation: Generation,
  exchange: Exchange,
  journal: Journal,
  refused: S3Error | undefined,
): Result<S3Request, S3Error> {
  const { rawTarget, headers, hosts, request } = exchange
  const { configuredBuckets, config } = generation
  const isTls = request.socket instanceof TLSSocket
  const head = { method: request.method ?? '', rawTarget, headers, isTls }
  const read = readHead({ policy: config.policy, hosts, configuredBuckets }, head, refused)
  const known = read.ok ? read.value : read.request
  if (known !== undefined) journal.noteRequest(known)
  return read
}

/** Logs the regions of buckets that S3 has named. */
function logLearntRegions({ telemetry }: Generation, { learnt }: Attempts): void {
  for (const { bucket, region } of learnt) {
    telemetry.log.info(
      { bucket, region },
      'the bucket is in another region; set it in upstream.buckets to avoid the redirect',
    )
  }
}
