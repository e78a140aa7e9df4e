import { readFile } from 'node:fs/promises'
import type { Config, ListenerConfig, ListenerTls, SocketAddress } from '../config/config.ts'
import { createHostId, RequestIds } from '../telemetry/request-id.ts'
import { AdminServer } from './admin.ts'
import { Exchange } from './exchange.ts'
import { Gate, type Telemetry } from './gate.ts'
import { handleRequest } from './handle-request.ts'
import { Listener, type TlsMaterial } from './listener.ts'
import { Readiness } from './readiness.ts'
import type { Upstream } from './upstream.ts'

/** Where a service listens, once it does. */
export interface ServiceAddresses {
  readonly listen: readonly SocketAddress[]
  readonly admin: SocketAddress | undefined
}

/**
 * The running proxy: its listeners, its admin listener, and the gate that requests go through. Nothing
 * starts half: where one address cannot be bound, those that were are given back.
 */
export class Service {
  #gate: Gate
  readonly #telemetry: Telemetry
  readonly #listeners: Listener[] = []
  readonly #requestIds = new RequestIds()
  readonly #hostId = createHostId()
  readonly #readiness: Readiness
  #admin: AdminServer | undefined
  #running = 0
  #onIdle: () => void = () => undefined

  constructor(config: Config, upstream: Upstream, telemetry: Telemetry) {
    this.#telemetry = telemetry
    this.#gate = new Gate(config, upstream, telemetry)
    this.#readiness = new Readiness(() => this.#gate)
    telemetry.metrics.watchCredentials(() => secondsLeft(this.#gate.upstream))
    telemetry.metrics.watchAudit(() => telemetry.audit.lostLines)
  }

  /** Binds everything; fails with node's error, and then nothing is bound. */
  async listen(): Promise<ServiceAddresses> {
    const { config } = this.#gate
    try {
      const listen: SocketAddress[] = []
      for (const listenerConfig of config.listen) {
        const listener = await this.#open(listenerConfig)
        const port = await listener.listen()
        this.#listeners.push(listener)
        listen.push({ host: listenerConfig.address.host, port })
      }
      if (config.admin === undefined) return { listen, admin: undefined }
      this.#admin = new AdminServer(this.#telemetry.metrics, this.#readiness)
      const port = await this.#admin.listen(config.admin)
      return { listen, admin: { host: config.admin.host, port } }
    } catch (error) {
      await this.#closeListeners()
      await this.#admin?.close()
      throw error
    }
  }

  /**
   * Stops as Kubernetes wants it: readiness fails at once, the listeners close after `delayMs` (until
   * then a load balancer may still send requests), running requests have until `deadlineMs` to end.
   * Gives whether they all did.
   */
  async drain(): Promise<boolean> {
    const { delayMs, deadlineMs } = this.#gate.config.drain
    this.#readiness.drain()
    for (const listener of this.#listeners) listener.announceClose()
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    const closed = this.#closeListeners()
    const inTime = await this.#idleWithin(deadlineMs)
    if (!inTime) for (const listener of this.#listeners) listener.destroyConnections()
    await closed
    await this.#admin?.close()
    await this.#gate.upstream.close()
    await this.#telemetry.audit.close()
    return inTime
  }

  async #open(config: ListenerConfig): Promise<Listener> {
    const tls = config.tls === undefined ? undefined : await readTls(config.tls)
    const { limits } = this.#gate.config
    return new Listener(config, limits, tls, (request, response, expectsContinue) => {
      const ids = { requestId: this.#requestIds.next(), hostId: this.#hostId }
      const exchange = new Exchange(config, request, response, ids, expectsContinue)
      this.#running++
      handleRequest(this.#gate, exchange).then(this.#ended, this.#ended)
    })
  }

  readonly #ended = (): void => {
    this.#running--
    if (this.#running === 0) this.#onIdle()
  }

  #idleWithin(deadlineMs: number): Promise<boolean> {
    if (this.#running === 0) return Promise.resolve(true)
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), deadlineMs)
      this.#onIdle = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  }

  async #closeListeners(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()))
  }
}

async function readTls({ certFile, keyFile, clientCaFile }: ListenerTls): Promise<TlsMaterial> {
  return {
    cert: await readFile(certFile, 'utf8'),
    key: await readFile(keyFile, 'utf8'),
    clientCa: clientCaFile === undefined ? undefined : await readFile(clientCaFile, 'utf8'),
  }
}

function secondsLeft(upstream: Upstream): number | undefined {
  const expiry = upstream.credentialsExpireAt
  return expiry === undefined ? undefined : (expiry.getTime() - Date.now()) / 1000
}
