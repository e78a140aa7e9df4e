import { randomBytes } from 'node:crypto'
import { pipeline } from 'node:stream'
import { headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import { BodyError } from '../body/body-error.ts'
import { bodyFailure } from '../body/body-failure.ts'
import { DownstreamBodyError } from '../body/downstream-body-error.ts'
import { parseFormBoundary } from '../body/form-boundary.ts'
import { fieldValue } from '../body/form-fields.ts'
import type { FormHead } from '../body/form-head-reader.ts'
import { buildFormFrame, type FormFrame, formContentLength } from '../body/form-writer.ts'
import { readFormHead } from '../body/read-form-head.ts'
import { RewriteForm } from '../body/rewrite-form.ts'
import type { Client } from '../config/config.ts'
import { decide } from '../policy/decide.ts'
import type { Allow } from '../policy/decision.ts'
import { refusedNobodysBucket } from '../request/identify.ts'
import { missingLength } from '../request/plan-body.ts'
import { authenticateForm } from '../request/read-form.ts'
import type { S3Request } from '../request/read-request.ts'
import { refusal, type S3Error } from '../s3/error.ts'
import type { ContentLengthRange } from '../sigv4/post-policy-conditions.ts'
import { signPostPolicy } from '../sigv4/sign-post-policy.ts'
import { bufferAnswer, endsInError } from '../upstream/buffer-answer.ts'
import type { Addressed } from '../upstream/destination.ts'
import { type Forwarded, forward } from '../upstream/forward.ts'
import { mayBeMisdirected } from '../upstream/misdirection.ts'
import { noCredentials } from '../upstream/sign-upstream.ts'
import { replayAnswer } from '../upstream/upstream-answer.ts'
import { isUnreachable } from '../upstream/upstream-failure.ts'
import { confirm } from './confirm.ts'
import type { Exchange } from './exchange.ts'
import { type Gate, tooManyRequests } from './gate.ts'
import { ownAddress } from './own-address.ts'
import { buildPostAnswer, upstreamFields } from './post-fields.ts'
import { hideRefusedSignature } from './refused-signature.ts'
import { relay } from './relay.ts'
import { RequestBody } from './request-body.ts'
import { comeAgain, followDirections } from './send-upstream.ts'

/** How long the policy of our own form holds: for one upload's begin. */
const POLICY_MS = 15 * 60 * 1000

/** A client's form, up to its file, with the body paused there. */
interface OpenForm {
  readonly head: FormHead
  readonly boundary: string
  readonly body: RequestBody
  /** Octets of the client's body from the file's content on. */
  readonly remaining: number
}

/**
 * The road of a POST Object: the same steps, but the form brings its own authentication, and its
 * encryption in fields. The client's policy is verified, then a new form goes upstream: our fields,
 * our policy, our signature, and the file's octets as they pass. Nothing is spooled.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 */
export async function handlePostObject(
  gate: Gate,
  exchange: Exchange,
  parsed: S3Request,
): Promise<S3Error | undefined> {
  const context = gate.authenticationContext(exchange)
  // Before a byte of the form is read: nobody may hold a place for a bucket that nobody may touch.
  const nobodys = refusedNobodysBucket(context, parsed.resource.bucket ?? '')
  if (nobodys !== undefined) return nobodys
  const opened = await openForm(gate, exchange, parsed)
  if (!opened.ok) return opened.error

  exchange.trace?.enter('authenticate')
  const authenticated = authenticateForm(context, parsed, opened.value.head)
  if (!authenticated.ok) return authenticated.error
  const { client, key, fields, requested, contentLengthRange } = authenticated.value
  const form: OpenForm = { ...opened.value, head: { ...opened.value.head, fields } }
  const keyed: S3Request = {
    ...parsed,
    resource: { ...parsed.resource, key },
    requestedEncryption: requested,
  }
  exchange.parsed = keyed
  if (!gate.enterClient(client)) return tooManyRequests()
  // From here on the record counts it out again.
  exchange.client = client

  exchange.trace?.enter('decide')
  const decision = decide(gate.config.policy, {
    operation: parsed.operation,
    method: parsed.method,
    client: client.name,
    bucket: parsed.resource.bucket,
    key,
    requested,
    isAppend: false,
  })
  exchange.decision = decision
  if (decision.kind === 'deny') return decision.error

  const frame = buildFrame(gate, client, keyed, form, decision, contentLengthRange)
  if (!frame.ok) return frame.error

  const forwarded = await exchange.traced('upstream', () =>
    sendForm(gate, exchange, parsed, form, frame.value, contentLengthRange),
  )
  if (!forwarded.ok) return forwarded.error

  const confirmed = await confirm(gate, exchange, keyed, decision, forwarded.value)
  if (!confirmed.ok) return confirmed.error

  const { bodyIdleMs } = gate.config.limits
  return answerForm(exchange, keyed, form.head, confirmed.value, bodyIdleMs)
}

async function openForm(
  gate: Gate,
  exchange: Exchange,
  parsed: S3Request,
): Promise<Result<OpenForm, S3Error>> {
  const misplaced = misplacedInHead(parsed)
  if (misplaced !== undefined) return failure(misplaced)
  const length = headerValue(parsed.headers, 'content-length')
  if (length === undefined) return failure(missingLength())
  const boundary = parseFormBoundary(headerValue(parsed.headers, 'content-type'))
  if (!boundary.ok) return boundary
  exchange.sendContinue()
  const { bodyIdleMs, headIdleMs } = gate.config.limits
  const body = new RequestBody(exchange.request, bodyIdleMs)
  exchange.body = body
  // Its sender is not known before the last field: like a head, the fields have a time in all.
  const late = setTimeout(() => body.destroy(new DownstreamBodyError('idle')), headIdleMs)
  const leave = gate.enterForm(() => body.destroy(new BodyError(tooManyRequests())))
  try {
    const head = await readFormHead(body, boundary.value)
    if (!head.ok) {
      body.destroy()
      return head
    }
    const remaining = Number(length) - head.value.length
    return ok({ head: head.value, boundary: boundary.value, body, remaining })
  } catch (error) {
    return failure(bodyFailure(error instanceof Error ? error : new Error(String(error))))
  } finally {
    clearTimeout(late)
    leave()
  }
}

/** A form says everything in its fields; what its head says besides is refused, not guessed at. */
function misplacedInHead(parsed: S3Request): S3Error | undefined {
  if (parsed.authentication.kind !== 'anonymous') {
    return refusal(
      'InvalidArgument',
      'two-authentication-mechanisms',
      'Only one auth mechanism allowed; a POST form is authenticated by its fields.',
    )
  }
  const { algorithm, keyId, context, bucketKey, hasCustomerKey } = parsed.requestedEncryption
  if ((algorithm ?? keyId ?? context ?? bucketKey) === undefined && !hasCustomerKey)
    return undefined
  return refusal(
    'InvalidRequest',
    'encryption-headers-on-form',
    'Conflicting values provided in HTTP headers and POST form fields.',
  )
}

/** Our form around the file's content: our fields, our policy, our signature. */
function buildFrame(
  gate: Gate,
  client: Client,
  parsed: S3Request,
  { head }: OpenForm,
  { obligation }: Allow,
  contentLengthRange: ContentLengthRange | undefined,
): Result<FormFrame, S3Error> {
  const credentials = gate.upstream.credentialsOf(client, parsed.resource.bucket)
  if (credentials === undefined) return failure(noCredentials())
  const { bucket = '', key = '' } = parsed.resource
  const nowMs = Date.now()
  const fields = signPostPolicy({
    bucket,
    fields: upstreamFields(head.fields, key, obligation.encryption),
    contentLengthRange,
    expirationMs: nowMs + POLICY_MS,
    credentials,
    region: gate.upstream.regionOf(bucket),
    service: 's3',
    nowMs,
    keys: gate.upstreamKeys,
  })
  const boundary = `sealgate-${randomBytes(24).toString('hex')}`
  return buildFormFrame({
    boundary,
    fields,
    // Without a name nothing is expanded in the key; with a type no reader takes the file for a field.
    file: { filename: undefined, contentType: head.file.contentType ?? 'application/octet-stream' },
  })
}

async function sendForm(
  gate: Gate,
  exchange: Exchange,
  parsed: S3Request,
  { body, boundary, remaining }: OpenForm,
  frame: FormFrame,
  range: ContentLengthRange | undefined,
): Promise<Result<Forwarded, S3Error>> {
  const { bucket } = parsed.resource
  const addressed: Addressed = { bucket, key: undefined, query: [] }
  const destination = gate.upstream.destinationOf(addressed)
  if (!destination.ok) return destination
  const { origin, host, path, region } = destination.value
  const length = formContentLength(frame, { boundary, remaining })
  const headers = [
    'host',
    host,
    'content-type',
    `multipart/form-data; boundary=${frame.boundary}`,
    'content-length',
    String(length),
  ]
  for (const name of ['origin', 'referer', 'user-agent']) {
    const value = headerValue(parsed.headers, name)
    if (value !== undefined) headers.push(name, value)
  }
  const rewrite = new RewriteForm(frame, { boundary, remaining, range })
  // The failure is seen by the reader of the new form.
  pipeline(body, rewrite, () => undefined)
  const forwarded = await forward(
    gate.upstream.poolOf(origin),
    { method: 'POST', path, headers, body: rewrite },
    exchange,
  )
  if (!forwarded.ok) {
    if (isUnreachable(forwarded.error)) gate.upstream.forgetRegion(bucket)
    return forwarded
  }
  exchange.noteUpstream(forwarded.value.head)
  if (!mayBeMisdirected(forwarded.value.head.status)) return hideRefusedSignature(forwarded.value)
  const sentTo = { method: 'POST', addressed, region }
  const directed = await followDirections(gate, exchange, sentTo, forwarded.value)
  if (!directed.ok) return directed
  return directed.value === 'again' ? failure(comeAgain()) : ok(directed.value)
}

/** S3 was asked for a 201 with the ETag; the client gets the answer that its form asks for. */
async function answerForm(
  exchange: Exchange,
  parsed: S3Request,
  { fields }: FormHead,
  forwarded: Forwarded,
  idleMs: number,
): Promise<S3Error | undefined> {
  const { status } = forwarded.head
  if (status < 200 || status > 299) {
    return relay(exchange, forwarded.head, forwarded.answer, idleMs)
  }
  const buffered = await bufferAnswer(forwarded)
  if (!buffered.ok) return buffered.error
  if (endsInError(buffered.value.body)) return notStored()
  const answer = buildPostAnswer({
    resource: parsed.resource,
    location: ownAddress(exchange, parsed),
    successStatus: fieldValue(fields, 'success_action_status'),
    successRedirect:
      fieldValue(fields, 'success_action_redirect') ?? fieldValue(fields, 'redirect'),
    upstreamHead: forwarded.head,
    upstreamDocument: buffered.value.body.toString('utf8'),
  })
  return relay(exchange, answer.head, replayAnswer(answer.body), idleMs)
}

/** S3 has no late errors for forms, so this one cannot be passed on as S3's. */
function notStored(): S3Error {
  return {
    code: 'BadGateway',
    reason: 'upstream-error-document',
    message: 'S3 answered a success and an error in one.',
    source: 'upstream',
  }
}
