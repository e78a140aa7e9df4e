import { Pool } from 'undici'

/** Settings of every connection to S3. */
export interface PoolSettings {
  /** Sockets per origin. */
  readonly connections: number
  readonly connectTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly idleTimeoutMs: number
  /** PEM of the certificate authorities to trust; undefined: the system's. */
  readonly ca: string | undefined
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
  readonly #pools = new Map<string, Pool>()

  constructor(settings: PoolSettings) {
    this.#settings = settings
  }

  /** The pool of that origin, which is built from the configuration, never taken from a client. */
  poolOf(origin: string): Pool {
    const pool = this.#pools.get(origin)
    if (pool !== undefined) return pool
    if (this.#pools.size >= ORIGINS_MAX) this.#closeOldest()
    const created = new Pool(origin, {
      connections: this.#settings.connections,
      pipelining: 1,
      headersTimeout: this.#settings.headersTimeoutMs,
      bodyTimeout: this.#settings.idleTimeoutMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: 64 * 1024,
      connect: {
        timeout: this.#settings.connectTimeoutMs,
        minVersion: 'TLSv1.2',
        ...(this.#settings.ca === undefined ? {} : { ca: this.#settings.ca }),
      },
    })
    this.#pools.set(origin, created)
    return created
  }

  /** Ends when running requests have ended. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()))
    this.#pools.clear()
  }

  #closeOldest(): void {
    const [oldest] = this.#pools
    if (oldest === undefined) return
    const [origin, pool] = oldest
    this.#pools.delete(origin)
    pool.close().catch(() => pool.destroy())
  }
}
