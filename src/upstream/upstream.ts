import { ok, type Result } from '../base/result.ts'
import type { UpstreamConfig, UpstreamEndpoint } from '../config/config.ts'
import type { CredentialSource, Credentials } from '../credentials/credentials.ts'
import type { S3Error } from '../s3/error.ts'
import { SigningKeyCache } from '../sigv4/signing-key.ts'
import type { Addresses } from './addresses.ts'
import { CredentialOverrides } from './credential-overrides.ts'
import { type Addressed, buildDestination, type Destination } from './destination.ts'
import type { OriginPool } from './origin-pool.ts'
import { Pools } from './pools.ts'
import { UpstreamPlaces } from './upstream-places.ts'

/** What an upstream may have besides. */
interface UpstreamOptions {
  /** Credentials of single buckets and clients; closed with the upstream. */
  readonly overrides?: CredentialOverrides
  /** How names are resolved. Default: by the system. */
  readonly addresses?: Addresses
  /** Longest silence in the body of an answer. Default: 60 s, as `limits.bodyIdle`. */
  readonly bodyIdleMs?: number
}

const BODY_IDLE_MS = 60_000

const NO_OVERRIDES = new CredentialOverrides(new Map(), new Map())

/** S3 as the proxy sees it: where requests go, under which credentials, over which connections. */
export class Upstream {
  readonly config: UpstreamConfig
  readonly endpoint: UpstreamEndpoint
  /** What requests to S3 are signed with, by credentials, day and region. */
  readonly keys = new SigningKeyCache()
  readonly #credentials: CredentialSource
  readonly #overrides: CredentialOverrides
  readonly #places: UpstreamPlaces
  readonly #pools: Pools

  /** `ca`: PEM of the authorities to trust; undefined: the system's. */
  constructor(
    config: UpstreamConfig,
    endpoint: UpstreamEndpoint,
    credentials: CredentialSource,
    ca: string | undefined,
    { overrides = NO_OVERRIDES, addresses, bodyIdleMs = BODY_IDLE_MS }: UpstreamOptions = {},
  ) {
    this.config = config
    this.endpoint = endpoint
    this.isPlaintext = [
      endpoint,
      ...[...config.buckets.values()].map((bucket) => bucket.endpoint),
    ].some((one) => one?.protocol === 'http:')
    this.#credentials = credentials
    this.#overrides = overrides
    this.#places = new UpstreamPlaces(config, endpoint)
    this.#pools = new Pools({
      connections: config.connections,
      connectTimeoutMs: config.connectTimeoutMs,
      headersTimeoutMs: config.headersTimeoutMs,
      bodyIdleMs,
      idleTimeoutMs: config.idleTimeoutMs,
      ca,
      ...(addresses === undefined ? {} : { addresses }),
    })
  }

  /**
   * Chunk signatures guard bodies, where the client gave some; false: TLS does. True where a single
   * bucket is reached in plain text.
   */
  readonly isPlaintext: boolean

  get trailers(): UpstreamConfig['trailers'] {
    return this.config.trailers
  }

  /** When the first of all credentials expire; undefined: never, or there are none. */
  get credentialsExpireAt(): Date | undefined {
    const own = this.#credentials.expiresAt
    const others = this.#overrides.expiresAt
    if (own === undefined || others === undefined) return own ?? others
    return new Date(Math.min(own.getTime(), others.getTime()))
  }

  /** Where a request goes; refused where a configured bucket is what cannot be reached. */
  destinationOf(addressed: Addressed): Result<Destination, S3Error> {
    const place = this.#places.placeOf(addressed.bucket, addressed.key)
    return place.ok ? ok(buildDestination(place.value, addressed)) : place
  }

  /** The region to sign for. */
  regionOf(bucket: string | undefined): string {
    return this.#places.regionOf(bucket)
  }

  /** Takes S3's word for a bucket's region; false: that cannot be. */
  learnRegion(bucket: string, region: string): boolean {
    return this.#places.learn(bucket, region)
  }

  /** Forgets what S3 has told of a bucket's region: it cannot be reached there. */
  forgetRegion(bucket: string | undefined): void {
    if (bucket !== undefined) this.#places.forget(bucket)
  }

  /** The upstream's own; undefined where there are none now. */
  credentials(): Credentials | undefined {
    return this.#credentials.current()
  }

  /**
   * What a request is signed with: the bucket's credentials, or those of the client with this name, or
   * the upstream's own. Undefined if these are not there now: then nothing is sent, under no other
   * credentials either.
   */
  credentialsOf(client: string | undefined, bucket: string | undefined): Credentials | undefined {
    return (this.#overrides.sourceOf(client, bucket) ?? this.#credentials).current()
  }

  /** Connections to S3, and requests that wait for one. */
  get poolUse(): Pools['use'] {
    return this.#pools.use
  }

  poolOf(origin: string): OriginPool {
    return this.#pools.poolOf(origin)
  }

  /** Ends when running requests have ended. */
  async close(): Promise<void> {
    this.#credentials.close()
    this.#overrides.close()
    await this.#pools.close()
  }
}
