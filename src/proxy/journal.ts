import { type HeaderList, headerValue } from '../base/header-list.ts'
import type { Client } from '../config/config.ts'
import type { Decision } from '../policy/decision.ts'
import type { GuardName } from '../policy/guards.ts'
import type { Verdict } from '../request/judge.ts'
import type { S3Request } from '../request/read-request.ts'
import type { S3Error } from '../s3/error.ts'
import type { SessionFacts } from '../s3/session-facts.ts'
import type { RequestTrace, TracedStep } from '../telemetry/tracing.ts'
import type { Attempts } from '../upstream/attempts.ts'
import type { DocumentTap } from '../upstream/document-tap.ts'
import type { UpstreamFailureKind } from '../upstream/upstream-failure.ts'
import { type AnswerFacts, NO_FACTS, readFacts } from './answer-facts.ts'
import { type Findings, NOTHING_FOUND } from './confirm.ts'
import { type Deletion, readOutcome } from './deletion-outcome.ts'

const NO_FAILURES: readonly UpstreamFailureKind[] = []
const NO_GUARDS: readonly GuardName[] = []

/**
 * The facts of one request, for the record. Only `handle-request` writes here, from the results of
 * the steps; a later step gets its inputs as values.
 */
export class Journal {
  readonly trace: RequestTrace | undefined
  #request: S3Request | undefined
  #verdict: Verdict | undefined
  #findings = NOTHING_FOUND
  #attempts: Attempts | undefined
  #tap: DocumentTap | undefined
  #facts: AnswerFacts | undefined
  #deletionList: Buffer | undefined
  #questionFailures = NO_FAILURES
  #wouldRefuse: S3Error | undefined

  constructor(trace: RequestTrace | undefined) {
    this.trace = trace
  }

  /** Undefined if the request could not be parsed. */
  get request(): S3Request | undefined {
    return this.#request
  }

  /** Undefined if no client was identified. */
  get client(): Client | undefined {
    return this.#verdict?.principal?.client
  }

  /** Undefined unless the client signed with session keys. */
  get session(): SessionFacts | undefined {
    return this.#verdict?.principal?.session
  }

  /** Undefined if the policy was not evaluated. */
  get decision(): Decision | undefined {
    return this.#verdict?.decision
  }

  /** Mode `observe`: the refusal that `enforce` would give, for the head or for the body. */
  get wouldRefuse(): S3Error | undefined {
    const { decision } = this
    const observed = decision?.kind === 'allow' ? decision.observed : undefined
    return observed?.kind === 'deny' ? observed.error : this.#wouldRefuse
  }

  /** The guards that judged the request; in mode `observe`, that would judge it. */
  get guards(): readonly GuardName[] {
    const { decision } = this
    const judged = decision?.kind === 'allow' ? (decision.observed ?? decision) : decision
    if (judged === undefined) return NO_GUARDS
    return judged.kind === 'allow'
      ? (judged.obligation.guards?.names ?? NO_GUARDS)
      : (judged.guards ?? NO_GUARDS)
  }

  /** If the document reports a late error, the confirmation in the head does not count. */
  get findings(): Findings {
    return this.facts.isLateError ? NOTHING_FOUND : this.#findings
  }

  /** Undefined if nothing was sent. */
  get attempts(): Attempts | undefined {
    return this.#attempts
  }

  /** Why attempts to reach S3 failed, including repeated ones and those of our own requests. */
  get failures(): readonly UpstreamFailureKind[] {
    const sent = this.#attempts?.failures ?? NO_FAILURES
    return this.#questionFailures.length === 0 ? sent : [...sent, ...this.#questionFailures]
  }

  /** The facts in the document of S3's answer, if it was inspected. */
  get facts(): AnswerFacts {
    if (this.#facts !== undefined) return this.#facts
    const document = this.#tap?.document()
    if (document === undefined) return NO_FACTS
    this.#facts = readFacts(document, this.#attempts?.head?.status ?? 0)
    return this.#facts
  }

  /** Undefined if the list of objects to delete was not held, or nothing was sent. */
  get deletion(): Deletion | undefined {
    const list = this.#attempts === undefined ? undefined : this.#deletionList
    if (list === undefined) return undefined
    const status = this.#attempts?.head?.status ?? 0
    const error = status < 400 ? undefined : (this.facts.errorCode ?? String(status))
    return readOutcome(list, this.#tap?.document(), error)
  }

  /** Returns a field of the head of S3's answer. */
  answered(name: string): string | undefined {
    const headers: HeaderList | undefined = this.#attempts?.head?.headers
    return headers === undefined ? undefined : headerValue(headers, name)
  }

  /** Called twice for a form: for its head, and for its fields. */
  noteRequest(request: S3Request): void {
    this.#request = request
  }

  noteVerdict(verdict: Verdict): void {
    this.#verdict = verdict
  }

  /** What mode `observe` found in the body. */
  noteWouldRefuse(error: S3Error | undefined): void {
    this.#wouldRefuse = error
  }

  noteAttempts(attempts: Attempts): void {
    this.#attempts = attempts
  }

  /** What is to be deleted, in S3's XML. */
  noteDeletionList(list: Buffer): void {
    this.#deletionList = list
  }

  noteTap(tap: DocumentTap): void {
    this.#tap = tap
  }

  noteFindings(findings: Findings): void {
    this.#findings = findings
    this.noteFailures(findings.failures)
  }

  /** Records failures of our own requests. */
  noteFailures(kinds: readonly UpstreamFailureKind[]): void {
    if (kinds.length > 0) this.#questionFailures = [...this.#questionFailures, ...kinds]
  }

  /** Runs the work as a traced step, if requests are traced. */
  traced<T>(step: TracedStep, work: () => T): T {
    return this.trace === undefined ? work() : this.trace.within(step, work)
  }
}
