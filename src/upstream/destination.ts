import type { UpstreamEndpoint } from '../config/config.ts'
import { encodePath } from '../s3/percent-encoding.ts'
import { canonicalQuery, type QueryParameter } from '../s3/query.ts'

/** Where one request goes: the origin that a connection pool serves, and what its head says. */
export interface Destination {
  /** `http://host:port`, only ever built from the configuration and a checked bucket name. */
  readonly origin: string
  /** The value of the Host field; without the port where it is the scheme's default. */
  readonly host: string
  /** Path in normal form, encoded once, without the query. */
  readonly path: string
  /** The query in SigV4's canonical form, without `?`; empty where there is none. */
  readonly query: string
  /** The region to sign for. */
  readonly region: string
}

/** What of a request its destination depends on. */
export interface Addressed {
  readonly bucket: string | undefined
  /** Decoded. */
  readonly key: string | undefined
  readonly query: readonly QueryParameter[]
}

/** A place where buckets are reached, prepared once. */
export interface Place {
  readonly protocol: UpstreamEndpoint['protocol']
  /** `host:port`, IPv6 in brackets; with the last dot of a name that has one. */
  readonly authority: string
  /** The same as a Host field has it: no last dot, and no port if it is the scheme's default. */
  readonly host: string
  /** `bound`: the name itself stands for one bucket (an access point), so the path is `/key`. */
  readonly addressing: 'virtual' | 'path' | 'bound'
  readonly region: string
}

/** Prepares the place at an endpoint. */
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
 * normal form that was decided on, never the octets that the client sent, and they never pass through
 * `new URL()`, which would rewrite keys (`/a/%2e%2e/b//c` becomes `/b//c`).
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

/** The request target in origin-form. */
export function targetOf({ path, query }: Destination): string {
  return query === '' ? path : `${path}?${query}`
}

function pathOf(bucket: string, key: string | undefined): string {
  if (bucket === '') return key === undefined ? '/' : `/${encodePath(key)}`
  return key === undefined ? `/${bucket}` : `/${bucket}/${encodePath(key)}`
}

/** Labels of a host name. Not so the names of old buckets with upper case, `_` or up to 255 characters. */
const HOST_LABELS = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/

/**
 * Whether a bucket's name can stand in a host name; else it goes by path. A host has no case:
 * `MyBucket.s3…` would be the bucket `mybucket`. And a bucket with dots has no valid certificate under
 * a wildcard, over TLS.
 */
export function allowsVirtual(bucket: string, protocol: Place['protocol']): boolean {
  return HOST_LABELS.test(bucket) && (protocol === 'http:' || !bucket.includes('.'))
}
