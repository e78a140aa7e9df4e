import { type buildConnector, Pool } from 'undici'
import { Addresses } from './addresses.ts'
import { Connection } from './connection.ts'
import { buildUpstreamConnector } from './connector.ts'
import { OriginPool } from './origin-pool.ts'

/** Settings of every connection to S3. */
interface PoolSettings {
  /** Sockets per origin. */
  readonly connections: number
  readonly connectTimeoutMs: number
  /** Longest wait for the head of an answer. */
  readonly headersTimeoutMs: number
  /** Longest silence in the body of an answer. */
  readonly bodyIdleMs: number
  /** How long an unused connection is kept; less where S3 says so. */
  readonly idleTimeoutMs: number
  /** PEM of the certificate authorities to trust; undefined: the system's. */
  readonly ca: string | undefined
  /** How names are resolved. Default: by the system. */
  readonly addresses?: Addresses
}

/** Origins whose pools are kept; the one unused longest is closed first. */
const ORIGINS_MAX = 256

/** The connection pools to S3, one per origin, with limits. */
export class Pools {
  readonly #settings: PoolSettings
  readonly #connector: buildConnector.connector
  readonly #pools = new Map<string, OriginPool>()
  #requests = 0

  constructor(settings: PoolSettings) {
    this.#settings = settings
    const { connectTimeoutMs, ca, addresses = new Addresses() } = settings
    this.#connector = buildUpstreamConnector({ connectTimeoutMs, ca, addresses })
  }

  /** Origins that have a pool now. */
  get size(): number {
    return this.#pools.size
  }

  /** Connections to all origins, and requests that wait for one. */
  get use(): { readonly busy: number; readonly free: number; readonly waiting: number } {
    const sum = { busy: 0, free: 0, waiting: 0 }
    for (const { connections, waiting } of this.#pools.values()) {
      sum.busy += connections.busy
      sum.free += connections.free
      sum.waiting += waiting
    }
    return sum
  }

  /** The pool of that origin, which is built from the configuration, never taken from a client. */
  poolOf(origin: string): OriginPool {
    const pool = this.#pools.get(origin) ?? this.#open(origin)
    pool.lastUse = ++this.#requests
    return pool
  }

  /** Ends when running requests have ended. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()))
    this.#pools.clear()
  }

  #open(origin: string): OriginPool {
    if (this.#pools.size >= ORIGINS_MAX) this.#closeUnused()
    const { connections, connectTimeoutMs, headersTimeoutMs, bodyIdleMs, idleTimeoutMs } =
      this.#settings
    const pool = new Pool(origin, {
      connections,
      pipelining: 1,
      headersTimeout: headersTimeoutMs,
      bodyTimeout: bodyIdleMs,
      keepAliveTimeout: idleTimeoutMs,
      keepAliveMaxTimeout: idleTimeoutMs,
      maxHeaderSize: 64 * 1024,
      factory: (to, options) => Connection.open(to, options, this.#connector),
    })
    const created = new OriginPool(pool, { waitMs: connectTimeoutMs, waitingMax: connections })
    this.#pools.set(origin, created)
    return created
  }

  #closeUnused(): void {
    let unused: string | undefined
    let lastUse = Number.POSITIVE_INFINITY
    for (const [origin, pool] of this.#pools) {
      if (pool.lastUse >= lastUse) continue
      unused = origin
      lastUse = pool.lastUse
    }
    if (unused === undefined) return
    this.#pools.get(unused)?.closeOnceIdle()
    this.#pools.delete(unused)
  }
}
