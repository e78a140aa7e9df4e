import { Readable } from 'node:stream'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import type { AttemptNotes } from './attempts.ts'
import type { Cancellation } from './cancellation.ts'
import { targetOf } from './destination.ts'
import type { Draft } from './draft.ts'
import type { OriginPool } from './origin-pool.ts'
import { retryPauseMs } from './retry.ts'
import { type AnswerHead, type AnswerSource, isSuccess, UpstreamAnswer } from './upstream-answer.ts'
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

/** Turns of the event loop in which the end of a body may lag behind its last octets. */
const END_LAG_TURNS = 8

/** A draft as undici sends it: with its signed head and its body. */
export function wireRequest(
  { method, destination }: Draft,
  headers: string[],
  body: Buffer | Readable | undefined,
): Dispatcher.DispatchOptions {
  return {
    method,
    path: targetOf(destination),
    headers,
    body: body ?? null,
    // undici would close the connection after each HEAD, in case the peer sends a body.
    reset: false,
  }
}

/**
 * Sends the request and waits for the answer's head. What never reached S3, or broke without an
 * byte of an answer, is sent again a few times in two seconds where the body can be: one that is in
 * memory, or one of which nothing has been read.
 *
 * A success that comes before the body has gone out whole is none: S3 cannot have what has not been
 * verified. Fails with ServiceUnavailable, GatewayTimeout, BadGateway, SlowDown, and with what is
 * wrong with the client's body.
 */
export async function forward(
  pool: OriginPool,
  request: Dispatcher.DispatchOptions,
  attempts: AttemptNotes,
  cancellation: Cancellation,
): Promise<Result<Forwarded, S3Error>> {
  const startedAt = performance.now()
  let begunAt = startedAt
  for (let attempt = 1; ; attempt++) {
    const answer = new UpstreamAnswer()
    cancellation.add(answer)
    pool.dispatch(request, answer)
    const outcome = await answer.head
    if (outcome.ok) {
      const head = outcome.value
      const isWhole = answer.isRequestSent || !isSuccess(head) || (await endsSoon(answer))
      if (!isWhole) return cutEarly(answer, attempts)
      attempts.noteHead(head, performance.now() - begunAt)
      return ok({ head, answer })
    }
    const { error } = outcome
    const kind = failureKind(error)
    if (kind !== undefined) attempts.noteFailures([kind])
    const pauseMs = canRepeat(request, error, kind)
      ? pauseAfter(error, attempt, performance.now() - startedAt)
      : undefined
    if (pauseMs === undefined) return failure(upstreamError(error))
    if (pauseMs > 0) await sleep(pauseMs)
    begunAt = performance.now()
  }
}

function pauseAfter(error: Error, attempt: number, elapsedMs: number): number | undefined {
  const pauseMs = retryPauseMs(attempt, elapsedMs, Math.random())
  // S3 had closed the connection while it was idle: another one will do at once.
  return pauseMs !== undefined && attempt === 1 && isStaleConnection(error) ? 0 : pauseMs
}

/**
 * Waits for the end of a body whose last bytes have gone out. Node tells of the answer before it
 * tells of a write that has ended, where the socket has both.
 */
async function endsSoon(answer: UpstreamAnswer): Promise<boolean> {
  for (let i = 0; i < END_LAG_TURNS && !answer.isRequestSent; i++) await turn()
  return answer.isRequestSent
}

function cutEarly(answer: UpstreamAnswer, attempts: AttemptNotes): Result<Forwarded, S3Error> {
  const error = new EarlySuccess('a success came before the body had gone out')
  answer.abort(error)
  attempts.noteFailures(['aborted'])
  return failure(upstreamError(error))
}

function canRepeat(
  { body }: Dispatcher.DispatchOptions,
  error: Error,
  kind: UpstreamFailureKind | undefined,
): boolean {
  const mayPass = kind === 'dns' || kind === 'connect' || isBrokenConnection(error)
  if (!mayPass) return false
  return body instanceof Readable ? !body.destroyed && !body.readableDidRead : true
}
