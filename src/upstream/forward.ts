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

/** S3's answer: the head, and the following bytes. */
export interface Forwarded {
  readonly head: AnswerHead
  readonly answer: AnswerSource
}

/** Turns of the event loop by which the end of a body may lag behind its last bytes. */
const END_LAG_TURNS = 8

/** Converts a draft for undici, with its signed head and its body. */
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
    // undici would otherwise close the connection after each HEAD, in case the peer sends a body.
    reset: false,
  }
}

/**
 * Sends the request and waits for the answer's head. A request that never reached S3, or whose
 * connection broke before the first byte of an answer, is retried a few times within two seconds if
 * its body can be repeated: a body in memory, or one that has not been read yet.
 *
 * A success received before the whole body was sent is treated as a failure, because S3 cannot have
 * data that is not verified yet. Fails with ServiceUnavailable, GatewayTimeout, BadGateway,
 * SlowDown, and with the errors of the client's body.
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
  // S3 had closed the idle connection: retry at once on another one.
  return pauseMs !== undefined && attempt === 1 && isStaleConnection(error) ? 0 : pauseMs
}

/**
 * Waits for the end of a body whose last bytes have been written. If a socket has both, node
 * reports an answer before the end of a write.
 */
async function endsSoon(answer: UpstreamAnswer): Promise<boolean> {
  for (let i = 0; i < END_LAG_TURNS && !answer.isRequestSent; i++) await turn()
  return answer.isRequestSent
}

function cutEarly(answer: UpstreamAnswer, attempts: AttemptNotes): Result<Forwarded, S3Error> {
  const error = new EarlySuccess('a success arrived before the body was sent')
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
