import { type HeaderList, headerCount, headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import {
  type AbsoluteTarget,
  type Authority,
  agreesWithHost,
  parseAbsoluteTarget,
} from '../s3/absolute-target.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
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

/**
 * Finds the destination of a request to the proxy: an absolute-form target, and the one Host field
 * must agree with it. A request in origin-form arrived because of a DNS entry: its Host field names
 * the destination, and `isDirect` is set.
 *
 * Refused: 400 InvalidURI `egress-target`, 400 InvalidRequest `egress-host-mismatch`.
 *
 * Source: RFC 9112 section 3.2
 */
export function locateRequest(
  rawTarget: string,
  headers: HeaderList,
): Result<AbsoluteTarget & { readonly isDirect: boolean }, S3Error> {
  const hostHeader = headerValue(headers, 'host')
  if (hostHeader === undefined || headerCount(headers, 'host') !== 1) {
    return failure(refusal('egress-host-mismatch'))
  }
  if (rawTarget.startsWith('/')) {
    const host = parseHost(hostHeader)
    if (host === undefined) return failure(refusal('egress-host-mismatch'))
    const { hostname, port = 80 } = host
    return ok({ scheme: 'http', hostname, port, originForm: rawTarget, isDirect: true })
  }
  const target = parseAbsoluteTarget(rawTarget)
  if (target === undefined) return failure(refusal('egress-target'))
  const defaultPort = target.scheme === 'http' ? 80 : 443
  if (!agreesWithHost(hostHeader, target, defaultPort))
    return failure(refusal('egress-host-mismatch'))
  return ok({ ...target, isDirect: false })
}
