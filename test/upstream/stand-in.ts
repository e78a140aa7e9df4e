import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'

/** A request as it came to the stand-in. */
export interface Received {
  readonly method: string
  readonly host: string
  readonly path: string
  /** The region in the credential scope; empty: not signed. */
  readonly region: string
  readonly accessKeyId: string
  /** The value of x-amz-date; empty: none. */
  readonly date: string
  readonly body: Buffer
}

export interface StandIn {
  readonly port: number
  readonly received: Received[]
  /** Connections that were made. */
  connections(): number
  close(): Promise<void>
}

/** Answers a request whose body has come whole. */
export type Answerer = (request: Received, response: ServerResponse) => void

/** Speaks HTTP as S3 does; over TLS where a certificate is given. */
export function startStandIn(
  answer: Answerer,
  tls?: { readonly cert: string; readonly key: string },
): Promise<StandIn> {
  const received: Received[] = []
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => undefined)
    request.on('end', () => {
      const { authorization = '', host = '' } = request.headers
      const [, accessKeyId = '', region = ''] =
        /Credential=([^/]+)\/\d{8}\/([^/]+)\//.exec(authorization) ?? []
      const one = {
        method: request.method ?? '',
        host,
        path: request.url ?? '',
        region,
        accessKeyId,
        date: String(request.headers['x-amz-date'] ?? ''),
        body: Buffer.concat(chunks),
      }
      received.push(one)
      answer(one, response)
    })
  }
  return listen(
    tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest),
    received,
  )
}

/** Hands each connection over, with its number from 1; for what no HTTP server would do. */
export function startRawStandIn(
  serve: (socket: Socket, connection: number) => void,
): Promise<StandIn> {
  let count = 0
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    count++
    serve(socket, count)
  })
  return listen(server, [])
}

function listen(
  server: Server | ReturnType<typeof createTlsServer> | ReturnType<typeof createTcpServer>,
  received: Received[],
): Promise<StandIn> {
  const sockets = new Set<Socket>()
  let connections = 0
  server.on('connection', (socket: Socket) => {
    connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        received,
        connections: () => connections,
        close: () =>
          new Promise((ended) => {
            server.close(() => ended())
            for (const socket of sockets) socket.destroy()
          }),
      })
    })
  })
}

/** An error document as S3 writes it. */
export function errorDocument(code: string, message: string, extras = ''): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>${extras}<RequestId>4442587FB7D0A2F9</RequestId><HostId>h+o/s/t=</HostId></Error>`
}
