import { type HeaderList, headerValue } from '../base/header-list.ts'
import { type AuthenticationContext, isAnyClientsBucket, isPreflight } from '../request/identify.ts'
import type { S3Error } from '../s3/error.ts'
import { type Asked, askPreflight } from '../upstream/ask.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { Exchange } from './exchange.ts'
import type { Journal } from './journal.ts'

/**
 * Returns the fields that let a page of another origin read our refusal: those that S3 itself would
 * add by the bucket's CORS rules. Without them a page with an expired URL cannot distinguish its
 * 403 from a network failure. Only S3 knows the rules, so we send it one preflight of our own,
 * unsigned as usual. Undefined if S3 is not asked: there is no Origin, or asking makes no sense.
 *
 * Source: ceph/s3-tests, test_cors_origin_response (which AWS passes): a 403 and a 404 have the
 * rule's fields
 */
export async function readRefusalCors(
  upstream: Upstream,
  context: AuthenticationContext,
  exchange: Exchange,
  journal: Journal,
  error: S3Error,
): Promise<Asked | undefined> {
  const { request } = journal
  const origin = headerValue(exchange.headers, 'origin')
  if (origin === undefined || request === undefined || isPreflight(request)) return undefined
  const { bucket, key } = request.resource
  if (bucket === undefined || !isWorthAsking(exchange, journal, error)) return undefined
  if (!isAnyClientsBucket(context, bucket)) return undefined
  const page = { origin, method: request.method }
  return askPreflight(upstream, exchange.cancellation, { bucket, key }, page)
}

/**
 * Skip unsigned requests: they have no URL that could have expired, and nothing an arbitrary page
 * sends may reach S3. Skip malformed HTTP, which no browser sends. Also skip if the client has disconnected, if the proxy is overloaded, or if
 * S3 is unreachable.
 */
function isWorthAsking(
  exchange: Exchange,
  { request, client, attempts }: Journal,
  { code, reason, source }: S3Error,
): boolean {
  if (exchange.ending.kind !== 'open' || exchange.response.headersSent) return false
  const isStrangersRead =
    reason === 'encryption-headers-on-read' &&
    client === undefined &&
    request?.authentication.kind === 'anonymous'
  const isNoPages = reason === 'anonymous' || reason === 'malformed-http' || isStrangersRead
  if (code === 'SlowDown' || isNoPages) return false
  return source === 'downstream' || attempts?.head !== undefined
}

/** The fields that a refusal copies from S3's answer. */
export function corsFields(asked: Asked | undefined): HeaderList {
  if (asked?.head?.status !== 200) return []
  const { headers } = asked.head
  const fields: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (name === 'vary' || name.startsWith('access-control-'))
      fields.push(name, headers[i + 1] ?? '')
  }
  return fields
}
