import type { UpstreamConfig, UpstreamEndpoint } from '../config/config.ts'
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
}

/** What of a request its destination depends on. */
export interface Addressed {
  readonly bucket: string | undefined
  /** Decoded. */
  readonly key: string | undefined
  readonly query: readonly QueryParameter[]
}

/**
 * Builds the destination at the configured endpoint, path style or virtual-hosted style. Path and
 * query are the normal form that was decided on, never the octets that the client sent, and they
 * never pass through `new URL()`, which would rewrite keys (`/a/%2e%2e/b//c` becomes `/b//c`).
 */
export function buildDestination(
  endpoint: UpstreamEndpoint,
  addressing: UpstreamConfig['addressing'],
  { bucket, key, query }: Addressed,
): Destination {
  const isVirtual =
    addressing === 'virtual' && bucket !== undefined && allowsVirtual(endpoint, bucket)
  const hostname = isVirtual ? `${bucket}.${endpoint.hostname}` : endpoint.hostname
  const keyPath = key === undefined ? '' : encodePath(key)
  const path = isVirtual || bucket === undefined ? `/${keyPath}` : `/${bucket}/${keyPath}`
  const bracketed = hostname.includes(':') ? `[${hostname}]` : hostname
  const isDefaultPort = endpoint.port === (endpoint.protocol === 'https:' ? 443 : 80)
  return {
    origin: `${endpoint.protocol}//${bracketed}:${endpoint.port}`,
    host: isDefaultPort ? bracketed : `${bracketed}:${endpoint.port}`,
    path: bucket !== undefined && key === undefined && !isVirtual ? `/${bucket}` : path,
    query: query.length === 0 ? '' : canonicalQuery(query),
  }
}

/** A bucket with dots has no valid certificate under a wildcard, so over TLS it goes by path. */
function allowsVirtual(endpoint: UpstreamEndpoint, bucket: string): boolean {
  return endpoint.protocol === 'http:' || !bucket.includes('.')
}
