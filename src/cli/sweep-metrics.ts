import { createServer } from 'node:http'
import { failure, ok, type Result } from '../base/result.ts'
import type { SocketAddress } from '../config/config.ts'
import { formatSocketAddress, toListenOptions } from '../config/socket-address.ts'
import { type SweepNumbers, sweepMetrics } from '../telemetry/sweep-metrics.ts'

const CONNECTIONS_MAX = 16

/** Answers `GET /metrics` while a sweep runs; returns how to end that, or why it cannot be. */
export function serveSweepMetrics(
  address: SocketAddress,
  read: () => SweepNumbers,
): Promise<Result<{ readonly port: number; close(): void }, string>> {
  const registry = sweepMetrics(read)
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 })
  server.maxConnections = CONNECTIONS_MAX
  server.on('request', async ({ method, url = '' }, response) => {
    const isGet = method === 'GET' || method === 'HEAD'
    const [path] = url.split('?')
    if (!isGet || path !== '/metrics') {
      response.writeHead(isGet ? 404 : 405, { 'content-type': 'text/plain' })
      response.end('see /metrics\n')
      return
    }
    const text = await registry.metrics()
    response.writeHead(200, { 'content-type': registry.contentType })
    response.end(text)
  })
  return new Promise((resolve) => {
    server.once('error', ({ message }) => {
      resolve(failure(`--metrics: cannot listen on ${formatSocketAddress(address)}: ${message}`))
    })
    server.listen(toListenOptions(address), () => {
      const bound = server.address()
      const port = typeof bound === 'object' && bound !== null ? bound.port : address.port
      resolve(
        ok({
          port,
          close: () => {
            server.close()
            server.closeAllConnections()
          },
        }),
      )
    })
  })
}
