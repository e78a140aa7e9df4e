import { parseHost, withoutLastDot } from '../s3/resource.ts'

/** A host and a port, both known. */
export interface Authority {
  /** Lower case, without a last dot; IPv6 without brackets. */
  readonly hostname: string
  readonly port: number
}

/** A request target in absolute-form, taken apart. */
export interface AbsoluteTarget extends Authority {
  readonly scheme: 'http' | 'https'
  /** The rest in origin-form: octets as received, `/` where there is no path. */
  readonly originForm: string
}

/**
 * Splits an absolute-form target by hand: `new URL()` would make another key of `/a/%2e%2e/b//c`.
 * Undefined for anything else: another scheme, user information, no host, a bad port.
 *
 * Source: RFC 9112 section 3.2.2
 */
export function parseAbsoluteTarget(rawTarget: string): AbsoluteTarget | undefined {
  const scheme = schemeOf(rawTarget)
  if (scheme === undefined) return undefined
  const start = scheme.length + 3
  let end = start
  while (end < rawTarget.length && !'/?#'.includes(rawTarget.charAt(end))) end++
  const host = parseHost(rawTarget.slice(start, end))
  if (host === undefined) return undefined
  const port = host.port ?? (scheme === 'http' ? 80 : 443)
  const rest = rawTarget.slice(end)
  const originForm = rest.startsWith('/') ? rest : `/${rest}`
  return { scheme, hostname: host.hostname, port, originForm }
}

/**
 * Reads the target of CONNECT, `host:port`; the port is required.
 *
 * Source: RFC 9110 section 9.3.6
 */
export function parseConnectTarget(rawTarget: string): Authority | undefined {
  const host = parseHost(rawTarget)
  if (host?.port === undefined || host.port === 0) return undefined
  return { hostname: host.hostname, port: host.port }
}

/** The host that SNI names. RFC 6066 section 3 leaves the last dot out; some clients send it. */
export function serverNameHost(servername: string): string {
  return withoutLastDot(servername.toLowerCase())
}

/** Tells whether a Host field names the authority; without a port it means `defaultPort`. */
export function agreesWithHost(
  hostHeader: string,
  authority: Authority,
  defaultPort: number,
): boolean {
  const host = parseHost(hostHeader)
  if (host === undefined || host.hostname !== authority.hostname) return false
  return (host.port ?? defaultPort) === authority.port
}

function schemeOf(rawTarget: string): 'http' | 'https' | undefined {
  const head = rawTarget.slice(0, 8).toLowerCase()
  if (head.startsWith('http://')) return 'http'
  return head === 'https://' ? 'https' : undefined
}
