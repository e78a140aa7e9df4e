import type { Client } from '../config/config.ts'
import type { Generation } from '../proxy/generation.ts'
import { recordPassage } from '../proxy/record.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import type { ExchangeIds } from '../service/listener-host.ts'

/** What is known of a passage when it begins. */
interface PassageStart {
  readonly generation: Generation
  readonly ids: ExchangeIds
  /** `host:port` as asked for; undefined: it could not be read. */
  readonly host: string | undefined
  readonly sourceIp: string | undefined
}

/** How a passage ended. */
interface PassageEnd {
  /** Status that the client got; 0: none went out. */
  readonly status: number
  /** `egress-tunnel`, `egress-request`, `egress-upgrade`; of a refusal, the error's reason. */
  readonly reason: string
  /** Set: refused. */
  readonly error?: S3Error
  readonly requestBytes?: number
  readonly responseBytes?: number
}

/**
 * Something that goes through an egress listener and is no request to S3: a request to another host,
 * a tunnel, or an attempt at one. Counted and audited like a request, with no operation.
 */
export class Passage {
  readonly generation: Generation
  readonly ids: ExchangeIds
  readonly sourceIp: string | undefined
  client: Client | undefined
  readonly #host: string | undefined
  #isOver = false
  #leave: (() => void) | undefined
  readonly #startedAtMs = Date.now()
  readonly #startedAt = performance.now()

  constructor({ generation, ids, host, sourceIp }: PassageStart) {
    this.generation = generation
    this.ids = ids
    this.sourceIp = sourceIp
    this.#host = host
    generation.telemetry.metrics.requestStarted()
  }

  /** Counts it in for its client; gives why it is not taken on, where it is not. */
  enter(): S3Error | undefined {
    const { client, generation } = this
    const refused = generation.refusedEntry()
    if (refused !== undefined || client === undefined) return refused
    this.#leave = generation.enterClient(client)
    return this.#leave === undefined ? refusal('too-many-requests') : undefined
  }

  /** Writes what became of it, once. */
  end({ status, reason, error, requestBytes = 0, responseBytes = 0 }: PassageEnd): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#leave?.()
    recordPassage(this.generation, {
      requestId: this.ids.requestId,
      host: this.#host,
      sourceIp: this.sourceIp,
      client: this.client?.name,
      startedAtMs: this.#startedAtMs,
      durationMs: performance.now() - this.#startedAt,
      status,
      reason,
      error,
      requestBytes,
      responseBytes,
    })
  }
}
