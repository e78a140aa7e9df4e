import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type HeaderList, headerListFromRaw } from '../base/header-list.ts'
import { DownstreamBodyError } from '../body/downstream-body-error.ts'
import type { ListenerConfig } from '../config/config.ts'
import type { S3Error } from '../s3/error.ts'
import { Cancellation } from '../upstream/cancellation.ts'
import type { BandwidthShare } from './client-limits.ts'
import type { EgressIdentity } from './egress-identity.ts'
import { cutWhereDestroyed } from './queued-answer.ts'
import { RequestBody } from './request-body.ts'
import { sourceAddress } from './source-address.ts'

/**
 * How the exchange ended, for the record. Set once, by whichever side ends the exchange first:
 * `refuse`; the relay, if S3's answer breaks off (`aborted` by upstream); or the exchange itself
 * when the client's side closes, with the complete answer (`relayed`) or without it (`aborted` by
 * downstream).
 */
export type Ending =
  | { readonly kind: 'open' }
  | { readonly kind: 'relayed' }
  | { readonly kind: 'refused'; readonly error: S3Error }
  | { readonly kind: 'aborted'; readonly by: 'downstream' | 'upstream'; readonly cause: string }

/**
 * One request of a client and its answer: the sockets, and the bytes that have passed over them.
 * The facts of the request are in its journal.
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
  readonly egressIdentity: EgressIdentity | undefined
  readonly requestId: string
  readonly hostId: string
  /** Milliseconds since the epoch, read once. */
  readonly startedAtMs: number
  /** performance.now() at the same moment. */
  readonly startedAt: number
  /** Aborts everything that runs towards S3 if the client disconnects. */
  readonly cancellation = new Cancellation()
  /** Whether the client sent `Expect: 100-continue` and waits. */
  readonly expectsContinue: boolean

  /** The client's address; taken from a header only if a trusted network sent it. */
  readonly sourceIp: string | undefined
  #share: BandwidthShare | undefined
  #body: RequestBody | undefined
  #collectedBytes = 0
  #hasContinued = false
  #status = 0
  #responseBytes = 0
  #ending: Ending = { kind: 'open' }
  #isClosed = false
  readonly #whenClosed: (() => void)[] = []

  constructor(
    listener: ListenerConfig,
    request: IncomingMessage,
    response: ServerResponse,
    ids: { readonly requestId: string; readonly hostId: string },
    expectsContinue: boolean,
    egressIdentity?: EgressIdentity,
  ) {
    this.listener = listener
    this.request = request
    this.response = response
    this.egressIdentity = egressIdentity
    this.rawTarget = egressIdentity?.rawTarget ?? request.url ?? ''
    this.hosts = egressIdentity?.hosts ?? listener.hosts
    this.headers = egressIdentity?.headers ?? headerListFromRaw(request.rawHeaders)
    this.sourceIp = sourceAddress(listener, request.socket, this.headers)
    this.requestId = ids.requestId
    this.hostId = ids.hostId
    this.startedAtMs = Date.now()
    this.startedAt = performance.now()
    this.expectsContinue = expectsContinue
    response.once('close', this.#onClose)
    // The answer waits behind another one (pipelining): node:http does not report the socket's end
    // to it.
    if (response.socket === null) {
      request.socket.setMaxListeners(0)
      request.socket.once('close', this.#onClose)
      cutWhereDestroyed(response)
    }
  }

  get ending(): Ending {
    return this.#ending
  }

  /** 0 if no answer has begun. */
  get status(): number {
    return this.#status
  }

  /** The client's body, if it is streamed. */
  get body(): RequestBody | undefined {
    return this.#body
  }

  get requestBytes(): number {
    return this.#body?.bytes ?? this.#collectedBytes
  }

  get responseBytes(): number {
    return this.#responseBytes
  }

  /** Whether a 100 has been sent. */
  get hasContinued(): boolean {
    return this.#hasContinued
  }

  /** Whether the client's side is over. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Sends 100 Continue if the client waits for it; called after authentication and policy. */
  sendContinue(): void {
    if (!this.expectsContinue || this.#hasContinued || this.response.headersSent) return
    this.#hasContinued = true
    this.response.writeContinue()
  }

  /** The client's body as a stream. */
  openBody(idleMs: number): RequestBody {
    const body = new RequestBody(this.request, idleMs)
    this.#body = body
    if (this.#share !== undefined) body.pace(this.#share.request)
    return body
  }

  /** From now on both bodies keep to the client's bandwidth. */
  limitBandwidth(share: BandwidthShare): void {
    this.#share = share
    this.#body?.pace(share.request)
    // Nothing that waits for its turn outlives the client.
    this.whenClosed(() => share.close())
  }

  /** What both bodies share with other requests of the client; undefined: no limit. */
  get share(): BandwidthShare | undefined {
    return this.#share
  }

  /** Counts the bytes of a collected body. */
  countCollected(bytes: number): void {
    this.#collectedBytes = bytes
  }

  beginAnswer(status: number): void {
    this.#status = status
  }

  countAnswered(bytes: number): void {
    this.#responseBytes += bytes
  }

  /** Only the first ending counts. */
  end(ending: Ending): void {
    if (this.#ending.kind === 'open') this.#ending = ending
  }

  /**
   * Calls back when the client's side is over: the answer was sent completely, or never will be.
   */
  whenClosed(callback: () => void): void {
    if (this.#isClosed) callback()
    else this.#whenClosed.push(callback)
  }

  readonly #onClose = (): void => {
    if (this.#isClosed) return
    this.#isClosed = true
    this.request.socket.off('close', this.#onClose)
    const isWhole = this.response.writableFinished
    // Before the upstream is aborted, whose failure would otherwise look like its own.
    if (isWhole) this.end({ kind: 'relayed' })
    else this.end({ kind: 'aborted', by: 'downstream', cause: closeCause(this.request.socket) })
    if (!isWhole) this.cancellation.abort(new DownstreamBodyError('aborted'))
    for (const callback of this.#whenClosed) callback()
  }
}

/** Distinguishes other failures (of TLS, or of node:http's own parser) from a disconnect. */
function closeCause({ errored }: Socket): string {
  const code = errored !== null && 'code' in errored ? String(errored.code) : 'ECONNRESET'
  return code === 'ECONNRESET' || code === 'EPIPE'
    ? 'the client disconnected'
    : `the connection failed: ${code}`
}
