import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, Server as NetServer } from 'node:net'
import type { Limits, ListenerConfig } from '../config/config.ts'
import { toListenOptions } from '../config/socket-address.ts'
import { type RequestHandler, receiveRequests, refuseConnect } from '../proxy/receive-requests.ts'
import type { Strangers } from '../proxy/strangers.ts'
import { countConnections } from './count-connections.ts'
import { limitHeads, serverOptions, tlsServerOptions } from './server-options.ts'
import { type TlsMaterial, tlsOptions } from './tls-material.ts'

/** Told of TLS handshakes that fail. */
type HandshakeFailureHandler = (error: Error) => void

/**
 * One listening socket. HTTP/1.1 only, as S3. node:http's strict parser refuses what request
 * smuggling is made of (Content-Length with Transfer-Encoding, obs-fold, bare CR or LF).
 */
export class Listener {
  #config: ListenerConfig
  readonly #server: Server
  /** Connections that are open. */
  readonly connections: () => number
  #isDraining = false

  constructor(
    config: ListenerConfig,
    limits: Limits,
    tls: TlsMaterial | undefined,
    handler: RequestHandler,
    strangers: Strangers,
  ) {
    this.#config = config
    this.#server = limitHeads(
      tls === undefined
        ? createServer(serverOptions(limits))
        : createTlsServer(tlsServerOptions(limits, tls)),
    )
    this.#server.maxConnections = limits.connections
    this.connections = countConnections(this.#server)
    const handle: RequestHandler = (request, response, ...of) => {
      // What is listening closes soon: tell the client to come back on another connection.
      if (this.#isDraining) response.shouldKeepAlive = false
      handler(request, response, ...of)
    }
    refuseConnect(this.#server, receiveRequests(this.#server, handle, strangers), handle)
  }

  /** As it is now: a reload may change it. */
  get config(): ListenerConfig {
    return this.#config
  }

  /** Binds; gives the port. Fails with node's error (EADDRINUSE, EACCES, …). */
  listen(): Promise<number> {
    const options = toListenOptions(this.#config.address)
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(options, () => {
        this.#server.off('error', reject)
        resolve((this.#server.address() as AddressInfo).port)
      })
    })
  }

  /** Changes what can change while it listens: host names, idle times, certificates. */
  configure(config: ListenerConfig, limits: Limits, tls: TlsMaterial | undefined): void {
    this.#config = config
    this.#server.headersTimeout = limits.headIdleMs
    this.#server.keepAliveTimeout = limits.headIdleMs
    this.#server.maxConnections = limits.connections
    if (tls !== undefined) this.#setTls(tls)
  }

  /** Told of TLS handshakes that fail, once a second at most: port scans do not fill the log. */
  onHandshakeFailure(handler: HandshakeFailureHandler): void {
    let toldAt = Number.NEGATIVE_INFINITY
    this.#server.on('tlsClientError', (error: Error) => {
      const now = performance.now()
      if (now - toldAt < 1_000) return
      toldAt = now
      handler(error)
    })
  }

  /** From now on each answer closes its connection. */
  announceClose(): void {
    this.#isDraining = true
  }

  /**
   * Takes no new connection; ends when all that are open have ended. Kept connections stay: a request
   * may be on its way on one, and its answer then closes it. (`close` of node:http would cut them.)
   */
  stopAccepting(): Promise<void> {
    return new Promise((resolve) => {
      NetServer.prototype.close.call(this.#server, () => resolve())
    })
  }

  /** Cuts the connections on which no request is under way. */
  closeIdleConnections(): void {
    this.#server.closeIdleConnections()
  }

  /** Cuts what is still open. */
  destroyConnections(): void {
    this.#server.closeAllConnections()
  }

  /** New certificates for new connections. */
  #setTls(tls: TlsMaterial): void {
    if ('setSecureContext' in this.#server && typeof this.#server.setSecureContext === 'function') {
      this.#server.setSecureContext(tlsOptions(tls))
    }
  }
}
