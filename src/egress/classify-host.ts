import type { ListenerConfig, UpstreamConfig, UpstreamEndpoint } from '../config/config.ts'
import type { Authority } from '../s3/absolute-target.ts'
import { recognizeS3Host, type S3HostForm } from '../s3/s3-host.ts'

/** The kind of a host for the egress listener. */
export type HostClass =
  /** S3: the policy applies to its requests. */
  | {
      readonly kind: 's3'
      /** The host name without the bucket, as in a listener's `hosts`. */
      readonly hosts: readonly string[]
      /** Regions that a client may have signed for; never empty. */
      readonly regions: readonly string[]
    }
  /** S3 in a form that no policy applies to: always refused. */
  | { readonly kind: 'unsupported'; readonly form: S3HostForm }
  | { readonly kind: 'other' }

/** Hosts that are S3 here besides AWS's names. */
interface S3Sites {
  readonly listener: ListenerConfig
  readonly upstream: UpstreamConfig
  readonly endpoint: UpstreamEndpoint
}

/** The region of S3's names without one, by convention; the bucket may be in any region. */
const GLOBAL_REGION = 'us-east-1'

/**
 * Distinguishes S3 from other hosts: AWS's names, the listener's own `hosts`, and the upstream
 * itself with the endpoints of single buckets, which must not be reachable without the policy.
 */
export function classifyHost(authority: Authority, sites: S3Sites): HostClass {
  const { hostname, port } = authority
  const { listener, upstream, endpoint } = sites
  const s3 = recognizeS3Host(hostname)
  if (s3 !== undefined) {
    if (s3.kind === 'unsupported') return { kind: 'unsupported', form: s3.form }
    const service = s3.bucket === undefined ? hostname : hostname.slice(s3.bucket.length + 1)
    const regions =
      s3.region === undefined ? regionsWithout(upstream, s3.bucket) : ([s3.region] as const)
    return { kind: 's3', hosts: [service], regions }
  }
  if (listener.hosts.some((host) => isWithin(hostname, host))) {
    return { kind: 's3', hosts: listener.hosts, regions: [upstream.region] }
  }
  for (const site of [{ endpoint, region: undefined }, ...upstream.buckets.values()]) {
    if (site.endpoint?.port !== port || !isWithin(hostname, site.endpoint.hostname)) continue
    return {
      kind: 's3',
      hosts: [site.endpoint.hostname],
      regions: [site.region ?? upstream.region],
    }
  }
  return { kind: 'other' }
}

/** A client that knows the bucket's region signs for it, others for us-east-1. */
function regionsWithout(upstream: UpstreamConfig, bucket: string | undefined): readonly string[] {
  const ofBucket = bucket === undefined ? undefined : upstream.buckets.get(bucket)?.region
  return [ofBucket ?? upstream.region, upstream.region, GLOBAL_REGION]
}

function isWithin(hostname: string, entry: string): boolean {
  const host = entry.startsWith('[') ? entry.slice(1, -1) : entry
  return hostname === host || hostname.endsWith(`.${host}`)
}
