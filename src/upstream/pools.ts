import { type buildConnector, Pool } from 'undici'
import { Addresses } from './addresses.ts'
import { Connection } from './connection.ts'
import { buildUpstreamConnector } from './connector.ts'
import { OriginPool } from './origin-pool.ts'

/** The settings of all connections to S3. */
interface PoolSettings {
  /** Sockets per origin. */
  readonly connections: number
  readonly connectTimeoutMs: number
  /** Limit of the wait for the head of an answer. */
  readonly headersTimeoutMs: number
  /** Limit of silence in the body of an answer. */
  readonly bodyIdleMs: number
  /** How long an idle connection is kept; less if S3 says so. */
  readonly idleTimeoutMs: number
  /** PEM of the CAs to trust; undefined: the system's. */
  readonly ca: string | undefined
  /** Resolves names. Default: the system's resolver. */
  readonly addresses?: Addresses
}

/** Limit of origins with a pool; the least recently used one is closed first. */
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

  /** The number of origins with a pool. */
  get size(): number {
    return this.#pools.size
  }

  /** The connections to all origins, and the requests that wait for one. */
  get use(): { readonly busy: number; readonly free: number; readonly waiting: number } {
    const sum = { busy: 0, free: 0, waiting: 0 }
    for (const { connections, waiting } of this.#pools.values()) {
      sum.busy += connections.busy
      sum.free += connections.free
      sum.waiting += waiting
    }
    return sum
  }

  /**
   * Returns the pool of an origin. The origin comes from the configuration, never from a client.
   */
  poolOf(origin: string): OriginPool {
    const pool = this.#pools.get(origin) ?? this.#open(origin)
    pool.lastUse = ++this.#requests
    return pool
  }

  /** Resolves when running requests have ended. */
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
