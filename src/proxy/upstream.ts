import type { Pool } from 'undici'
import type { UpstreamConfig, UpstreamEndpoint } from '../config/config.ts'
import type { CredentialSource, Credentials } from '../credentials/credentials.ts'
import { type Addressed, buildDestination, type Destination } from './destination.ts'
import { Pools } from './pools.ts'

/** S3 as the proxy sees it: where requests go, under which credentials, over which connections. */
export class Upstream {
  readonly config: UpstreamConfig
  readonly endpoint: UpstreamEndpoint
  readonly #credentials: CredentialSource
  readonly #pools: Pools

  constructor(
    config: UpstreamConfig,
    endpoint: UpstreamEndpoint,
    credentials: CredentialSource,
    ca: string | undefined,
  ) {
    this.config = config
    this.endpoint = endpoint
    this.#credentials = credentials
    this.#pools = new Pools({
      connections: config.connections,
      connectTimeoutMs: config.connectTimeoutMs,
      headersTimeoutMs: config.headersTimeoutMs,
      idleTimeoutMs: config.idleTimeoutMs,
      ca,
    })
  }

  /** Bodies are guarded by TLS; false: by chunk signatures, where the client gave some. */
  get isPlaintext(): boolean {
    return this.endpoint.protocol === 'http:'
  }

  get trailers(): UpstreamConfig['trailers'] {
    return this.config.trailers
  }

  /** When the credentials of now expire; undefined: never, or there are none. */
  get credentialsExpireAt(): Date | undefined {
    return this.#credentials.expiresAt
  }

  destinationOf(addressed: Addressed): Destination {
    return buildDestination(this.endpoint, this.config.addressing, addressed)
  }

  /** The region to sign for. */
  regionOf(_bucket: string | undefined): string {
    return this.config.region
  }

  /** Undefined where there are none now: then nothing is sent. */
  credentials(): Credentials | undefined {
    return this.#credentials.current()
  }

  poolOf(origin: string): Pool {
    return this.#pools.poolOf(origin)
  }

  /** Ends when running requests have ended. */
  async close(): Promise<void> {
    this.#credentials.close()
    await this.#pools.close()
  }
}
