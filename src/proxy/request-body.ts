import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { Flow } from '../base/fair-pacer.ts'
import { DownstreamBodyError } from '../body/downstream-body-error.ts'
import { collectEvery8MiB } from './collect-garbage.ts'

/**
 * The client's body as a stream that can be destroyed without the client's socket, so that a
 * refusal can still be sent after the upstream has failed. Fails with `DownstreamBodyError` if
 * nothing arrives for `idleMs`, or if the client disconnects.
 */
export class RequestBody extends Readable {
  /** Bytes received so far. */
  bytes = 0
  readonly #request: IncomingMessage
  readonly #idle: NodeJS.Timeout
  #flow: Flow | undefined
  /** A chunk that the flow does not let pass yet. */
  #held: Buffer | undefined

  constructor(request: IncomingMessage, idleMs: number) {
    super({ highWaterMark: 64 * 1024 })
    // While the request waits for a connection there is no reader and no other listener, and a
    // disconnect must not end the process. A later reader sees that it is destroyed.
    this.on('error', () => undefined)
    this.#request = request
    this.#idle = setTimeout(this.#onIdle, idleMs)
    request.on('data', this.#onData)
    request.on('end', this.#onEnd)
    request.on('close', this.#onClose)
    request.on('error', this.#onError)
    request.pause()
  }

  /** From now on bytes pass when the flow lets them; meanwhile the client is paused. */
  pace(flow: Flow): void {
    this.#flow = flow
  }

  /** While we apply back-pressure, silence is our own, not the client's. */
  readonly #onIdle = (): void => {
    if (this.#request.isPaused()) this.#idle.refresh()
    else this.destroy(new DownstreamBodyError('idle'))
  }

  readonly #onData = (chunk: Buffer): void => {
    this.bytes += chunk.length
    collectEvery8MiB(chunk.length)
    this.#idle.refresh()
    if (this.#flow === undefined || this.#flow.take(chunk.length, this.#onGranted)) {
      if (!this.push(chunk)) this.#request.pause()
      return
    }
    this.#held = chunk
    this.#request.pause()
  }

  readonly #onGranted = (): void => {
    const chunk = this.#held
    this.#held = undefined
    if (chunk !== undefined && this.push(chunk)) this._read()
  }

  readonly #onEnd = (): void => {
    this.#release()
    this.push(null)
  }

  readonly #onClose = (): void => {
    if (!this.#request.complete) this.destroy(new DownstreamBodyError('aborted'))
  }

  /** The framing is broken, or the connection is. */
  readonly #onError = (error: Error): void => {
    if (error instanceof DownstreamBodyError) this.destroy(error)
    else this.#onClose()
  }

  override _read(): void {
    if (this.#held !== undefined) return
    this.#idle.refresh()
    this.#request.resume()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#release()
    callback(error)
  }

  #release(): void {
    clearTimeout(this.#idle)
    this.#request.off('data', this.#onData)
    this.#request.off('end', this.#onEnd)
    this.#request.off('close', this.#onClose)
    // The listener for 'error' stays: an aborted request emits it one tick after it checks for
    // listeners, and without one it would end the process.
  }
}
