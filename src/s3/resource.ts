import { failure, ok, type Result } from '../base/result.ts'
import { parseBucketName } from './bucket-name.ts'
import type { S3Error } from './error.ts'
import { decodePercent } from './percent-encoding.ts'
import { refusal } from './refusals.ts'
import type { Target } from './target.ts'

/** The resource of a request: the service if there is no bucket, the bucket if there is no key. */
export interface Resource {
  /** Whether the client put the bucket in the path or in the Host field. */
  readonly style: 'path' | 'virtual'
  readonly bucket: string | undefined
  /** Decoded; never empty, at most 1,024 bytes of UTF-8. */
  readonly key: string | undefined
  /** Set for `POST /WriteGetObjectResponse`, which looks like a bucket with that name. */
  readonly route?: 'WriteGetObjectResponse'
}

/** The Host field, split. */
interface Host {
  /** Lower case, without port and trailing dot; an IPv6 address without brackets. */
  readonly hostname: string
  readonly port: number | undefined
}

/** The limit of a key's length in UTF-8. */
export const KEY_BYTES_MAX = 1024

const HOST_LENGTH_MAX = 255
const NO_PORT = -1

/**
 * Parses a Host field: a name or IPv4 address, or an IPv6 literal in brackets, and a port. A
 * trailing dot names the DNS root and is removed: `s3.test.` is the same host as `s3.test`.
 * Undefined for anything else: an empty text, an empty label, characters that no host name has.
 *
 * Source: RFC 9110 section 7.2, RFC 3986 section 3.2.2 (`_` allowed: container networks use it)
 */
export function parseHost(hostHeader: string): Host | undefined {
  if (hostHeader.length === 0 || hostHeader.length > HOST_LENGTH_MAX + 6) return undefined
  const isLiteral = hostHeader.charCodeAt(0) === 0x5b
  const end = isLiteral ? hostHeader.indexOf(']') + 1 : endOfName(hostHeader)
  if (end <= 0) return undefined
  const port = parsePort(hostHeader, end)
  if (port === undefined) return undefined
  const hostname = isLiteral
    ? hostHeader.slice(1, end - 1)
    : withoutLastDot(hostHeader.slice(0, end))
  if (isLiteral ? !isIpv6Text(hostname) : !isHostName(hostname)) return undefined
  return { hostname: hostname.toLowerCase(), port: port === NO_PORT ? undefined : port }
}

/**
 * Finds the bucket and key of a request, once. `hosts` are the served names (lower case). If the
 * Host field equals one of them, the request is path style; otherwise the longest one that is its
 * suffix makes it virtual-hosted style, and the rest before it is the bucket. Any other host is
 * refused, 403 AccessDenied `host-not-served`, because S3 would read it as a bucket.
 *
 * In path style `/bucket` and `/bucket/` both mean the bucket. `%2F` in the bucket's segment is
 * refused, 400 InvalidURI `bucket-encoded-slash`, because some servers split there and others do
 * not. {@link parseBucketName} checks the name; a key that is too long is refused, 400
 * KeyTooLongError.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */
export function resolveResource(
  hostHeader: string,
  hosts: readonly string[],
  target: Target,
  configuredNames?: ReadonlySet<string>,
): Result<Resource, S3Error> {
  const host = parseHost(hostHeader)
  if (host === undefined) {
    return failure(refusal('host-invalid'))
  }
  const served = findServed(host.hostname, hosts)
  if (served === undefined) {
    return failure(refusal('host-not-served', { hostname: host.hostname }))
  }
  if (served === '') return resolvePath(target, configuredNames)
  const bucket = parseBucketName(served, configuredNames)
  if (!bucket.ok) return bucket
  return withKey('virtual', bucket.value, target.path.slice(1))
}

/** Empty for the host itself; the text before it if it is a suffix; undefined if not served. */
function findServed(hostname: string, hosts: readonly string[]): string | undefined {
  let longest = 0
  for (const entry of hosts) {
    const host = entry.charCodeAt(0) === 0x5b ? entry.slice(1, -1) : entry
    if (hostname === host) return ''
    const dot = hostname.length - host.length - 1
    if (host.length > longest && hostname.charCodeAt(dot) === 0x2e && hostname.endsWith(host)) {
      longest = host.length
    }
  }
  return longest === 0 ? undefined : hostname.slice(0, hostname.length - longest - 1)
}

function resolvePath(
  { rawPath, path }: Target,
  configuredNames: ReadonlySet<string> | undefined,
): Result<Resource, S3Error> {
  if (path === '/') return ok({ style: 'path', bucket: undefined, key: undefined })
  if (path === '/WriteGetObjectResponse') {
    return ok({ style: 'path', bucket: undefined, key: undefined, route: 'WriteGetObjectResponse' })
  }
  const rawEnd = rawPath.indexOf('/', 1)
  const rawBucket = rawPath.slice(1, rawEnd === -1 ? rawPath.length : rawEnd)
  const name = decodePercent(rawBucket)
  if (name === undefined || name.includes('/')) {
    return failure(refusal('bucket-encoded-slash'))
  }
  const bucket = parseBucketName(name, configuredNames)
  if (!bucket.ok) return bucket
  // The bucket's segment has no slash, raw or encoded, so it is the first segment of the decoded
  // path too.
  return withKey('path', bucket.value, path.slice(name.length + 2))
}

function withKey(style: Resource['style'], bucket: string, key: string): Result<Resource, S3Error> {
  if (key === '') return ok({ style, bucket, key: undefined })
  const tooLong = refuseLongKey(key)
  return tooLong === undefined ? ok({ style, bucket, key }) : failure(tooLong)
}

/** Returns 400 KeyTooLongError for a key longer than {@link KEY_BYTES_MAX}; otherwise undefined. */
export function refuseLongKey(key: string): S3Error | undefined {
  if (!isTooLong(key)) return undefined
  const bytes = Buffer.byteLength(key, 'utf8')
  return refusal('key-too-long', { bytes, max: KEY_BYTES_MAX })
}

/** A character has one to three bytes in UTF-8 (a surrogate pair: four). */
function isTooLong(key: string): boolean {
  if (key.length > KEY_BYTES_MAX) return true
  if (key.length * 3 <= KEY_BYTES_MAX) return false
  return Buffer.byteLength(key, 'utf8') > KEY_BYTES_MAX
}

function endOfName(hostHeader: string): number {
  const colon = hostHeader.indexOf(':')
  return colon === -1 ? hostHeader.length : colon
}

/**
 * Returns {@link NO_PORT} if there is no port, or an empty one (RFC 3986 allows it); undefined if
 * it is not 0 to 65535.
 */
function parsePort(hostHeader: string, end: number): number | undefined {
  if (end === hostHeader.length) return NO_PORT
  const digits = hostHeader.length - end - 1
  if (hostHeader.charCodeAt(end) !== 0x3a || digits > 5) return undefined
  if (digits === 0) return NO_PORT
  let port = 0
  for (let i = end + 1; i < hostHeader.length; i++) {
    const code = hostHeader.charCodeAt(i)
    if (code < 0x30 || code > 0x39) return undefined
    port = port * 10 + code - 0x30
  }
  return port <= 65_535 ? port : undefined
}

/** Removes one dot only: `s3.test..` has an empty label and stays invalid. */
export function withoutLastDot(hostname: string): string {
  return hostname.endsWith('.') ? hostname.slice(0, -1) : hostname
}

function isHostName(text: string): boolean {
  if (text.length > HOST_LENGTH_MAX) return false
  let previous = 0x2e
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x2e ? previous === 0x2e : !isNameCode(code)) return false
    previous = code
  }
  return previous !== 0x2e
}

/** Letters, digits, `-` and `_`. */
function isNameCode(code: number): boolean {
  const lower = code | 0x20
  if (lower >= 0x61 && lower <= 0x7a) return true
  return (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x5f
}

/** Hex digits, colons and the dots of an embedded IPv4 address; enough to compare with `hosts`. */
function isIpv6Text(text: string): boolean {
  if (text.length < 2) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const lower = code | 0x20
    const isHex = (code >= 0x30 && code <= 0x39) || (lower >= 0x61 && lower <= 0x66)
    if (!isHex && code !== 0x3a && code !== 0x2e) return false
  }
  return true
}
