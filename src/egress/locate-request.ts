import { type HeaderList, headerCount, headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import { type AbsoluteTarget, agreesWithHost, parseAbsoluteTarget } from '../s3/absolute-target.ts'
import type { S3Error } from '../s3/error.ts'
import { parseHost } from '../s3/resource.ts'
import { badTarget, hostMismatch } from './refusals.ts'

/**
 * Finds out where a request to the proxy goes: an absolute-form target, with which the one Host field
 * must agree. A request in origin-form has come here because somebody's DNS says so: its Host field
 * tells, and `isDirect` is set.
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
    return failure(hostMismatch())
  }
  if (rawTarget.startsWith('/')) {
    const host = parseHost(hostHeader)
    if (host === undefined) return failure(hostMismatch())
    const { hostname, port = 80 } = host
    return ok({ scheme: 'http', hostname, port, originForm: rawTarget, isDirect: true })
  }
  const target = parseAbsoluteTarget(rawTarget)
  if (target === undefined) return failure(badTarget())
  const defaultPort = target.scheme === 'http' ? 80 : 443
  if (!agreesWithHost(hostHeader, target, defaultPort)) return failure(hostMismatch())
  return ok({ ...target, isDirect: false })
}
