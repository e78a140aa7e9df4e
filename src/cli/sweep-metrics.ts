import { createServer } from 'node:http'
import { Registry } from 'prom-client'
import { failure, ok, type Result } from '../base/result.ts'
import type { SocketAddress } from '../config/config.ts'
import { formatSocketAddress, toListenOptions } from '../config/socket-address.ts'
import { registerSource, type SeriesValue } from '../telemetry/metric-series.ts'

/** The numbers of a run at a scrape. */
export interface SweepNumbers {
  /** Of the whole plan, by how they stand: they add up to its versions. */
  readonly versions: Readonly<Record<'fine' | 'done' | 'failed' | 'left', number>>
  /** Of this process. */
  readonly copiedBytes: number
  readonly requests: number
  readonly backOffs: number
  /** Requests a second that are allowed now. */
  readonly rate: number
}

const CONNECTIONS_MAX = 16

/** Answers `GET /metrics` while a sweep runs; returns how to end that, or why it cannot be. */
export function serveSweepMetrics(
  address: SocketAddress,
  read: () => SweepNumbers,
): Promise<Result<{ readonly port: number; close(): void }, string>> {
  const registry = sweepRegistry(read)
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

function sweepRegistry(read: () => SweepNumbers): Registry {
  const registry = new Registry()
  const add = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    values: (numbers: SweepNumbers) => SeriesValue[],
  ): void => {
    const source = { type, name: `sealgate_sweep_${name}`, help, aggregator: 'sum' } as const
    registerSource(registry, { ...source, values: () => values(read()) })
  }
  const single = (value: number): SeriesValue[] => [{ labels: {}, value }]
  add('gauge', 'versions', 'Versions of the plan, by how they stand.', ({ versions }) =>
    Object.entries(versions).map(([status, value]) => ({ labels: { status }, value })),
  )
  add('counter', 'copied_bytes_total', 'Bytes that S3 copied.', (numbers) =>
    single(numbers.copiedBytes),
  )
  add('counter', 'requests_total', 'Requests to S3.', (numbers) => single(numbers.requests))
  add('counter', 'back_offs_total', 'How often throttling halved the rate.', (numbers) =>
    single(numbers.backOffs),
  )
  add('gauge', 'request_rate', 'Requests a second that are allowed now.', (numbers) =>
    single(numbers.rate),
  )
  return registry
}
