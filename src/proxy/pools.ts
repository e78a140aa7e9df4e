import { type buildConnector, Pool } from 'undici'
import { Addresses } from './addresses.ts'
import { buildUpstreamConnector } from './connector.ts'
import { OriginPool } from './origin-pool.ts'

/** Settings of every connection to S3. */
export interface PoolSettings {
  /** Sockets per origin. */
  readonly connections: number
  readonly connectTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly idleTimeoutMs: number
  /** PEM of the certificate authorities to trust; undefined: the system's. */
  readonly ca: string | undefined
  /** How names are resolved. Default: by the system. */
  readonly addresses?: Addresses
}

/** Origins whose pools are kept; the one unused longest is closed first. */
const ORIGINS_MAX = 256

/**
 * How long an idle connection is kept. S3 closes idle connections after some seconds; closing first
 * makes a stale connection, and the retry that it costs, rare.
 */
const KEEP_ALIVE_MS = 4_000

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
    const { connections, connectTimeoutMs, headersTimeoutMs, idleTimeoutMs } = this.#settings
    const pool = new Pool(origin, {
      connections,
      pipelining: 1,
      headersTimeout: headersTimeoutMs,
      bodyTimeout: idleTimeoutMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: 64 * 1024,
      connect: this.#connector,
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
