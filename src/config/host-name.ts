import { isIPv4, isIPv6 } from 'node:net'
import { withoutLastDot } from '../s3/resource.ts'

/** The limit of a host name. Source: RFC 1035 section 2.3.4. */
const HOST_NAME_CHARS_MAX = 253

/**
 * Returns whether the text is a lower-case DNS name or an IPv4 address; no port, no trailing dot.
 */
export function isHostName(text: string): boolean {
  if (isIPv4(text)) return true
  if (text.length === 0 || text.length > HOST_NAME_CHARS_MAX) return false
  // A numeric last label makes the name an IPv4 address, in forms that inet_aton(3) still accepts
  // (WHATWG URL, "ends in a number").
  if (/(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(text)) return false
  return text.split('.').every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))
}

/**
 * Normalises a host that a listener serves, in the form of a Host header without port: lower case,
 * no trailing dot, IPv6 in brackets. Undefined if it is not a host.
 */
export function parseHostHeaderName(text: string): string | undefined {
  const host = text.toLowerCase()
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  if (isIPv6(bare)) return `[${bare}]`
  const name = withoutLastDot(host)
  return isHostName(name) ? name : undefined
}
