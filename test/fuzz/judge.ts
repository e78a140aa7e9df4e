import { METHODS } from 'node:http'
import { judgeArrival } from './judge-arrival.ts'
import type { ClientRequest } from './judge-origin.ts'
import { Origins } from './origins.ts'
import type { Arrival } from './recorder.ts'
import type { Observation } from './run-case.ts'
import { onlyValue, valuesOf, type WireAnswer, type WireRequest } from './wire-reading.ts'
import { CLIENTS, demandOf, UPSTREAM } from './world.ts'

/*
 * The oracle: what must hold whatever is sent. It knows no status and no reason that a request should
 * have; it knows what may reach S3, what a client may be told, and that each request has one answer.
 */

const SSE = 'x-amz-server-side-encryption'

/** What a case showed. */
export interface Judgement {
  /** What should never be; empty: all is well. */
  readonly faults: readonly string[]
  /** Requests that reached S3. */
  readonly passed: number
  /** Those of them that create an object, whose encryption was compared. */
  readonly uploads: number
}

/** Judges what a case showed. `nowMs`: the time when it was sent. */
export function judge(observation: Observation, nowMs: number): Judgement {
  const { arrivals } = observation
  const origins = new Origins(observation, nowMs)
  const faults: string[] = []
  let uploads = 0
  for (const arrival of arrivals) {
    faults.push(...judgeArrival(arrival), ...origins.judge(arrival))
    if (arrival.reading.kind === 'read' && arrival.reading.request.kind === 'upload') uploads++
  }
  faults.push(...judgeAnswers(observation), ...judgeSuccess(observation, origins))
  if (observation.neverEnded > 0) faults.push('a request never ends')
  return { faults, passed: arrivals.length, uploads }
}

const SECRETS = [
  UPSTREAM.secretAccessKey,
  ...CLIENTS.flatMap(({ secretAccessKey, sessionToken }) => [
    secretAccessKey,
    sessionToken ?? secretAccessKey,
  ]),
]

function judgeAnswers(observation: Observation): string[] {
  const { plan, client, answers, rest, isSilent } = observation
  const faults = judgeTold(observation)
  if (isSilent) faults.push('answers: silence')
  if (plan.vanishes) return faults
  const mayBreak = plan.mode === 'answers' || client.tail !== 'nothing'
  if (rest !== '' && !(rest === 'half a head' && mayBreak)) faults.push(`answers: ${rest}`)
  for (const answer of answers) faults.push(...judgeAnswer(answer, mayBreak))
  return [...faults, ...judgeCount(observation, mayBreak)]
}

/** Nothing that a client is told may be of use to it elsewhere. */
function judgeTold({ received, arrivals }: Observation): string[] {
  const text = received.toString('latin1')
  const faults = SECRETS.filter((secret) => text.includes(secret)).map(() => 'answers: a secret')
  for (const { request } of arrivals) {
    const authorization = onlyValue(request?.fields ?? [], 'authorization') ?? ''
    const signature = /Signature=([0-9a-f]{64})/.exec(authorization)?.[1]
    if (signature !== undefined && text.includes(signature)) {
      faults.push('answers: a signature of Sealgate')
    }
  }
  return faults
}

/** One answer each, in order; a connection that is closed may leave later requests without. */
function judgeCount({ plan, client, answers, isSilent }: Observation, mayBreak: boolean): string[] {
  const { requests, tail } = client
  const extra = tail === 'malformed' || tail === 'partial' ? 1 : 0
  if (answers.length > requests.length + extra) return ['answers: more than requests']
  if (isSilent || plan.mode === 'answers') return []
  if (answers.length === 0) {
    return requests[0]?.isWhole === true ? ['answers: none'] : []
  }
  const whole = requests.slice(0, readable(requests)).filter(({ isWhole }) => isWhole).length
  const closes = answers.some(
    ({ fields }) => valuesOf(fields, 'connection').join().toLowerCase() === 'close',
  )
  return answers.length < whole && !closes && !mayBreak ? ['answers: one is missing'] : []
}

/** Of the requests, those before one with a method that node:http takes for none: such bytes may end all. */
function readable(requests: readonly WireRequest[]): number {
  const first = requests.findIndex(({ method }) => !METHODS.includes(method))
  return first === -1 ? requests.length : first
}

function judgeAnswer({ status, fields, body, isWhole }: WireAnswer, mayBreak: boolean): string[] {
  const faults: string[] = []
  if (!isWhole && !mayBreak) faults.push(`answers: a ${status} that is not whole`)
  const reason = onlyValue(fields, 'x-sealgate-reason')
  if (reason === 'internal-error') faults.push('answers: internal-error')
  if (reason !== undefined && body.length > 0 && isWhole && !body.includes('<Code>') && !mayBreak) {
    faults.push(`answers: a refusal without a document (${reason})`)
  }
  return faults
}

/** A client that is told of success has its object stored under the policy. */
function judgeSuccess(observation: Observation, origins: Origins): string[] {
  return observation.answers.flatMap((answer, i) => {
    const { status } = answer
    if (status < 200 || (status > 299 && status !== 303)) return []
    const from = origins.requestAt(i)
    const arrivals = origins.arrivalsOf(i)
    if (from === undefined || arrivals.every(({ request }) => request?.isWhole !== true)) {
      return [`success: ${status}, and nothing reached S3`]
    }
    if (isLateError(answer, from)) return []
    return arrivals.some((arrival) => isConfirmed(arrival, from, observation, origins))
      ? []
      : [`success: ${status} to a ${from.reading.operation} that S3 did not confirm`]
  })
}

/** S3 says 200 to copies and completions before it knows, and may end with an error. */
function isLateError({ body }: WireAnswer, { reading }: ClientRequest): boolean {
  return /copy|complete/.test(reading.operation) && /<\/Error>\s*$/.test(body.toString('latin1'))
}

function isConfirmed(
  { answer }: Arrival,
  { reading, client }: ClientRequest,
  { plan }: Observation,
  origins: Origins,
): boolean {
  if (answer === undefined || answer.status < 200 || answer.status > 299) return false
  if (reading.kind !== 'upload' && reading.kind !== 'part') return true
  const demand = demandOf(client?.name ?? '', reading.bucket ?? '', reading.key)
  if (demand.kind !== 'encrypt') return true
  const algorithms = new Set(valuesOf(answer.fields, SSE))
  const keys = new Set(valuesOf(answer.fields, `${SSE}-aws-kms-key-id`))
  const isRight = (found: ReadonlySet<string>, wanted: string) =>
    found.size === 0 || (found.size === 1 && found.has(wanted))
  if (!isRight(algorithms, demand.algorithm) || !isRight(keys, demand.keyId)) return false
  if (algorithms.size === 1 && keys.size === 1) return true
  // A part is no object yet, and neither is an upload that has only begun.
  if (/\+part|\?uploads/.test(reading.operation)) return true
  return plan.lookUp === 'confirms' && origins.own.length > 0
}
