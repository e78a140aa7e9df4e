import { isIP, isIPv6 } from 'node:net'
import { failure, ok, type Result } from '../base/result.ts'
import { withoutLastDot } from '../s3/resource.ts'
import type { UpstreamEndpoint } from './config.ts'
import { isHostName } from './host-name.ts'

/**
 * Parses `https://host[:port]`; a trailing slash and a trailing dot of the name are allowed. The
 * error is a message. Does not use `new URL`, because it would silently turn `https://2130706433`
 * into 127.0.0.1.
 */
export function parseEndpoint(text: string): Result<UpstreamEndpoint, string> {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)/.exec(text)
  if (match === null) return failure('write it as https://HOST or https://HOST:PORT')
  const [whole, scheme = '', authority = ''] = match
  const rest = text.slice(whole.length)
  const protocol = `${scheme.toLowerCase()}:`
  if (protocol !== 'https:' && protocol !== 'http:') {
    return failure(`${scheme}:// is not supported; write https://HOST`)
  }
  if (rest !== '' && rest !== '/') {
    return failure('a path or query is not allowed; write only https://HOST[:PORT]')
  }
  if (authority.includes('@')) {
    return failure('a user or password is not allowed; put credentials into upstream.credentials')
  }
  const parts = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(authority.toLowerCase())
  if (parts === null) return failure(`"${authority}" is not HOST or HOST:PORT`)
  const [, bracketed, plain = '', digits] = parts
  const hostname = bracketed ?? withoutLastDot(plain)
  const isValid = bracketed === undefined ? isHostName(hostname) : isIPv6(bracketed)
  if (!isValid) return failure(`"${authority}" is not a valid host`)
  const port = digits === undefined ? defaultPort(protocol) : Number.parseInt(digits, 10)
  if (port < 1 || port > 65_535) return failure(`${port} is not a port: 1 to 65535`)
  const isRooted = bracketed === undefined && hostname !== plain && isIP(hostname) === 0
  return ok({ kind: 'url', protocol, hostname, ...(isRooted ? { isRooted } : {}), port })
}

function defaultPort(protocol: 'http:' | 'https:'): number {
  return protocol === 'https:' ? 443 : 80
}
