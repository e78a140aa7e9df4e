import type { Readable } from 'node:stream'
import { errors, type Pool } from 'undici'
import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { bodyFailure, isBodyFailure } from './body-failure.ts'
import { type AnswerHead, UpstreamAnswer } from './upstream-answer.ts'

/** A request as it leaves: everything decided, everything signed. */
export interface UpstreamRequest {
  readonly method: string
  /** Path and query in normal form. */
  readonly path: string
  readonly headers: readonly string[]
  /** A Buffer (or nothing) can be sent again; a stream cannot. */
  readonly body: Buffer | Readable | undefined
}

/** S3's answer: the head, and the bytes to come. */
export interface Forwarded {
  readonly head: AnswerHead
  readonly answer: UpstreamAnswer
}

/**
 * Sends the request and waits for the answer's head. A request whose body can be sent again is sent
 * once more when a kept connection turned out to be stale (closed before the first octet of an
 * answer); others never are.
 *
 * `onStart` gets each attempt's answer at once, so that the caller can abort it.
 */
export async function forward(
  pool: Pool,
  request: UpstreamRequest,
  onStart: (answer: UpstreamAnswer) => void,
): Promise<Result<Forwarded, S3Error>> {
  const canRepeat = request.body === undefined || Buffer.isBuffer(request.body)
  for (let attempt = 1; ; attempt++) {
    const answer = new UpstreamAnswer()
    onStart(answer)
    dispatch(pool, request, answer)
    const outcome = await answer.head
    if (outcome.ok) return ok({ head: outcome.value, answer })
    if (attempt === 1 && canRepeat && isStaleConnection(outcome.error)) continue
    return failure(upstreamError(outcome.error))
  }
}

function dispatch(pool: Pool, request: UpstreamRequest, answer: UpstreamAnswer): void {
  try {
    pool.dispatch(
      {
        method: request.method as 'GET',
        path: request.path,
        headers: request.headers as string[],
        body: request.body ?? null,
        // undici would close the connection after each HEAD, in case the peer sends a body.
        reset: false,
      },
      answer,
    )
  } catch (error) {
    // undici throws on what HTTP forbids (trap 2 of its documentation: expect, odd paths, …).
    answer.onError(error instanceof Error ? error : new Error(String(error)))
  }
}

/**
 * The connection had served an answer before and broke before the first octet of this one: the peer
 * had closed it while it was idle.
 */
function isStaleConnection(error: Error): boolean {
  if (!(error instanceof errors.SocketError) && errorCode(error) !== 'ECONNRESET') return false
  const socket = error instanceof errors.SocketError ? error.socket : undefined
  return socket === undefined || (socket?.bytesRead ?? 0) > 0
}

function errorCode(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** What the client is told of a failure before the head of an answer. */
function upstreamError(cause: Error): S3Error {
  if (isBodyFailure(cause)) return bodyFailure(cause)
  switch (errorCode(cause)) {
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return upstreamFault(
        'GatewayTimeout',
        'upstream-timeout',
        'S3 did not answer in time.',
        cause,
      )
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return upstreamFault(
        'ServiceUnavailable',
        'upstream-unreachable',
        'Service is unable to handle request.',
        cause,
      )
    case 'UND_ERR_INVALID_ARG':
    case 'UND_ERR_NOT_SUPPORTED':
      return {
        code: 'InvalidRequest',
        reason: 'unsendable-request',
        message: 'The request cannot be passed on over HTTP.',
        source: 'downstream',
        cause,
      }
    default:
      return upstreamFault('BadGateway', 'upstream-closed', 'S3 closed the connection.', cause)
  }
}

function upstreamFault(
  code: S3Error['code'],
  reason: string,
  message: string,
  cause: Error,
): S3Error {
  return { code, reason, message, source: 'upstream', cause }
}
