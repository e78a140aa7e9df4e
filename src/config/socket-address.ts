import { isIP, isIPv4 } from 'node:net'
import type { SocketAddress } from './config.ts'
import { isHostName } from './host-name.ts'

/**
 * Reads `host:port`, `[::1]:8080` or `:8080` (every IPv6 and IPv4 address); port 0 is any free one.
 * Undefined where it is none of these. The host comes without brackets, in lower case.
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

/** Tells whether the host (no brackets, lower case) is of the loopback range. */
export function isLoopbackHost(host: string): boolean {
  if (isIPv4(host)) return host.startsWith('127.')
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  return isIP(host) === 6 && /^(?:0*:)*:?0*1$/.test(host) && !/[1-9a-f]/.test(host.slice(0, -1))
}

/** Tells whether the host stands for every address of the machine. */
export function isWildcardHost(host: string): boolean {
  return host === '0.0.0.0' || (isIP(host) === 6 && /^[0:]+$/.test(host))
}

/** Tells whether two sockets cannot be bound at once. Port 0 never collides. */
export function addressesCollide(a: SocketAddress, b: SocketAddress): boolean {
  if (a.port === 0 || a.port !== b.port) return false
  return a.host === b.host || isWildcardHost(a.host) || isWildcardHost(b.host)
}

/**
 * What node's `listen` gets. Every address is said by leaving the host out: then node takes IPv4 alone
 * where the kernel was started without IPv6, and an explicit `::` would be an error.
 */
export function toListenOptions({ host, port }: SocketAddress): { host?: string; port: number } {
  return host === '::' ? { port } : { host, port }
}

/** Writes it as it is written in the file: `127.0.0.1:8080`, `[::1]:8080`. */
export function formatSocketAddress({ host, port }: SocketAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}
