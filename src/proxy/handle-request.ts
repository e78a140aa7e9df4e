import { TLSSocket } from 'node:tls'
import { failure, ok, type Result } from '../base/result.ts'
import { isPreflight } from '../request/identify.ts'
import { judge, type Permission, type Verdict } from '../request/judge.ts'
import { readRequest, type S3Request } from '../request/read-request.ts'
import { refuseReadFirst } from '../request/refuse-read.ts'
import { originFormOf } from '../s3/absolute-target.ts'
import type { S3Error } from '../s3/error.ts'
import type { Attempts } from '../upstream/attempts.ts'
import { send } from '../upstream/send.ts'
import { confirm } from './confirm.ts'
import type { Exchange } from './exchange.ts'
import { answerForm, draftForm, type FormFile, openForm } from './form.ts'
import { type Gate, tooManyRequests } from './gate.ts'
import { withOwnAddress } from './own-address.ts'
import { record } from './record.ts'
import { readRefusalCors } from './refusal-cors.ts'
import { refuse } from './refuse.ts'
import { relay } from './relay.ts'
import { transform } from './transform.ts'

/**
 * The life of a request. Each step has a name, gives a value to the next or an S3 error that ends the
 * walk, and reads nothing that an earlier step has not checked:
 *
 * accept → read → judge → draft → send → confirm → relay → record
 *
 * However it ends, it is recorded: one audit line, and the metrics. Never rejects. `refused`: HTTP's own
 * rules do not let it be served.
 */
export async function handleRequest(
  gate: Gate,
  exchange: Exchange,
  refused?: S3Error,
): Promise<void> {
  const { metrics, tracing } = gate.telemetry
  metrics.requestStarted()
  try {
    exchange.trace = tracing?.begin(exchange.request.method ?? '', exchange.headers)
    const error = await walk(gate, exchange, refused)
    if (error !== undefined) {
      const cors = await readRefusalCors(gate, exchange, error)
      refuse(exchange, error, gate.config.limits.bodyIdleMs, cors)
    }
  } catch (cause) {
    refuse(exchange, internalError(cause), gate.config.limits.bodyIdleMs)
  } finally {
    record(gate, exchange)
  }
}

async function walk(
  gate: Gate,
  exchange: Exchange,
  refused: S3Error | undefined,
): Promise<S3Error | undefined> {
  const notAccepted = gate.refusedEntry()
  if (notAccepted !== undefined) return notAccepted

  const head = readHead(gate, exchange, refused)
  if (!head.ok) return head.error
  // A form says the rest in its fields.
  const isForm = head.value.operation.name === 'PostObject'
  const form = isForm ? await openForm(gate, exchange, head.value) : undefined
  if (form?.ok === false) return form.error
  const request = form?.value.request ?? head.value
  exchange.parsed = request

  const verdict = judgeRequest(gate, exchange, request)
  if (verdict.kind === 'refuse') return verdict.error

  if (!isPreflight(request)) gate.strangers.leave(exchange.request.socket)
  const leave = gate.enterClient(verdict.principal.client)
  if (leave === undefined) return tooManyRequests()
  try {
    return await serve(gate, exchange, request, verdict, form?.value.file)
  } finally {
    leave()
  }
}

/** Everything after the verdict, which is not touched again. */
async function serve(
  gate: Gate,
  exchange: Exchange,
  request: S3Request,
  permission: Permission,
  file: FormFile | undefined,
): Promise<S3Error | undefined> {
  const draft =
    file === undefined
      ? await transform(gate, exchange, request, permission)
      : draftForm(gate, request, permission, file)
  if (!draft.ok) return draft.error

  const { answer: sent, attempts } = await exchange.traced('upstream', () =>
    send(gate.upstream, draft.value, exchange.startedAtMs, exchange.cancellation),
  )
  exchange.noteAttempts(attempts)
  logLearnt(gate, attempts)
  if (!sent.ok) return sent.error

  const confirmed = await confirm(gate, exchange, request, permission.decision, sent.value)
  if (!confirmed.ok) return confirmed.error

  const answer =
    file === undefined
      ? ok(withOwnAddress(exchange, request, confirmed.value))
      : await answerForm(exchange, request, file.form, confirmed.value)
  if (!answer.ok) return answer.error
  return relay(exchange, answer.value.head, answer.value.answer, gate.config.limits.bodyIdleMs)
}

/** `refused`: why the request is not served, whatever it says. */
function readHead(
  gate: Gate,
  exchange: Exchange,
  refused: S3Error | undefined,
): Result<S3Request, S3Error> {
  const { rawTarget, headers, hosts, request } = exchange
  const method = request.method ?? ''
  const scheme = request.socket instanceof TLSSocket ? 'https' : 'http'
  const target = originFormOf(rawTarget, headers, scheme)
  const read = target.ok
    ? readRequest(method, target.value, headers, hosts, gate.configuredBuckets)
    : target
  if (read.ok) exchange.parsed = read.value
  const error = refused ?? (read.ok ? undefined : read.error)
  if (error === undefined) return read
  const head = { method, rawTarget, headers, parsed: exchange.parsed }
  return failure(refuseReadFirst(gate.config.policy, head, error))
}

function judgeRequest(gate: Gate, exchange: Exchange, request: S3Request): Verdict {
  exchange.trace?.enter('judge')
  const context = gate.authenticationContext(exchange)
  const verdict = judge(gate.config.policy, gate.upstream, context, request)
  exchange.client = verdict.principal?.client
  exchange.decision = verdict.decision
  return verdict
}

function logLearnt({ telemetry }: Gate, { learnt }: Attempts): void {
  for (const { bucket, region } of learnt) {
    telemetry.log.info(
      { bucket, region },
      'S3 says that the bucket is in another region; upstream.buckets can say so beforehand',
    )
  }
}

function internalError(cause: unknown): S3Error {
  return {
    code: 'InternalError',
    reason: 'internal-error',
    message: 'We encountered an internal error. Please try again.',
    source: 'internal',
    cause,
  }
}
