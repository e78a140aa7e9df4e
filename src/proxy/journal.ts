import { type HeaderList, headerValue } from '../base/header-list.ts'
import type { Client } from '../config/config.ts'
import type { Decision } from '../policy/decision.ts'
import type { Verdict } from '../request/judge.ts'
import type { S3Request } from '../request/read-request.ts'
import type { RequestTrace, TracedStep } from '../telemetry/tracing.ts'
import type { Attempts } from '../upstream/attempts.ts'
import type { DocumentTap } from '../upstream/document-tap.ts'
import type { UpstreamFailureKind } from '../upstream/upstream-failure.ts'
import { type AnswerFacts, NO_FACTS, readFacts } from './answer-facts.ts'
import { type Findings, NOTHING_FOUND } from './confirm.ts'
import { type Deletion, readOutcome } from './deletion-outcome.ts'

const NO_FAILURES: readonly UpstreamFailureKind[] = []

/**
 * The facts of one request, for the record. The road alone writes here, what the steps return; what a
 * later step needs is handed on as a value.
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

  constructor(trace: RequestTrace | undefined) {
    this.trace = trace
  }

  /** Undefined if the request could not be read. */
  get request(): S3Request | undefined {
    return this.#request
  }

  /** Undefined if nobody was identified. */
  get client(): Client | undefined {
    return this.#verdict?.principal?.client
  }

  /** Undefined if the policy was not asked. */
  get decision(): Decision | undefined {
    return this.#verdict?.decision
  }

  /** What a head confirmed before the document said that nothing was done is no confirmation. */
  get findings(): Findings {
    return this.facts.isLateError ? NOTHING_FOUND : this.#findings
  }

  /** Undefined if nothing was sent. */
  get attempts(): Attempts | undefined {
    return this.#attempts
  }

  /** Why attempts to reach S3 failed: those that were repeated and those of our own questions too. */
  get failures(): readonly UpstreamFailureKind[] {
    const sent = this.#attempts?.failures
    return sent === undefined ? this.#questionFailures : [...sent, ...this.#questionFailures]
  }

  /** What the document of S3's answer says, as far as it was looked at. */
  get facts(): AnswerFacts {
    if (this.#facts !== undefined) return this.#facts
    const document = this.#tap?.document()
    if (document === undefined) return NO_FACTS
    this.#facts = readFacts(document, this.#attempts?.head?.status ?? 0)
    return this.#facts
  }

  /** Undefined if the list of what is to be deleted was not held, or nothing was sent. */
  get deletion(): Deletion | undefined {
    const list = this.#attempts === undefined ? undefined : this.#deletionList
    if (list === undefined) return undefined
    const status = this.#attempts?.head?.status ?? 0
    const error = status < 400 ? undefined : (this.facts.errorCode ?? String(status))
    return readOutcome(list, this.#tap?.document(), error)
  }

  /** A field of the head of S3's answer. */
  answered(name: string): string | undefined {
    const headers: HeaderList | undefined = this.#attempts?.head?.headers
    return headers === undefined ? undefined : headerValue(headers, name)
  }

  /** A form is read twice: its head, and its fields. */
  noteRequest(request: S3Request): void {
    this.#request = request
  }

  noteVerdict(verdict: Verdict): void {
    this.#verdict = verdict
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

  /** Failures of our own questions. */
  noteFailures(kinds: readonly UpstreamFailureKind[]): void {
    if (kinds.length > 0) this.#questionFailures = [...this.#questionFailures, ...kinds]
  }

  /** Does the work as a step that is traced, if requests are. */
  traced<T>(step: TracedStep, work: () => T): T {
    return this.trace === undefined ? work() : this.trace.within(step, work)
  }
}
