import { type HeaderList, headerValue } from '../base/header-list.ts'
import { isAnyClientsBucket, isPreflight } from '../request/identify.ts'
import type { S3Error } from '../s3/error.ts'
import { type Asked, askPreflight } from '../upstream/ask.ts'
import type { Exchange } from './exchange.ts'
import type { Generation } from './generation.ts'
import type { Journal } from './journal.ts'

/**
 * The fields that let a page of another origin read a refusal of ours: those that S3 itself would put
 * on its own, by the bucket's CORS rules. Without them a page that holds an expired URL cannot tell
 * its 403 from a network that is down. Only S3 knows the rules: it is asked with one preflight of our
 * own, unsigned as any. Undefined if S3 is not asked: there is no Origin,
 * or it makes no sense.
 *
 * Source: ceph/s3-tests, test_cors_origin_response (which AWS passes): a 403 and a 404 bear the rule's
 * fields
 */
export async function readRefusalCors(
  generation: Generation,
  exchange: Exchange,
  journal: Journal,
  error: S3Error,
): Promise<Asked | undefined> {
  const { request } = journal
  const origin = headerValue(exchange.headers, 'origin')
  if (origin === undefined || request === undefined || isPreflight(request)) return undefined
  const { bucket, key } = request.resource
  if (bucket === undefined || !isWorthAsking(exchange, journal, error)) return undefined
  if (!isAnyClientsBucket(generation.authenticationContext(exchange), bucket)) return undefined
  const page = { origin, method: request.method }
  return askPreflight(generation.upstream, exchange.cancellation, { bucket, key }, page)
}

/**
 * Not for one that signed nothing: it holds no address that could have expired, and of what any page
 * can send, nothing goes on. Not where nobody waits any more, there is too much to do already, or S3
 * is out of reach.
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
  if (code === 'SlowDown' || reason === 'anonymous' || isStrangersRead) return false
  return source === 'downstream' || attempts?.head !== undefined
}

/** The fields that a refusal takes from S3's answer. */
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
