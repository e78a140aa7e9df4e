import { isIP, isIPv4 } from 'node:net'
import type { SocketAddress } from './config.ts'
import { isHostName } from './host-name.ts'

/**
 * Parses `host:port`, `[::1]:8080` or `:8080` (all IPv6 and IPv4 addresses); port 0 is any free
 * one. Undefined for anything else. The returned host is in lower case, without brackets.
 */
export function parseSocketAddress(text: string): SocketAddress | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const [, bracketed, plain = '', digits = ''] = match
  const port = Number.parseInt(digits, 10)
  if (port > 65_535) return undefined
  if (bracketed !== undefined) {
    return isIP(bracketed) === 6 ? { host: bracketed.toLowerCase(), port } : undefined
  }
  if (plain === '') return { host: '::', port }
  const host = plain.toLowerCase()
  return isHostName(host) ? { host, port } : undefined
}

/** Returns whether the host (lower case, no brackets) is a loopback address. */
export function isLoopbackHost(host: string): boolean {
  if (isIPv4(host)) return host.startsWith('127.')
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  return isIP(host) === 6 && /^(?:0*:)*:?0*1$/.test(host) && !/[1-9a-f]/.test(host.slice(0, -1))
}

/** Returns whether the host means all addresses of the machine. */
export function isWildcardHost(host: string): boolean {
  return host === '0.0.0.0' || (isIP(host) === 6 && /^[0:]+$/.test(host))
}

/** Returns whether two sockets collide. Port 0 never collides. */
export function addressesCollide(a: SocketAddress, b: SocketAddress): boolean {
  if (a.port === 0 || a.port !== b.port) return false
  return a.host === b.host || isWildcardHost(a.host) || isWildcardHost(b.host)
}

/**
 * Builds the options of node's `listen`. For all addresses the host is left out: then node uses
 * IPv4 only if the kernel has no IPv6, where an explicit `::` would be an error.
 */
export function toListenOptions({ host, port }: SocketAddress): { host?: string; port: number } {
  return host === '::' ? { port } : { host, port }
}

/** Formats an address as in the file: `127.0.0.1:8080`, `[::1]:8080`. */
export function formatSocketAddress({ host, port }: SocketAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}
