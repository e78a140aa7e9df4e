import type { Authority } from '../s3/absolute-target.ts'
import { parseHost, withoutLastDot } from '../s3/resource.ts'

/**
 * Parses the target of CONNECT, `host:port`; the port is required.
 *
 * Source: RFC 9110 section 9.3.6
 */
export function parseConnectTarget(rawTarget: string): Authority | undefined {
  const host = parseHost(rawTarget)
  if (host?.port === undefined || host.port === 0) return undefined
  return { hostname: host.hostname, port: host.port }
}

/** The host that SNI names. RFC 6066 section 3 omits the trailing dot; some clients send it. */
export function serverNameHost(servername: string): string {
  return withoutLastDot(servername.toLowerCase())
}
