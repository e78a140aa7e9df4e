import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Limits, ListenerConfig } from '../config/config.ts'

/** Called for each request; `expectsContinue`: the client waits for a 100. */
export type RequestHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  expectsContinue: boolean,
) => void

/** The TLS files' contents, for a listener with TLS. */
export interface TlsMaterial {
  readonly cert: string
  readonly key: string
  /** Authorities of client certificates; undefined: none is asked for. */
  readonly clientCa: string | undefined
}

/**
 * One listening socket. HTTP/1.1 only, as S3. node:http's strict parser refuses what request
 * smuggling is made of (Content-Length with Transfer-Encoding, obs-fold, bare CR or LF).
 */
export class Listener {
  readonly config: ListenerConfig
  readonly #server: Server
  #isDraining = false

  constructor(
    config: ListenerConfig,
    limits: Limits,
    tls: TlsMaterial | undefined,
    handler: RequestHandler,
  ) {
    this.config = config
    const options = {
      insecureHTTPParser: false,
      joinDuplicateHeaders: false,
      // Of a request's whole time there is no limit: an upload may take hours. Idle time has one.
      requestTimeout: 0,
      headersTimeout: limits.headIdleMs,
      keepAliveTimeout: limits.headIdleMs,
      maxHeaderSize: limits.headerBytes,
      // 'Host' is checked by the parse step, which answers as S3 does.
      requireHostHeader: false,
      noDelay: true,
      highWaterMark: 64 * 1024,
    }
    this.#server =
      tls === undefined
        ? createServer(options)
        : createTlsServer({
            ...options,
            cert: tls.cert,
            key: tls.key,
            minVersion: 'TLSv1.2',
            ALPNProtocols: ['http/1.1'],
            ...(tls.clientCa === undefined
              ? {}
              : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
          })
    this.#server.maxConnections = limits.connections
    this.#server.maxRequestsPerSocket = 0
    const handle =
      (expectsContinue: boolean) => (request: IncomingMessage, response: ServerResponse) => {
        // What is listening closes soon: tell the client to come back on another connection.
        if (this.#isDraining) response.shouldKeepAlive = false
        handler(request, response, expectsContinue)
      }
    this.#server.on('request', handle(false))
    this.#server.on('checkContinue', handle(true))
    this.#server.on('checkExpectation', (_, response: ServerResponse) => {
      response.writeHead(417, { connection: 'close' }).end()
    })
    this.#server.on('connect', refuseSocket)
    this.#server.on('upgrade', refuseSocket)
    this.#server.on('clientError', answerClientError)
  }

  /** Binds; gives the port. Fails with node's error (EADDRINUSE, EACCES, …). */
  listen(): Promise<number> {
    const { host, port } = this.config.address
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject)
        resolve((this.#server.address() as AddressInfo).port)
      })
    })
  }

  /** From now on each answer closes its connection. */
  announceClose(): void {
    this.#isDraining = true
  }

  /** Takes no new connection; ends when the last running request has ended. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeIdleConnections()
    })
  }

  /** Cuts what is still open. */
  destroyConnections(): void {
    this.#server.closeAllConnections()
  }

  /** New certificates for new connections. */
  setTls(tls: TlsMaterial): void {
    if ('setSecureContext' in this.#server && typeof this.#server.setSecureContext === 'function') {
      this.#server.setSecureContext({
        cert: tls.cert,
        key: tls.key,
        minVersion: 'TLSv1.2',
        ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa }),
      })
    }
  }
}

/** CONNECT and Upgrade have no meaning to S3. */
function refuseSocket(_: IncomingMessage, socket: Duplex): void {
  socket.end('HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
}

/** What node:http's parser refused: no request, so no audit line; S3 answers the same way. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [code, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [
          'RequestHeaderSectionTooLarge',
          'Your request header section exceeds the maximum allowed size.',
        ]
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['RequestTimeout', 'The request head did not arrive in time.']
        : ['InvalidRequest', 'The request is not well-formed HTTP/1.1.']
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`
  socket.end(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: application/xml\r\nx-sealgate-reason: malformed-http\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  )
}
