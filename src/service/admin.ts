import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SocketAddress } from '../config/config.ts'
import { toListenOptions } from '../config/socket-address.ts'
import type { ReadinessReport } from './readiness.ts'

/** The source of the admin answers: one process, or one for all workers. */
export interface AdminSource {
  /** Whether the listeners are open. */
  readonly isStarted: boolean
  /** The text of a scrape. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>
  readiness(): Promise<ReadinessReport>
}

/** The operator's listener: `/metrics` for Prometheus, `/livez` and `/readyz` for Kubernetes. */
export class AdminServer {
  readonly #server: Server

  constructor(source: AdminSource) {
    this.#server = createServer((request, response) => {
      answer(source, request, response).catch(() => response.destroy())
    })
  }

  /** Binds; returns the port. */
  listen(address: SocketAddress): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(toListenOptions(address), () => {
        this.#server.off('error', reject)
        resolve((this.#server.address() as AddressInfo).port)
      })
    })
  }

  /** Closes all connections at once; admin answers are not worth waiting for. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}

async function answer(
  source: AdminSource,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(response, 405, 'text/plain', 'method not allowed\n')
    return
  }
  const [path] = (request.url ?? '').split('?')
  switch (path) {
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
      return send(response, 404, 'text/plain', 'see /metrics, /livez, /readyz\n')
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
