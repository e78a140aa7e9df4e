import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SocketAddress } from '../config/config.ts'
import { toListenOptions } from '../config/socket-address.ts'
import type { MetricValues } from '../telemetry/merge-metrics.ts'
import { CoverageHistory, SLOT_MS } from './coverage-history.ts'
import type { ReadinessReport } from './readiness.ts'
import { readStatus, readWrites } from './status-facts.ts'
import { STATUS_PAGE_POLICY, statusPage } from './status-page.ts'

/** The source of the admin answers: one process, or one for all workers. */
export interface AdminSource {
  /** Whether the listeners are open. */
  readonly isStarted: boolean
  /** The text of a scrape. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>
  /** The same as values. */
  metricValues(): Promise<readonly MetricValues[]>
  readiness(): Promise<ReadinessReport>
}

/**
 * The operator's listener: `/metrics` for Prometheus, `/livez` and `/readyz` for Kubernetes, and `/` for
 * people.
 */
export class AdminServer {
  readonly #source: AdminSource
  readonly #server: Server
  readonly #history = new CoverageHistory()
  readonly #slotMs: number
  #slots: NodeJS.Timeout | undefined

  /** `slotMs`: length of a slot of the strip on the start page. */
  constructor(source: AdminSource, slotMs = SLOT_MS) {
    this.#source = source
    this.#slotMs = slotMs
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy())
    })
  }

  /** Binds; returns the port. */
  listen(address: SocketAddress): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(toListenOptions(address), () => {
        this.#server.off('error', reject)
        this.#slots = setInterval(() => this.#endSlot(), this.#slotMs).unref()
        resolve((this.#server.address() as AddressInfo).port)
      })
    })
  }

  /** Closes all connections at once; admin answers are not worth waiting for. */
  close(): Promise<void> {
    clearInterval(this.#slots)
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  /** What cannot be had now is in the next slot. */
  #endSlot(): void {
    this.#source.metricValues().then(
      (values) => this.#history.mark(readWrites(values)),
      () => undefined,
    )
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const source = this.#source
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      send(response, 405, 'text/plain', 'method not allowed\n')
      return
    }
    const [path] = (request.url ?? '').split('?')
    switch (path) {
      case '/':
        return this.#showStatus(response)
      case '/metrics': {
        const { contentType, text } = await source.metrics()
        return send(response, 200, contentType, text)
      }
      case '/livez':
        return source.isStarted
          ? send(response, 200, 'text/plain', 'ok\n')
          : send(response, 503, 'text/plain', 'starting\n')
      case '/readyz': {
        const report = await source.readiness()
        const text = `${JSON.stringify(report, undefined, 2)}\n`
        return send(response, report.ready ? 200 : 503, 'application/json', text)
      }
      default:
        return send(response, 404, 'text/plain', 'see /, /metrics, /livez, /readyz\n')
    }
  }

  async #showStatus(response: ServerResponse): Promise<void> {
    const [values, readiness] = await Promise.all([
      this.#source.metricValues(),
      this.#source.readiness(),
    ])
    const slots = this.#history.slots(readWrites(values))
    response.setHeader('content-security-policy', STATUS_PAGE_POLICY)
    response.setHeader('x-content-type-options', 'nosniff')
    response.setHeader('referrer-policy', 'no-referrer')
    response.setHeader('cache-control', 'no-store')
    const page = statusPage(readStatus(values, readiness, slots))
    send(response, 200, 'text/html; charset=utf-8', page)
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
