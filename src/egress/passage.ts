import type { IncomingMessage } from 'node:http'
import type { Client } from '../config/config.ts'
import type { Generation } from '../proxy/generation.ts'
import { recordPassage } from '../proxy/record.ts'
import { parseAbsoluteTarget } from '../s3/absolute-target.ts'
import type { S3Error } from '../s3/error.ts'
import type { ExchangeIds } from '../service/listener-host.ts'
import type { EgressParts } from './route.ts'
import { parseConnectTarget } from './target.ts'

/** The facts about a passage when it begins. */
interface PassageStart {
  readonly generation: Generation
  readonly ids: ExchangeIds
  /** `host:port` as requested; undefined if it could not be parsed. */
  readonly host: string | undefined
  readonly sourceIp: string | undefined
}

/** How a passage ended. */
interface PassageEnd {
  /** Status that the client got; 0 if none was sent. */
  readonly status: number
  /** `egress-tunnel`, `egress-request`, `egress-upgrade`; for a refusal, the error's reason. */
  readonly reason: string
  /** Set if it was refused. */
  readonly error?: S3Error
  readonly requestBytes?: number
  readonly responseBytes?: number
}

/**
 * Traffic through an egress listener that is not a request to S3: a request to another host, a
 * tunnel, or an attempt at one. Counted and recorded like a request, without an operation.
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

  /** Counts it for its client; returns the refusal if there are too many. */
  enter(): S3Error | undefined {
    const { client, generation } = this
    const refused = generation.refusedEntry()
    if (refused !== undefined || client === undefined) return refused
    const entered = generation.enterClient(client, false)
    if (!entered.ok) return entered.error
    this.#leave = entered.value.leave
    return undefined
  }

  /** Records its end, once. */
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

/** Starts the record of traffic that is not a request to S3. */
export function openPassage({ listenerHost }: EgressParts, request: IncomingMessage): Passage {
  return new Passage({
    generation: listenerHost.generation(),
    ids: listenerHost.nextIds(),
    host: hostOf(request),
    sourceIp: request.socket.remoteAddress,
  })
}

function hostOf({ method, url = '' }: IncomingMessage): string | undefined {
  const authority = method === 'CONNECT' ? parseConnectTarget(url) : parseAbsoluteTarget(url)
  return authority === undefined ? undefined : `${authority.hostname}:${authority.port}`
}
