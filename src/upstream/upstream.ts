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

/** Optional inputs of an upstream. */
interface UpstreamOptions {
  /** Credentials of single buckets and clients; closed with the upstream. */
  readonly overrides?: CredentialOverrides
  /** Resolves names. Default: the system's resolver. */
  readonly addresses?: Addresses
  /** Limit of silence in the body of an answer. Default: 60 s, as `limits.bodyIdle`. */
  readonly bodyIdleMs?: number
}

const BODY_IDLE_MS = 60_000

const NO_OVERRIDES = new CredentialOverrides(new Map(), new Map())

/** S3 as the proxy uses it: destinations, credentials and connections. */
export class Upstream {
  readonly config: UpstreamConfig
  readonly endpoint: UpstreamEndpoint
  /** Signing keys for requests to S3, by credentials, day and region. */
  readonly keys = new SigningKeyCache()
  readonly #credentials: CredentialSource
  readonly #overrides: CredentialOverrides
  readonly #places: UpstreamPlaces
  readonly #pools: Pools

  /** `ca`: PEM of the CAs to trust; undefined: the system's. */
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
   * True if some bucket is reached over plain HTTP: then chunk signatures protect bodies, if the
   * client sent some. False: TLS does.
   */
  readonly isPlaintext: boolean

  get trailers(): UpstreamConfig['trailers'] {
    return this.config.trailers
  }

  /** When the first of all credentials expires; undefined if never, or if there are none. */
  get credentialsExpireAt(): Date | undefined {
    const own = this.#credentials.expiresAt
    const others = this.#overrides.expiresAt
    if (own === undefined || others === undefined) return own ?? others
    return new Date(Math.min(own.getTime(), others.getTime()))
  }

  /** Returns the destination of a request; refused if a configured bucket is unsupported. */
  destinationOf(addressed: Addressed): Result<Destination, S3Error> {
    const place = this.#places.placeOf(addressed.bucket, addressed.key)
    return place.ok ? ok(buildDestination(place.value, addressed)) : place
  }

  /** Returns the region to sign for. */
  regionOf(bucket: string | undefined): string {
    return this.#places.regionOf(bucket)
  }

  /** Remembers the region that S3 names for a bucket; returns false if it cannot be right. */
  learnRegion(bucket: string, region: string): boolean {
    return this.#places.learn(bucket, region)
  }

  /** Forgets the learnt region of a bucket, because it cannot be reached there. */
  forgetRegion(bucket: string | undefined): void {
    if (bucket !== undefined) this.#places.forget(bucket)
  }

  /** Returns the upstream's own credentials; undefined if there are none now. */
  credentials(): Credentials | undefined {
    return this.#credentials.current()
  }

  /**
   * Returns the credentials for a request: the bucket's, otherwise those of the client with this
   * name, otherwise the upstream's own. Undefined if these are missing now: then nothing is sent,
   * and no other credentials are used.
   */
  credentialsOf(client: string | undefined, bucket: string | undefined): Credentials | undefined {
    return (this.#overrides.sourceOf(client, bucket) ?? this.#credentials).current()
  }

  /** The connections to S3, and the requests that wait for one. */
  get poolUse(): Pools['use'] {
    return this.#pools.use
  }

  poolOf(origin: string): OriginPool {
    return this.#pools.poolOf(origin)
  }

  /** Resolves when running requests have ended. */
  async close(): Promise<void> {
    this.#credentials.close()
    this.#overrides.close()
    await this.#pools.close()
  }
}
