import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import {
  type AddressInfo,
  createServer as createNetServer,
  type Server as NetServer,
  type Socket,
} from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { Limits, ListenerConfig } from '../config/config.ts'
import { toListenOptions } from '../config/socket-address.ts'
import { type RequestHandler, receiveRequests, refuseConnect } from '../proxy/receive-requests.ts'
import type { Strangers } from '../proxy/strangers.ts'
import type { ListenerHost, OpenEgress, ServiceListener } from '../service/listener-host.ts'
import { limitHeads, serverOptions, tlsServerOptions } from '../service/server-options.ts'
import { type TlsMaterial, tlsOptions } from '../service/tls-material.ts'
import { buildEgressSettings, type EgressSettings } from './egress-settings.ts'
import { handleConnect } from './handle-connect.ts'
import { handleProxyRequest, handleUpgrade, shouldUpgrade } from './handle-proxy-request.ts'
import { Interceptor } from './interceptor.ts'
import { type Network, SYSTEM_NETWORK } from './network.ts'
import { classOf, type EgressParts } from './route.ts'
import { serverNameHost } from './target.ts'

/** Options for tests. */
interface EgressOptions {
  readonly network?: Network
  /** Limit of silence of a tunnel, in both directions, and of another host. */
  readonly idleMs?: number
}

/** Long polls and WebSockets are silent for minutes. */
const IDLE_MS = 600_000

/** The first byte of a TLS connection. Source: RFC 8446 section 5.1, ContentType handshake */
const TLS_HANDSHAKE = 0x16

/** Opens egress listeners that reach other hosts over the machine's own network. */
export const openEgress: OpenEgress = (config, limits, tls, files, listenerHost) =>
  new EgressListener(config, limits, tls, files, listenerHost)

/**
 * One listening socket of kind `egress`: an HTTP proxy for clients with HTTP_PROXY and HTTPS_PROXY.
 * At the same address it accepts TLS, recognised by its first byte, from clients whose DNS points
 * S3's names here.
 *
 * Three servers parse HTTP but do not listen: for the proxy's own requests in plain text, for those
 * over TLS (if the listener has a certificate), and for the contents of intercepted TLS.
 */
export class EgressListener implements ServiceListener {
  #settings: EgressSettings
  #isDraining = false
  readonly #parts: EgressParts
  readonly #front: NetServer
  readonly #plain: Server
  readonly #secure: Server | undefined
  readonly #opened: Server
  readonly #interceptor: Interceptor
  readonly #sockets = new Set<Socket>()

  /** Throws if the CA's certificate and key are unusable. */
  constructor(
    config: ListenerConfig,
    limits: Limits,
    tls: TlsMaterial | undefined,
    files: ReadonlyMap<string, string>,
    listenerHost: ListenerHost,
    { network = SYSTEM_NETWORK, idleMs = IDLE_MS }: EgressOptions = {},
  ) {
    this.#settings = buildEgressSettings(config, limits, files)
    this.#parts = { listenerHost, settings: () => this.#settings, network, idleMs }
    this.#opened = this.#prepare(createServer(serverOptions(limits)))
    this.#interceptor = new Interceptor(this.#parts, this.#opened)
    const handle = this.#closing(this.#interceptor.handle)
    refuseConnect(this.#opened, receiveRequests(this.#opened, handle, this.#strangers), handle)
    this.#plain = this.#prepareProxy(createServer({ ...serverOptions(limits), ...this.#upgrades }))
    this.#secure =
      tls === undefined ? undefined : this.#prepareProxy(this.#createSecure(tls, limits))
    this.#front = createNetServer({ allowHalfOpen: true, noDelay: true }, this.#onConnection)
    this.#front.maxConnections = limits.connections
  }

  readonly connections = (): number => this.#sockets.size

  get config(): ListenerConfig {
    return this.#settings.config
  }

  listen(): Promise<number> {
    const options = toListenOptions(this.config.address)
    return new Promise((resolve, reject) => {
      this.#front.once('error', reject)
      this.#front.listen(options, () => {
        this.#front.off('error', reject)
        resolve((this.#front.address() as AddressInfo).port)
      })
    })
  }

  configure(
    config: ListenerConfig,
    limits: Limits,
    tls: TlsMaterial | undefined,
    files: ReadonlyMap<string, string>,
  ): void {
    this.#settings = buildEgressSettings(config, limits, files)
    this.#front.maxConnections = limits.connections
    for (const server of this.#servers) {
      server.headersTimeout = limits.headIdleMs
      server.keepAliveTimeout = limits.headIdleMs
    }
    const secure = this.#secure
    if (tls !== undefined && secure !== undefined && 'setSecureContext' in secure) {
      if (typeof secure.setSecureContext === 'function') secure.setSecureContext(tlsOptions(tls))
    }
  }

  announceClose(): void {
    this.#isDraining = true
  }

  stopAccepting(): Promise<void> {
    return new Promise((resolve) => {
      this.#front.close(() => {
        for (const server of this.#servers) server.close()
        resolve()
      })
    })
  }

  closeIdleConnections(): void {
    for (const server of this.#servers) server.closeIdleConnections()
  }

  destroyConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  get #strangers(): Strangers {
    return this.#parts.listenerHost.generation().strangers
  }

  get #servers(): readonly Server[] {
    return this.#secure === undefined
      ? [this.#plain, this.#opened]
      : [this.#plain, this.#opened, this.#secure]
  }

  /** Reads the first byte and puts it back: a TLS record, or the start of a request. */
  readonly #onConnection = (socket: Socket): void => {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    const drop = (): void => {
      socket.destroy()
    }
    const onReadable = (): void => {
      const first: unknown = socket.read(1)
      if (!(first instanceof Buffer)) return
      socket.off('readable', onReadable)
      socket.off('end', drop)
      socket.off('error', drop)
      socket.setTimeout(0)
      socket.off('timeout', drop)
      socket.unshift(first)
      this.#dispatch(socket, first[0] === TLS_HANDSHAKE)
    }
    socket.on('error', drop)
    socket.on('end', drop)
    socket.setTimeout(this.#settings.limits.headIdleMs, drop)
    socket.on('readable', onReadable)
  }

  #dispatch(socket: Socket, isTls: boolean): void {
    if (!isTls) this.#plain.emit('connection', socket)
    else if (this.#secure !== undefined) this.#secure.emit('connection', socket)
    else this.#interceptor.accept(socket, undefined)
  }

  /** Not in the types of Node 20. */
  get #upgrades() {
    return {
      shouldUpgradeCallback: (request: IncomingMessage): boolean =>
        shouldUpgrade(this.#parts, request),
    }
  }

  #createSecure(tls: TlsMaterial, limits: Limits): Server {
    return createTlsServer({
      ...tlsServerOptions(limits, tls),
      ...this.#upgrades,
      // S3's names get a leaf certificate; any other name, or none, the listener's own certificate.
      SNICallback: (servername, callback) => {
        if (this.#isS3(servername)) this.#interceptor.contextFor(servername, callback)
        else callback(null, undefined)
      },
    })
  }

  #prepareProxy(server: Server): Server {
    this.#prepare(server)
    const connections = receiveRequests(
      server,
      this.#closing((request, response, ...of) => {
        const { socket } = request
        if (socket instanceof TLSSocket && this.#isS3(socket.servername || '')) {
          this.#interceptor.handle(request, response, ...of)
        } else {
          this.#track(handleProxyRequest(this.#parts, request, response, ...of))
        }
      }),
      this.#strangers,
    )
    const onDetached =
      (handle: (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>) =>
      (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
        const connection = connections.of(socket)
        // Later data would have to be buffered until the previous answers have been sent.
        if (connection.isBusy) connection.detach(() => connection.end())
        else {
          this.#strangers.leave(socket)
          this.#track(handle(request, socket, head))
        }
      }
    server.on(
      'connect',
      onDetached((...of) => handleConnect(this.#parts, this.#interceptor, ...of)),
    )
    server.on(
      'upgrade',
      onDetached((...of) => handleUpgrade(this.#parts, ...of)),
    )
    return server
  }

  #isS3(servername: string): boolean {
    const hostname = serverNameHost(servername)
    return classOf(this.#parts, { hostname, port: 443 }).kind === 's3'
  }

  #prepare(server: Server): Server {
    limitHeads(server)
    // node:http enforces the head's time limit with a list of connections that it creates when a
    // server starts to listen. These servers get their connections by `emit('connection')`, but
    // need the limit too.
    server.emit('listening')
    return server
  }

  /** While the listener drains, each answer closes its connection. */
  #closing(handle: RequestHandler): RequestHandler {
    return (request, response, ...of) => {
      if (this.#isDraining) response.shouldKeepAlive = false
      handle(request, response, ...of)
    }
  }

  /** Counts the work as running; a failure here is a bug, and affects nothing else. */
  #track(work: Promise<void>): void {
    const end = this.#parts.listenerHost.begin()
    work.then(end, (err: unknown) => {
      end()
      this.#parts.listenerHost
        .generation()
        .telemetry.log.error({ err }, 'an egress connection failed')
    })
  }
}
