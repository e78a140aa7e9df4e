import { hash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type HeaderList, headerValue } from '../base/header-list.ts'
import { EMPTY_SHA256 } from '../s3/payload.ts'
import type { QueryParameter } from '../s3/query.ts'
import { childText, parseXml, type XmlElement } from '../s3/xml.ts'
import { AttemptNotes } from '../upstream/attempts.ts'
import { bufferAnswer, endsInError } from '../upstream/buffer-answer.ts'
import { Cancellation } from '../upstream/cancellation.ts'
import type { Draft } from '../upstream/draft.ts'
import { send } from '../upstream/send.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { Pacer } from './pacer.ts'

/** How our own requests reach S3. */
export interface S3Link {
  readonly upstream: Upstream
  /** Aborts what runs; nothing is sent afterwards. */
  readonly signal: AbortSignal
  /** Whether we pay for the requests (`x-amz-request-payer`). */
  readonly isPayer: boolean
  /** Undefined: as fast as S3 answers, and nothing is asked twice. */
  readonly pacer?: Pacer | undefined
}

/** One request. */
export interface S3Question {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  readonly bucket: string
  /** Decoded; undefined: the bucket itself. */
  readonly key?: string | undefined
  readonly query?: readonly QueryParameter[]
  /** Besides Host, length and checksum; flat, lower-case names. */
  readonly fields?: HeaderList
  readonly body?: Buffer
  /** False: a checksum of the body would be taken for that of the object. */
  readonly hasChecksum?: boolean
  /** What S3 copies for it. */
  readonly copiedBytes?: number
  /** Default: 2 MiB. */
  readonly answerBytesMax?: number
  /** Default: a minute. */
  readonly timeoutMs?: number
}

/** What became of a request. */
export type S3Reply = S3Answer | S3Refusal | Unanswered

/** S3 did what it was asked. */
export interface S3Answer {
  readonly kind: 'answer'
  readonly status: number
  readonly headers: HeaderList
  /** Complete. */
  readonly body: Buffer
}

/** S3 did not do it, with a status, or with an error document behind a status 200. */
export interface S3Refusal {
  readonly kind: 'refused'
  readonly status: number
  /** S3's code; of a HEAD, which has no document, the status. */
  readonly code: string
  readonly message: string
  /** S3's own number of the request. */
  readonly requestId: string
  /** An earlier attempt had no answer: it may have been done. */
  readonly isRepeated: boolean
}

/** Nothing is known: the request may have been done. */
export interface Unanswered {
  readonly kind: 'unanswered'
  /** For people. */
  readonly reason: string
}

const ANSWER_BYTES_MAX = 2 * 1024 * 1024

const TIMEOUT_MS = 60_000

const ERROR_CHARACTERS_MAX = 64 * 1024

/** Attempts of a request that S3 or KMS throttles, and of a read that fails. */
const ATTEMPTS_MAX = 10

const FIRST_PAUSE_MS = 50

const PAUSE_MS_MAX = 5_000

/**
 * Sends a request when it is its turn. With a pacer, what S3 or KMS throttles is sent again, because
 * it was not done; a read that fails is, too.
 */
export async function askS3(link: S3Link, question: S3Question): Promise<S3Reply> {
  const { pacer, signal } = link
  if (pacer === undefined) return askOnce(link, question)
  for (let attempt = 1; ; attempt++) {
    await pacer.take(question.copiedBytes ?? 0, signal)
    const reply = await askOnce(link, question)
    const isThrottled = wasThrottled(reply)
    pacer.noteAnswer(isThrottled)
    const mayRepeat = isThrottled || (isRead(question) && hasFailed(reply))
    if (!mayRepeat || attempt === ATTEMPTS_MAX || signal.aborted) return reply
    const pauseMs = Math.min(PAUSE_MS_MAX, FIRST_PAUSE_MS * 2 ** attempt)
    await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined)
  }
}

function isRead({ method }: S3Question): boolean {
  return method === 'GET' || method === 'HEAD'
}

function hasFailed(reply: S3Reply): boolean {
  return reply.kind === 'unanswered' || (reply.kind === 'refused' && reply.status === 500)
}

/** S3 answers 503 SlowDown; KMS's own code comes with 400 or 503. */
function wasThrottled(reply: S3Reply): boolean {
  if (reply.kind !== 'refused') return false
  return /Throttl|SlowDown|RequestLimitExceeded|TooManyRequests|ServiceUnavailable|^(?:503|429)$/.test(
    reply.code,
  )
}

/**
 * Sends a request and reads the answer to its end. CopyObject, UploadPartCopy and
 * CompleteMultipartUpload may answer 200 and report an error at the end of the body.
 */
async function askOnce(link: S3Link, question: S3Question): Promise<S3Reply> {
  if (link.signal.aborted) return { kind: 'unanswered', reason: 'stopped before it was sent' }
  const draft = draftOf(link, question)
  if (draft === undefined) return { kind: 'unanswered', reason: 'not sent: no destination' }
  const cancellation = new Cancellation()
  const timeoutMs = question.timeoutMs ?? TIMEOUT_MS
  const stop = (): void => cancellation.abort(new Error('stopped'))
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    cancellation.abort(new Error('the answer took too long'))
  }, timeoutMs)
  link.signal.addEventListener('abort', stop)
  try {
    const attempts = new AttemptNotes()
    const answer = await send(link.upstream, draft, Date.now(), cancellation, attempts)
    if (!answer.ok) return unanswered(isLate ? 'no answer in time' : answer.error.reason)
    const { head } = answer.value
    const buffered = await bufferAnswer(answer.value, question.answerBytesMax ?? ANSWER_BYTES_MAX)
    if (!buffered.ok) return unanswered(isLate ? 'no answer in time' : buffered.error.reason)
    const isRepeated = attempts.failures.length > 0
    return replyOf(question.method, head, buffered.value.body, isRepeated)
  } finally {
    clearTimeout(timer)
    link.signal.removeEventListener('abort', stop)
  }
}

/** A reply in words, for a report. */
export function describeReply(reply: S3Refusal | Unanswered): string {
  if (reply.kind === 'unanswered') return `no answer from S3 (${reply.reason})`
  const { status, code, message, requestId } = reply
  const text = message === '' ? '' : `: ${message}`
  return `S3 answers ${status} ${code}${text} (request id ${requestId})`
}

/** Parses the document of an answer; undefined if it is none, or has another root. */
export function documentOf(
  { body }: Pick<S3Answer, 'body'>,
  root: string,
  tagsMax?: number,
): XmlElement | undefined {
  let text: string
  try {
    text = UTF8.decode(body)
  } catch {
    return undefined
  }
  // S3 sends white space while it copies.
  const parsed = parseXml(text.trim(), body.length, tagsMax)
  return parsed.ok && parsed.value.name === root ? parsed.value : undefined
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

function draftOf(link: S3Link, question: S3Question): Draft | undefined {
  const { method, bucket, key, query = [], fields = [], body, hasChecksum = true } = question
  const addressed = { bucket, key, query }
  const destination = link.upstream.destinationOf(addressed)
  if (!destination.ok) return undefined
  return {
    method,
    addressed,
    destination: destination.value,
    headers: [
      'host',
      destination.value.host,
      ...fields,
      ...(link.isPayer ? ['x-amz-request-payer', 'requester'] : []),
      ...(body === undefined ? emptyFraming(method) : ['content-length', String(body.length)]),
      ...(body !== undefined && hasChecksum ? checksumFields(body) : []),
    ],
    payloadHash: body === undefined ? EMPTY_SHA256 : hash('sha256', body),
    isSigned: true,
    credentials: undefined,
    body,
  }
}

function emptyFraming(method: S3Question['method']): HeaderList {
  return method === 'PUT' || method === 'POST' ? ['content-length', '0'] : []
}

function checksumFields(body: Buffer): HeaderList {
  return [
    'x-amz-sdk-checksum-algorithm',
    'SHA256',
    'x-amz-checksum-sha256',
    hash('sha256', body, 'base64'),
  ]
}

function replyOf(
  method: S3Question['method'],
  { status, headers }: Pick<S3Answer, 'status' | 'headers'>,
  body: Buffer,
  isRepeated: boolean,
): S3Reply {
  const isLateError = (method === 'PUT' || method === 'POST') && endsInError(body)
  const isError = status < 200 || status > 299 || isLateError
  if (!isError) return { kind: 'answer', status, headers, body }
  const document = parseXml(body.toString('utf8').trim(), ERROR_CHARACTERS_MAX)
  const root = document.ok && document.value.name === 'Error' ? document.value : undefined
  return {
    kind: 'refused',
    status,
    code: (root && childText(root, 'Code')) ?? String(status),
    message: (root && childText(root, 'Message')) ?? '',
    requestId: headerValue(headers, 'x-amz-request-id') ?? 'none',
    isRepeated,
  }
}

function unanswered(reason: string): Unanswered {
  return { kind: 'unanswered', reason }
}
