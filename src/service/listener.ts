import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, Server as NetServer } from 'node:net'
import type { Limits, ListenerConfig } from '../config/config.ts'
import { toListenOptions } from '../config/socket-address.ts'
import { type RequestHandler, receiveRequests, refuseConnect } from '../proxy/receive-requests.ts'
import type { Strangers } from '../proxy/strangers.ts'
import { countConnections } from './count-connections.ts'
import { type PendingSources, readSources } from './read-source.ts'
import { limitHeads, serverOptions, tlsServerOptions } from './server-options.ts'
import { type TlsMaterial, tlsOptions } from './tls-material.ts'

/** Called for failed TLS handshakes. */
type HandshakeFailureHandler = (error: Error) => void

/**
 * One listening socket. HTTP/1.1 only, as S3. node:http's strict parser refuses the constructs that
 * request smuggling uses (Content-Length with Transfer-Encoding, obs-fold, bare CR or LF).
 */
export class Listener {
  #config: ListenerConfig
  readonly #server: Server
  /** The number of open connections. */
  readonly connections: () => number
  readonly #pending: PendingSources
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
      // The listener closes soon: make the client use another connection.
      if (this.#isDraining) response.shouldKeepAlive = false
      handler(request, response, ...of)
    }
    refuseConnect(this.#server, receiveRequests(this.#server, handle, strangers), handle)
    this.#pending = readSources(this.#server, () => this.#config)
  }

  /** The current configuration; a reload may change it. */
  get config(): ListenerConfig {
    return this.#config
  }

  /** Binds; returns the port. Fails with node's error (EADDRINUSE, EACCES, …). */
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

  /**
   * Applies the settings that can change while it listens: host names, idle times, certificates.
   */
  configure(config: ListenerConfig, limits: Limits, tls: TlsMaterial | undefined): void {
    this.#config = config
    this.#server.headersTimeout = limits.headIdleMs
    this.#server.keepAliveTimeout = limits.headIdleMs
    this.#server.maxConnections = limits.connections
    if (tls !== undefined) this.#setTls(tls)
  }

  /**
   * Calls the handler for failed TLS handshakes, at most once a second, so that port scans do not
   * fill the log.
   */
  onHandshakeFailure(handler: HandshakeFailureHandler): void {
    let toldAt = Number.NEGATIVE_INFINITY
    this.#server.on('tlsClientError', (error: Error) => {
      const now = performance.now()
      if (now - toldAt < 1_000) return
      toldAt = now
      handler(error)
    })
  }

  /** Makes each further answer close its connection. */
  announceClose(): void {
    this.#isDraining = true
  }

  /**
   * Stops accepting connections; resolves when all open ones have ended. Idle ones stay open: a
   * request may be on its way, and its answer then closes the connection. (`close` of node:http
   * would destroy them.)
   */
  stopAccepting(): Promise<void> {
    return new Promise((resolve) => {
      this.#pending.destroy()
      NetServer.prototype.close.call(this.#server, () => resolve())
    })
  }

  /** Closes the connections without a running request. */
  closeIdleConnections(): void {
    this.#server.closeIdleConnections()
  }

  /** Destroys all open connections. */
  destroyConnections(): void {
    this.#server.closeAllConnections()
  }

  /** Uses new certificates for new connections. */
  #setTls(tls: TlsMaterial): void {
    if ('setSecureContext' in this.#server && typeof this.#server.setSecureContext === 'function') {
      this.#server.setSecureContext(tlsOptions(tls))
    }
  }
}
