import fc from 'fast-check'
import { headerValue } from '../../src/base/header-list.ts'
import { parseFormBoundary } from '../../src/body/form-boundary.ts'
import { FormHeadReader } from '../../src/body/form-head-reader.ts'
import { type ExplainedRequest, explainRequest } from '../../src/cli/explain-request.ts'
import { factsOf } from '../../src/cli/explanation-facts.ts'
import { headOf } from '../support/chunked-request.ts'
import { errorCodeOf, RawConnection } from '../support/raw-http.ts'
import type { Rig } from '../support/rig.ts'
import { type Case, casesOf, type Mode, nameOf } from './cases.ts'
import type { Wire } from './draft.ts'
import type { Sites } from './sites.ts'

/** What came of a run. */
export interface Agreement {
  readonly allowed: number
  readonly refused: ReadonlyMap<string, number>
  readonly disagreements: readonly string[]
}

/** Requests under way at once. */
const AT_ONCE = 8

/**
 * Draws requests and asks both: `explain`, and the running proxy over a socket. Status, S3 code and
 * reason must be the same.
 */
export async function runAgreement(
  sites: Sites,
  mode: Mode,
  count: number,
  seed: number,
): Promise<Agreement> {
  const cases = fc.sample(casesOf(mode), { numRuns: count, seed })
  const refused = new Map<string, number>()
  const disagreements: string[] = []
  let allowed = 0
  let next = 0
  const work = async (): Promise<void> => {
    for (let drawn = cases[next++]; drawn !== undefined; drawn = cases[next++]) {
      const { explained, answered } = await ask(sites.rigs[drawn.site], drawn)
      if (explained !== answered) {
        disagreements.push(`${nameOf(drawn)}\n  explain: ${explained}\n  proxy:   ${answered}`)
      }
      if (answered === ALLOWED) allowed++
      else refused.set(answered, (refused.get(answered) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return { allowed, refused, disagreements }
}

const ALLOWED = 'allow'
const MALFORMED_DOCUMENT = '400 MalformedXML (xml-malformed)'
const UNEXPECTED_BODY = '400 InvalidRequest (unexpected-body)'

async function ask(rig: Rig, drawn: Case): Promise<{ explained: string; answered: string }> {
  const wire = drawn.build(rig.port)
  const explained = explain(rig, wire)
  const answered = await answer(rig, wire)
  return { explained: isOfBodyAlone(wire, explained, answered) ? answered : explained, answered }
}

/**
 * `explain` reads the head, which does not tell that chunks hold a body where there must be none, nor that a
 * document that a guard judges is none.
 */
function isOfBodyAlone({ fields }: Wire, explained: string, answered: string): boolean {
  if (explained === ALLOWED && answered === MALFORMED_DOCUMENT) return true
  const isChunked = fields.some(([name]) => name.toLowerCase() === 'transfer-encoding')
  return isChunked && explained === ALLOWED && answered === UNEXPECTED_BODY
}

function explain({ config }: Rig, { method, target, fields, body }: Wire): string {
  const headers = fields.flatMap(([name, value]) => [name.toLowerCase(), value.trim()])
  const asked = { method, rawTarget: target, headers, isTls: false, form: readForm(headers, body) }
  const settings = { nowMs: Date.now(), hasSecrets: true }
  const { asItStands, verdict, ...rest } = explainRequest(config, asked, settings)
  const real = { ...rest, verdict: asItStands ?? verdict, asItStands: undefined }
  const { answer } = factsOf(real)
  if (answer === undefined) return ALLOWED
  // An answer to HEAD has no document.
  const code = method === 'HEAD' ? undefined : answer.code
  return describe(answer.status, code, answer.reason)
}

function readForm(headers: readonly string[], body: Buffer): ExplainedRequest['form'] {
  const boundary = parseFormBoundary(headerValue(headers, 'content-type'))
  if (!boundary.ok) return undefined
  const read = new FormHeadReader(boundary.value).push(body)
  if (!read.ok) return read
  return read.value === undefined ? undefined : { ok: true, value: read.value }
}

async function answer({ port }: Rig, { method, target, fields, body }: Wire): Promise<string> {
  const head = headOf(method, target, [...fields, ['Connection', 'close']])
  const connection = new RawConnection(port).write(head).write(body)
  const received = await connection.answer()
  connection.destroy()
  const reason = received.headers.get('x-sealgate-reason')
  const { status = 0 } = received
  if (reason === undefined && status >= 200 && status < 400) return ALLOWED
  return describe(status, errorCodeOf(received), reason)
}

function describe(status: number, code: string | undefined, reason: string | undefined): string {
  return `${status} ${code ?? '-'} (${reason ?? '-'})`
}
