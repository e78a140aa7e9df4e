import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { makeCertificate } from '../support/certificates.ts'

/** A request as a stand-in saw it. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** What a stand-in answers: `hang` never does, `reset` cuts the connection. */
export type Answer =
  | { readonly status: number; readonly body?: string; readonly type?: string }
  | 'hang'
  | 'reset'

/** A server on loopback that speaks the protocol of one of AWS's sources. */
export interface StandIn {
  readonly origin: string
  readonly port: number
  readonly seen: readonly Seen[]
  /** PEM authority, where it speaks TLS. */
  readonly ca: string | undefined
  close(): void
}

/** Starts one; with TLS it is `https://localhost`, otherwise `http://127.0.0.1`. */
export async function startStandIn(
  answer: (request: Seen) => Answer,
  withTls = false,
): Promise<StandIn> {
  const pair = withTls ? makeCertificate({ serialNumber: '5a' }) : undefined
  const server: Server = pair === undefined ? createServer() : createTlsServer(pair)
  const seen: Seen[] = []
  server.on('request', async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const one: Seen = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    }
    seen.push(one)
    const given = answer(one)
    if (given === 'hang') return
    if (given === 'reset') return void request.socket.destroy()
    response.writeHead(given.status, { 'content-type': given.type ?? 'application/json' })
    response.end(given.body ?? '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // a TCP server has no other
  return {
    origin: withTls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    port,
    seen,
    ca: pair?.cert,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
