import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import {
  combinedValue,
  type HeaderList,
  headerListFromRaw,
  headerValue,
} from '../base/header-list.ts'
import { DownstreamBodyError } from '../body/downstream-body-error.ts'
import type { Client, ListenerConfig } from '../config/config.ts'
import type { Decision } from '../policy/decision.ts'
import type { Confirmation, ReadEncryption } from '../policy/expected-encryption.ts'
import type { S3Request } from '../request/read-request.ts'
import {
  CUSTOMER_ALGORITHM_HEADER,
  SSE_HEADER,
  SSE_KEY_ID_HEADER,
} from '../s3/encryption-headers.ts'
import type { S3Error } from '../s3/error.ts'
import type { AuditEncryption } from '../telemetry/audit-record.ts'
import type { RequestTrace, TracedStep } from '../telemetry/tracing.ts'
import type { Attempts } from '../upstream/attempts.ts'
import { Cancellation } from '../upstream/cancellation.ts'
import type { UpstreamFailureKind } from '../upstream/upstream-failure.ts'
import type { Admission } from './admission.ts'
import { cutWhereDestroyed } from './queued-answer.ts'
import type { RequestBody } from './request-body.ts'

/**
 * How the exchange ended, for the record. Whoever ends it says so, and the first one counts: `refuse`;
 * the relay, where S3's answer breaks off (`aborted` by upstream); and the exchange itself when the
 * client's side closes, with the whole answer (`relayed`) or without it (`aborted` by downstream).
 */
export type Ending =
  | { readonly kind: 'open' }
  | { readonly kind: 'relayed' }
  | { readonly kind: 'refused'; readonly error: S3Error }
  | { readonly kind: 'aborted'; readonly by: 'downstream' | 'upstream'; readonly cause: string }

/**
 * One request of a client's and its answer: the sockets' side of it, and what the steps of the road
 * found out on the way. The steps write here what only the record needs; what a later step needs is
 * handed on as a value.
 */
export class Exchange {
  readonly listener: ListenerConfig
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly headers: HeaderList
  /** The target in origin-form, as received. */
  readonly rawTarget: string
  /** The host names that this request may be for. */
  readonly hosts: readonly string[]
  /** Set for requests through an egress listener. */
  readonly admission: Admission | undefined
  readonly requestId: string
  readonly hostId: string
  /** Milliseconds since the epoch, read once. */
  readonly startedAtMs: number
  /** performance.now() at the same moment. */
  readonly startedAt: number
  /** Aborts what is under way towards S3 if the client disconnects. */
  readonly cancellation = new Cancellation()
  /** The client sent `Expect: 100-continue` and waits. */
  readonly expectsContinue: boolean

  /** Its place among the exchanges under way. */
  slot = -1
  trace: RequestTrace | undefined
  parsed: S3Request | undefined
  client: Client | undefined
  decision: Decision | undefined
  confirmation: Confirmation | undefined
  confirmedEncryption: AuditEncryption | undefined
  readEncryption: ReadEncryption | undefined
  upstreamStatus: number | undefined
  upstreamRequestId: string | undefined
  upstreamMs: number | undefined
  /** Why attempts to reach S3 failed, those that were repeated included. */
  upstreamFailures: readonly UpstreamFailureKind[] | undefined
  versionId: string | undefined
  requestBytes = 0
  responseBytes = 0
  status = 0
  ending: Ending = { kind: 'open' }
  /** The client's body, where it is streamed. */
  body: RequestBody | undefined
  /** The 100 has gone out. */
  continued = false

  /** The peer's address as the socket has it; never a header's word for it. */
  readonly sourceIp: string | undefined
  #isClosed = false
  #closed: () => void = () => undefined

  constructor(
    listener: ListenerConfig,
    request: IncomingMessage,
    response: ServerResponse,
    ids: { readonly requestId: string; readonly hostId: string },
    expectsContinue: boolean,
    admission?: Admission,
  ) {
    this.listener = listener
    this.request = request
    this.response = response
    this.admission = admission
    this.rawTarget = admission?.rawTarget ?? request.url ?? ''
    this.hosts = admission?.hosts ?? listener.hosts
    this.sourceIp = request.socket.remoteAddress
    this.headers = headerListFromRaw(request.rawHeaders)
    this.requestId = ids.requestId
    this.hostId = ids.hostId
    this.startedAtMs = Date.now()
    this.startedAt = performance.now()
    this.expectsContinue = expectsContinue
    response.once('close', this.#onClose)
    // It waits behind another answer (pipelining): node:http tells it nothing of the socket's end.
    if (response.socket === null) {
      request.socket.setMaxListeners(0)
      request.socket.once('close', this.#onClose)
      cutWhereDestroyed(response)
    }
  }

  /** Does the work as a step that is traced, where requests are. */
  traced<T>(step: TracedStep, work: () => T): T {
    return this.trace === undefined ? work() : this.trace.within(step, work)
  }

  /** What became of the attempts to send the request to S3. */
  noteAttempts({ head, headMs, failures }: Attempts): void {
    this.noteUpstreamFailures(failures)
    if (head === undefined) return
    this.upstreamMs = headMs
    this.upstreamStatus = head.status
    this.upstreamRequestId = headerValue(head.headers, 'x-amz-request-id')
    this.versionId = headerValue(head.headers, 'x-amz-version-id')
  }

  noteUpstreamFailures(kinds: readonly UpstreamFailureKind[]): void {
    if (kinds.length > 0) this.upstreamFailures = [...(this.upstreamFailures ?? []), ...kinds]
  }

  /** What S3 says of the encryption, and whether it is what the policy expects. */
  noteConfirmation(confirmation: Confirmation, answer: HeaderList): void {
    this.confirmation = confirmation
    this.confirmedEncryption = encryptionOf(answer)
  }

  /** What S3 says of the encryption of an object that is read. */
  noteRead(encryption: ReadEncryption, answer: HeaderList): void {
    this.readEncryption = encryption
    this.confirmedEncryption = encryptionOf(answer)
  }

  /** Lets a client that waits for it send its body; goes out after authentication and policy. */
  sendContinue(): void {
    if (!this.expectsContinue || this.continued || this.response.headersSent) return
    this.continued = true
    this.response.writeContinue()
  }

  /** Called when the client's side is over: the answer has gone out whole, or never will. */
  whenClosed(callback: () => void): void {
    if (this.#isClosed) callback()
    else this.#closed = callback
  }

  readonly #onClose = (): void => {
    if (this.#isClosed) return
    this.#isClosed = true
    this.request.socket.off('close', this.#onClose)
    const isWhole = this.response.writableFinished
    // Before the upstream is cut, whose failure would otherwise look like its own.
    if (this.ending.kind === 'open') {
      this.ending = isWhole
        ? { kind: 'relayed' }
        : { kind: 'aborted', by: 'downstream', cause: closeCause(this.request.socket) }
    }
    if (!isWhole) this.cancellation.abort(new DownstreamBodyError('aborted'))
    this.#closed()
  }
}

/** A failure that is no reset of the client's is told apart: of TLS, or of node:http's own parser. */
function closeCause({ errored }: Socket): string {
  const code = errored !== null && 'code' in errored ? String(errored.code) : 'ECONNRESET'
  return code === 'ECONNRESET' || code === 'EPIPE'
    ? 'the client went away'
    : `the connection failed: ${code}`
}

/** The encryption that an answer's headers tell of; undefined where they are silent. */
function encryptionOf(headers: HeaderList): AuditEncryption | undefined {
  const algorithm = combinedValue(headers, SSE_HEADER)
  if (algorithm === undefined) {
    const customer = headerValue(headers, CUSTOMER_ALGORITHM_HEADER)
    return customer === undefined ? undefined : { algorithm: 'SSE-C' }
  }
  const keyId = combinedValue(headers, SSE_KEY_ID_HEADER)
  return keyId === undefined ? { algorithm } : { algorithm, keyId }
}
