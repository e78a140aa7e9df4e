import type { UpstreamEndpoint } from '../config/config.ts'
import { encodePath } from '../s3/percent-encoding.ts'
import { canonicalQuery, type QueryParameter } from '../s3/query.ts'

/**
 * The destination of one request: the origin of its connection pool, and the fields of its head.
 */
export interface Destination {
  /** `http://host:port`, built only from the configuration and a checked bucket name. */
  readonly origin: string
  /** The value of the Host field; without the port if it is the scheme's default. */
  readonly host: string
  /** Path in normal form, encoded once, without the query. */
  readonly path: string
  /** The query in SigV4's canonical form, without `?`; may be empty. */
  readonly query: string
  /** The region to sign for. */
  readonly region: string
}

/** The parts of a request that determine its destination. */
export interface Addressed {
  readonly bucket: string | undefined
  /** Decoded. */
  readonly key: string | undefined
  readonly query: readonly QueryParameter[]
}

/** An endpoint for buckets, prepared once. */
export interface Place {
  readonly protocol: UpstreamEndpoint['protocol']
  /** `host:port`, IPv6 in brackets; with the trailing dot if the name has one. */
  readonly authority: string
  /** The same for a Host field: no trailing dot, and no port if it is the scheme's default. */
  readonly host: string
  /** `bound`: the host name denotes one bucket (an access point), so the path is `/key`. */
  readonly addressing: 'virtual' | 'path' | 'bound'
  readonly region: string
}

/** Prepares the place of an endpoint. */
export function buildPlace(
  { protocol, hostname, isRooted, port }: UpstreamEndpoint,
  addressing: Place['addressing'],
  region: string,
): Place {
  const bracketed = hostname.includes(':') ? `[${hostname}]` : hostname
  const isDefaultPort = port === (protocol === 'https:' ? 443 : 80)
  return {
    protocol,
    authority: `${bracketed}${isRooted ? '.' : ''}:${port}`,
    host: isDefaultPort ? bracketed : `${bracketed}:${port}`,
    addressing,
    region,
  }
}

/**
 * Builds the destination at a place, path style or virtual-hosted style. Path and query are the
 * normal form that was judged, never the client's raw bytes. They never pass through `new URL()`,
 * which would rewrite keys (`/a/%2e%2e/b//c` becomes `/b//c`).
 */
export function buildDestination(place: Place, { bucket, key, query }: Addressed): Destination {
  const isVirtual =
    place.addressing === 'virtual' && bucket !== undefined && allowsVirtual(bucket, place.protocol)
  const prefix = isVirtual ? `${bucket}.` : ''
  const inPath = bucket === undefined || isVirtual || place.addressing === 'bound' ? '' : bucket
  return {
    origin: `${place.protocol}//${prefix}${place.authority}`,
    host: `${prefix}${place.host}`,
    path: pathOf(inPath, key),
    query: query.length === 0 ? '' : canonicalQuery(query),
    region: place.region,
  }
}

/** Returns the request target in origin-form. */
export function targetOf({ path, query }: Destination): string {
  return query === '' ? path : `${path}?${query}`
}

function pathOf(bucket: string, key: string | undefined): string {
  if (bucket === '') return key === undefined ? '/' : `/${encodePath(key)}`
  return key === undefined ? `/${bucket}` : `/${bucket}/${encodePath(key)}`
}

/**
 * Labels of a host name. Old buckets may have other names: upper case, `_`, up to 255 characters.
 */
const HOST_LABELS = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/

/**
 * Returns whether a bucket name can be part of a host name; otherwise it uses path style. Host
 * names are case-insensitive: `MyBucket.s3…` would be the bucket `mybucket`. Over TLS, a wildcard
 * certificate does not cover a bucket name with dots.
 */
export function allowsVirtual(bucket: string, protocol: Place['protocol']): boolean {
  return HOST_LABELS.test(bucket) && (protocol === 'http:' || !bucket.includes('.'))
}
