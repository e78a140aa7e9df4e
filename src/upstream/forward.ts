import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import type { OriginPool, UpstreamRequest } from './origin-pool.ts'
import { retryPauseMs } from './retry.ts'
import { type AnswerHead, type AnswerSource, UpstreamAnswer } from './upstream-answer.ts'
import {
  EarlySuccess,
  failureKind,
  isBrokenConnection,
  isStaleConnection,
  type UpstreamFailureKind,
  upstreamError,
} from './upstream-failure.ts'

/** S3's answer: the head, and the bytes to come. */
export interface Forwarded {
  readonly head: AnswerHead
  readonly answer: AnswerSource
}

/** Who follows the attempts of one request. */
export interface ForwardObserver {
  /** Gets each attempt's answer at once, so that it can be aborted. */
  setUpstream(answer: UpstreamAnswer): void
  /** Called for each attempt that failed for S3's sake, those that are repeated included. */
  noteUpstreamFailure(kind: UpstreamFailureKind): void
}

/** Turns of the event loop in which the end of a body may lag behind its last octets. */
const END_LAG_TURNS = 8

/**
 * Sends the request and waits for the answer's head. What never reached S3, or broke without an
 * octet of an answer, is sent again a few times in two seconds where the body can be: one that is in
 * memory, or one of which nothing has been read.
 *
 * A success that comes before the body has gone out whole is none: S3 cannot have what has not been
 * verified. Fails with ServiceUnavailable, GatewayTimeout, BadGateway, SlowDown, and with what is
 * wrong with the client's body.
 */
export async function forward(
  pool: OriginPool,
  request: UpstreamRequest,
  observer: ForwardObserver,
): Promise<Result<Forwarded, S3Error>> {
  const startedAt = performance.now()
  for (let attempt = 1; ; attempt++) {
    const answer = new UpstreamAnswer()
    observer.setUpstream(answer)
    pool.send(request, answer)
    const outcome = await answer.head
    if (outcome.ok) {
      const head = outcome.value
      const isWhole = answer.isRequestSent || !isSuccess(head) || (await endsSoon(answer))
      return isWhole ? ok({ head, answer }) : cutEarly(answer, observer)
    }
    const { error } = outcome
    const kind = failureKind(error)
    if (kind !== undefined) observer.noteUpstreamFailure(kind)
    const pauseMs = canRepeat(request, error, kind)
      ? pauseAfter(error, attempt, performance.now() - startedAt)
      : undefined
    if (pauseMs === undefined) return failure(upstreamError(error))
    if (pauseMs > 0) await sleep(pauseMs)
  }
}

function pauseAfter(error: Error, attempt: number, elapsedMs: number): number | undefined {
  const pauseMs = retryPauseMs(attempt, elapsedMs, Math.random())
  // S3 had closed the connection while it was idle: another one will do at once.
  return pauseMs !== undefined && attempt === 1 && isStaleConnection(error) ? 0 : pauseMs
}

function isSuccess({ status }: AnswerHead): boolean {
  return status >= 200 && status <= 299
}

/**
 * Waits for the end of a body whose last octets have gone out. Node tells of the answer before it
 * tells of a write that has ended, where the socket has both.
 */
async function endsSoon(answer: UpstreamAnswer): Promise<boolean> {
  for (let i = 0; i < END_LAG_TURNS && !answer.isRequestSent; i++) await turn()
  return answer.isRequestSent
}

function cutEarly(answer: UpstreamAnswer, observer: ForwardObserver): Result<Forwarded, S3Error> {
  const error = new EarlySuccess('a success came before the body had gone out')
  answer.abort(error)
  observer.noteUpstreamFailure('aborted')
  return failure(upstreamError(error))
}

function canRepeat(
  { body }: UpstreamRequest,
  error: Error,
  kind: UpstreamFailureKind | undefined,
): boolean {
  const mayPass = kind === 'dns' || kind === 'connect' || isBrokenConnection(error)
  if (!mayPass) return false
  if (body === undefined || Buffer.isBuffer(body)) return true
  return !body.destroyed && !body.readableDidRead
}
