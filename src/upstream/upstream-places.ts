import { failure, ok, type Result } from '../base/result.ts'
import { awsHostRegion } from '../config/aws-host.ts'
import type { BucketUpstream, UpstreamConfig, UpstreamEndpoint } from '../config/config.ts'
import { buildEndpoint } from '../s3/endpoint.ts'
import type { S3Error } from '../s3/error.ts'
import { dnsSuffixOf, isRegionName } from '../s3/region.ts'
import { recognizeS3Host } from '../s3/s3-host.ts'
import { BucketRegions } from './bucket-regions.ts'
import { allowsVirtual, buildPlace, type Place } from './destination.ts'

/** Limit of cached regions; AWS has about forty. */
const REGIONS_MAX = 100

/** Region names of other S3 servers; these are only signed. */
const FOREIGN_REGION = /^[A-Za-z0-9_-]{1,64}$/

/** The options of AWS's host names. */
interface AwsForm {
  readonly dualStack: boolean
  readonly fips: boolean
  readonly accelerate: boolean
}

/** The configuration of one bucket. */
type ConfiguredBucket =
  /** A fixed host: an endpoint, or an access point. */
  | { readonly kind: 'host'; readonly place: Place }
  | { readonly kind: 'region'; readonly region: string | undefined }
  | { readonly kind: 'refused'; readonly error: S3Error }

/**
 * Finds the host, style and region of each bucket: from the configuration, from AWS's rules for
 * hosts, and from regions that S3 has named.
 *
 * At AWS, a bucket's region is part of the host name. At any other endpoint, including a VPC
 * endpoint, the host is fixed and the region is only signed.
 */
export class UpstreamPlaces {
  readonly #config: UpstreamConfig
  readonly #endpoint: UpstreamEndpoint
  readonly #home: Place
  /** Undefined: the endpoint's host does not depend on the region. */
  readonly #form: AwsForm | undefined
  readonly #configured: ReadonlyMap<string, ConfiguredBucket>
  readonly #learnt: BucketRegions
  readonly #byRegion = new Map<string, Place>()

  constructor(
    config: UpstreamConfig,
    endpoint: UpstreamEndpoint,
    learnt: BucketRegions = new BucketRegions(),
  ) {
    this.#config = config
    this.#endpoint = endpoint
    this.#learnt = learnt
    this.#home = buildPlace(endpoint, config.addressing, config.region)
    this.#form = awsForm(config, endpoint)
    const configured = new Map<string, ConfiguredBucket>()
    for (const [name, bucket] of config.buckets) configured.set(name, this.#configure(name, bucket))
    this.#configured = configured
  }

  /**
   * Returns the place of a bucket, or of the service. Refused: 400 InvalidRequest for configured
   * names that AWS signs differently (directory buckets, multi-Region access points).
   */
  placeOf(bucket: string | undefined, key: string | undefined): Result<Place, S3Error> {
    if (bucket === undefined) return ok(this.#service())
    const region = this.#learnt.regionOf(bucket)
    const configured = this.#configured.size === 0 ? undefined : this.#configured.get(bucket)
    switch (configured?.kind) {
      case undefined:
        return ok(this.#regional(region, bucket, key))
      case 'region':
        return ok(this.#regional(region ?? configured.region, bucket, key))
      case 'host':
        return ok(region === undefined ? configured.place : { ...configured.place, region })
      case 'refused':
        return failure(configured.error)
    }
  }

  /** Returns the region to sign for. */
  regionOf(bucket: string | undefined): string {
    const place = this.placeOf(bucket, undefined)
    return place.ok ? place.value.region : this.#config.region
  }

  /**
   * Remembers the region that S3 names for a bucket. Returns false if it is not a valid region, or
   * is in another partition, where our buckets cannot be.
   */
  learn(bucket: string, region: string): boolean {
    const isUsable =
      this.#form === undefined
        ? FOREIGN_REGION.test(region)
        : isRegionName(region) && dnsSuffixOf(region) === dnsSuffixOf(this.#config.region)
    if (isUsable) this.#learnt.learn(bucket, region)
    return isUsable
  }

  /** Uses the configured region of a bucket again. */
  forget(bucket: string): void {
    this.#learnt.forget(bucket)
  }

  #configure(name: string, { region, endpoint }: BucketUpstream): ConfiguredBucket {
    if (endpoint !== undefined) {
      const named = region ?? awsHostRegion(endpoint.hostname) ?? this.#config.region
      return { kind: 'host', place: buildPlace(endpoint, this.#config.addressing, named) }
    }
    if (this.#form === undefined) return { kind: 'region', region }
    // AWS's rules decide which names are not a bucket in a region.
    const built = buildEndpoint({
      dualStack: this.#form.dualStack,
      fips: this.#form.fips,
      accelerate: false,
      region: region ?? this.#config.region,
      addressing: this.#config.addressing,
      bucket: name,
    })
    if (!built.ok) return { kind: 'refused', error: built.error }
    if (!name.startsWith('arn:')) return { kind: 'region', region }
    const { hostname, region: own } = built.value
    return { kind: 'host', place: buildPlace({ ...this.#endpoint, hostname }, 'bound', own) }
  }

  #service(): Place {
    return this.#form?.accelerate === true ? this.#inRegion(this.#config.region) : this.#home
  }

  #regional(region: string | undefined, bucket: string, key: string | undefined): Place {
    if (this.#form?.accelerate === true) {
      // Only objects are accelerated: the endpoint supports neither CreateBucket nor buckets in the
      // path.
      const isAccelerated = key !== undefined && allowsVirtual(bucket, this.#home.protocol)
      if (!isAccelerated) return this.#inRegion(region ?? this.#config.region)
    }
    if (region === undefined || region === this.#home.region) return this.#home
    if (this.#form === undefined || this.#form.accelerate) return { ...this.#home, region }
    return this.#inRegion(region)
  }

  #inRegion(region: string): Place {
    const known = this.#byRegion.get(region)
    if (known !== undefined) return known
    const place = this.#buildRegional(region)
    if (this.#byRegion.size < REGIONS_MAX) this.#byRegion.set(region, place)
    return place
  }

  #buildRegional(region: string): Place {
    const { dualStack = false, fips = false } = this.#form ?? {}
    const built = buildEndpoint({
      region,
      dualStack,
      fips,
      accelerate: false,
      addressing: 'path',
      bucket: undefined,
    })
    // The region is valid, so only options that the configuration refuses could fail here.
    if (!built.ok) return { ...this.#home, region }
    const { hostname } = built.value
    return buildPlace({ ...this.#endpoint, hostname }, this.#config.addressing, region)
  }
}

/** Returns how AWS's host names are built; undefined if the endpoint is not one of S3's regions. */
function awsForm(config: UpstreamConfig, { hostname }: UpstreamEndpoint): AwsForm | undefined {
  if (!config.isAws) return undefined
  const { dualStack, fips, accelerate } = config
  if (dualStack || fips || accelerate) return { dualStack, fips, accelerate }
  const host = recognizeS3Host(hostname)
  if (host === undefined || host.kind !== 'path') return undefined
  return {
    dualStack: hostname.includes('.dualstack.'),
    fips: host.form === 'fips',
    accelerate: false,
  }
}
