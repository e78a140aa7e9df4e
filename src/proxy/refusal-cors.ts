import { type HeaderList, headerValue } from '../base/header-list.ts'
import { isPreflight, isSomebodysBucket } from '../request/identify.ts'
import type { S3Error } from '../s3/error.ts'
import { askPreflight } from '../upstream/ask.ts'
import type { Exchange } from './exchange.ts'
import type { Gate } from './gate.ts'

/**
 * The fields that let a page of another origin read a refusal of ours: those that S3 itself would put
 * on its own, by the bucket's CORS rules. Without them a page that holds an expired URL cannot tell
 * its 403 from a network that is down. Only S3 knows the rules: it is asked with one preflight of our
 * own, unsigned as any. None where there is no Origin or no rule for it, or where S3 does not answer
 * in time.
 *
 * Source: ceph/s3-tests, test_cors_origin_response (which AWS passes): a 403 and a 404 bear the rule's
 * fields
 */
export async function readRefusalCors(
  gate: Gate,
  exchange: Exchange,
  error: S3Error,
): Promise<HeaderList> {
  const { parsed, request } = exchange
  const origin = headerValue(exchange.headers, 'origin')
  if (origin === undefined || parsed === undefined || isPreflight(parsed)) return []
  const { bucket, key } = parsed.resource
  if (bucket === undefined || !isWorthAsking(exchange, error)) return []
  if (!isSomebodysBucket(gate.authenticationContext(exchange), bucket)) return []
  const page = { origin, method: request.method ?? '' }
  const { cancellation } = exchange
  const { head, failures } = await askPreflight(gate.upstream, cancellation, { bucket, key }, page)
  exchange.noteUpstreamFailures(failures)
  return head?.status === 200 ? corsFields(head.headers) : []
}

/**
 * Not for one that signed nothing: it holds no address that could have expired, and of what any page
 * can send, nothing goes on. Not where nobody waits any more, there is too much to do already, or S3
 * is out of reach.
 */
function isWorthAsking(exchange: Exchange, { code, reason, source }: S3Error): boolean {
  if (exchange.ending.kind !== 'open' || exchange.response.headersSent) return false
  const { parsed, client } = exchange
  const isStrangersRead =
    reason === 'encryption-headers-on-read' &&
    client === undefined &&
    parsed?.authentication.kind === 'anonymous'
  if (code === 'SlowDown' || reason === 'anonymous' || isStrangersRead) return false
  return source === 'downstream' || exchange.upstreamStatus !== undefined
}

function corsFields(headers: HeaderList): HeaderList {
  const fields: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (name === 'vary' || name.startsWith('access-control-'))
      fields.push(name, headers[i + 1] ?? '')
  }
  return fields
}
