import { randomBytes } from 'node:crypto'
import { headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import { BodyError } from '../body/body-error.ts'
import { bodyFailure } from '../body/body-failure.ts'
import { DownstreamBodyError } from '../body/downstream-body-error.ts'
import { fieldValue } from '../body/form-fields.ts'
import { buildFormFrame, type FormFrame, formContentLength } from '../body/form-writer.ts'
import { readFormHead } from '../body/read-form-head.ts'
import type { Limits } from '../config/config.ts'
import { type AuthenticationContext, refusedNobodysBucket } from '../request/identify.ts'
import type { Permission } from '../request/judge.ts'
import { planForm } from '../request/plan-body.ts'
import { readForm } from '../request/read-form.ts'
import type { FormContent, S3Request } from '../request/read-request.ts'
import type { S3Error } from '../s3/error.ts'
import { UNSIGNED_PAYLOAD } from '../s3/payload.ts'
import { refusal } from '../s3/refusals.ts'
import type { ContentLengthRange } from '../sigv4/post-policy-conditions.ts'
import { bufferAnswer, endsInError } from '../upstream/buffer-answer.ts'
import type { Addressed } from '../upstream/destination.ts'
import type { Draft } from '../upstream/draft.ts'
import type { Forwarded } from '../upstream/forward.ts'
import { signForm } from '../upstream/sign-upstream.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { replayAnswer } from '../upstream/upstream-answer.ts'
import type { Exchange } from './exchange.ts'
import { ownAddress } from './own-address.ts'
import { buildPostAnswer, upstreamFields } from './post-fields.ts'
import type { RequestBody } from './request-body.ts'

/** The lifetime of our own form's policy: long enough for the start of one upload. */
const POLICY_MS = 15 * 60 * 1000

/** A client's form, up to its file. */
interface OpenForm {
  /** With the contents of the fields. */
  readonly request: S3Request
  readonly file: FormFile
}

/** The file of a form, paused at its first byte. */
export interface FormFile {
  readonly body: RequestBody
  /** Bytes of the client's body from the file's content on. */
  readonly remaining: number
  /** The contents of the fields. */
  readonly form: FormContent
}

/** The inputs of reading a form besides its request. */
interface FormContext {
  /** The clients that the form may authenticate as. */
  readonly authentication: AuthenticationContext
  readonly limits: Pick<Limits, 'bodyIdleMs' | 'headIdleMs'>
  /** Counts the form until its sender is known; the result ends the count. */
  readonly enter: (giveUp: () => void) => () => void
}

/**
 * Reads the fields of a POST form and leaves its body at the file. The sender is unknown until the
 * last field, so size, time and number of such forms are limited.
 */
export async function openForm(
  { authentication, limits, enter }: FormContext,
  exchange: Exchange,
  request: S3Request,
): Promise<Result<OpenForm, S3Error>> {
  // Before reading the form: it must not occupy a place for a bucket that no client may use.
  const { bucket = '' } = request.resource
  const nobodys = refusedNobodysBucket(authentication, bucket)
  if (nobodys !== undefined) return failure(nobodys)
  const plan = planForm(request)
  if (!plan.ok) return plan
  exchange.sendContinue()
  const body = exchange.openBody(limits.bodyIdleMs)
  const late = setTimeout(() => body.destroy(new DownstreamBodyError('idle')), limits.headIdleMs)
  const leave = enter(() => body.destroy(new BodyError(refusal('too-many-requests'))))
  try {
    const head = await readFormHead(body, plan.value.boundary)
    if (!head.ok) {
      body.destroy()
      return head
    }
    const read = readForm(request, plan.value, head.value)
    if (!read.ok) {
      body.destroy()
      return read
    }
    const remaining = plan.value.bytes - head.value.length
    return ok({ request: read.value.request, file: { body, remaining, form: read.value.form } })
  } catch (error) {
    return failure(bodyFailure(error instanceof Error ? error : new Error(String(error))))
  } finally {
    clearTimeout(late)
    leave()
  }
}

/**
 * Drafts our own form: our fields, our policy, our signature, and the bytes of the client's file as
 * they pass. Nothing is spooled.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 */
export function draftForm(
  upstream: Upstream,
  { resource, headers }: S3Request,
  { principal, decision }: Permission,
  { body, remaining, form }: FormFile,
): Result<{ readonly draft: Draft; readonly wouldRefuse: undefined }, S3Error> {
  const { bucket = '', key = '' } = resource
  const addressed: Addressed = { bucket, key: undefined, query: [] }
  const destination = upstream.destinationOf(addressed)
  if (!destination.ok) return destination
  const { region } = destination.value
  const credentials = principal.client.name
  const nowMs = Date.now()
  const contentLengthRange = narrowRange(
    principal.contentLengthRange,
    decision.obligation.guards?.fileBytesMax,
  )
  const policy = {
    bucket,
    fields: upstreamFields(form.fields, key, decision.obligation),
    contentLengthRange,
    expirationMs: nowMs + POLICY_MS,
  }
  const fields = signForm(upstream, { credentials, region }, policy, nowMs)
  if (!fields.ok) return fields
  const frame = buildFormFrame({
    boundary: `sealgate-${randomBytes(24).toString('hex')}`,
    fields: fields.value,
    // With a type no parser reads the file as a field.
    file: {
      filename: fileNameFor(fields.value),
      contentType: form.fileContentType ?? 'application/octet-stream',
    },
  })
  if (!frame.ok) return frame
  const { boundary } = form.plan
  const length = formContentLength(frame.value, { boundary, remaining })
  const draft: Draft = {
    method: 'POST',
    addressed,
    destination: destination.value,
    headers: formHeaders(destination.value.host, headers, frame.value, length),
    payloadHash: UNSIGNED_PAYLOAD,
    // The signature covers the form's own policy instead.
    isSigned: false,
    credentials,
    body: {
      kind: 'form',
      source: body,
      frame: frame.value,
      file: { boundary, remaining, range: contentLengthRange },
    },
  }
  return ok({ draft, wouldRefuse: undefined })
}

/**
 * A name that says nothing: parsers of Go take a part without one for a field. S3 would put it in the
 * place of a variable, and those of the client's form are expanded: what still looks like one is text.
 */
function fileNameFor(fields: readonly { readonly value: string }[]): string | undefined {
  return fields.some(({ value }) => value.includes('${')) ? undefined : 'file'
}

/** The sizes that both the client's own policy and a guard allow. */
function narrowRange(
  range: ContentLengthRange | undefined,
  bytesMax: number | undefined,
): ContentLengthRange | undefined {
  if (bytesMax === undefined) return range
  const { min, max } = range ?? { min: 0, max: bytesMax }
  return { kind: 'content-length-range', min, max: Math.min(max, bytesMax) }
}

function formHeaders(
  host: string,
  received: readonly string[],
  frame: FormFrame,
  length: number,
): readonly string[] {
  const headers = [
    ...['host', host],
    ...['content-type', `multipart/form-data; boundary=${frame.boundary}`],
    ...['content-length', String(length)],
  ]
  for (const name of ['origin', 'referer', 'user-agent']) {
    const value = headerValue(received, name)
    if (value !== undefined) headers.push(name, value)
  }
  return headers
}

/** We asked S3 for a 201 with the ETag; the client gets the answer that its form asks for. */
export async function answerForm(
  exchange: Exchange,
  request: S3Request,
  { fields }: FormContent,
  forwarded: Forwarded,
): Promise<Result<Forwarded, S3Error>> {
  const { status } = forwarded.head
  if (status < 200 || status > 299) return ok(forwarded)
  const buffered = await bufferAnswer(forwarded)
  if (!buffered.ok) return buffered
  // S3 has no late errors for forms, so this one cannot be passed on as S3's.
  if (endsInError(buffered.value.body)) return failure(refusal('upstream-error-document'))
  const answer = buildPostAnswer({
    resource: request.resource,
    location: ownAddress(exchange, request),
    successStatus: fieldValue(fields, 'success_action_status'),
    successRedirect:
      fieldValue(fields, 'success_action_redirect') ?? fieldValue(fields, 'redirect'),
    upstreamHead: forwarded.head,
    upstreamDocument: buffered.value.body.toString('utf8'),
  })
  return ok({ head: answer.head, answer: replayAnswer(answer.body) })
}
