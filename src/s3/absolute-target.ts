import { type HeaderList, headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from './error.ts'
import { refusal } from './refusals.ts'
import { parseHost } from './resource.ts'

/** A host and a port, both known. */
export interface Authority {
  /** Lower case, without a last dot; IPv6 without brackets. */
  readonly hostname: string
  readonly port: number
}

/** A request target in absolute-form, split. */
export interface AbsoluteTarget extends Authority {
  readonly scheme: 'http' | 'https'
  /** The rest in origin-form: bytes as received, `/` if there is no path. */
  readonly originForm: string
}

/**
 * Converts a request target to origin-form. Every server must accept absolute-form. Such a target
 * must name the scheme of the connection and the host of the Host field: the signature covers Host,
 * and thus also covers the target. Clients must send both alike (RFC 9112 section 3.2).
 *
 * Refused: 400 InvalidRequest `target-host-mismatch`. A target in neither form is returned
 * unchanged; `parseTarget` refuses it.
 *
 * Source: RFC 9112 section 3.2.2, RFC 9110 section 7.4
 */
export function originFormOf(
  rawTarget: string,
  headers: HeaderList,
  scheme: AbsoluteTarget['scheme'],
): Result<string, S3Error> {
  if (rawTarget.charCodeAt(0) === 0x2f) return ok(rawTarget)
  const target = parseAbsoluteTarget(rawTarget)
  if (target === undefined) return ok(rawTarget)
  const host = headerValue(headers, 'host') ?? ''
  return target.scheme === scheme && agreesWithHost(host, target, defaultPort(scheme))
    ? ok(target.originForm)
    : failure(refusal('target-host-mismatch'))
}

/**
 * Splits an absolute-form target by hand: `new URL()` would turn `/a/%2e%2e/b//c` into another key.
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
  const port = host.port ?? defaultPort(scheme)
  const rest = rawTarget.slice(end)
  const originForm = rest.startsWith('/') ? rest : `/${rest}`
  return { scheme, hostname: host.hostname, port, originForm }
}

/** Returns whether a Host field names the authority; without a port it means `defaultPort`. */
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

function defaultPort(scheme: AbsoluteTarget['scheme']): number {
  return scheme === 'http' ? 80 : 443
}
