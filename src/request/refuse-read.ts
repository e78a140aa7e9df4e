import type { HeaderList } from '../base/header-list.ts'
import type { Policy } from '../policy/policy.ts'
import { refuseReadHeaders } from '../policy/read-headers.ts'
import type { S3Error } from '../s3/error.ts'
import { parseQuery } from '../s3/query.ts'
import type { S3Request } from './read-request.ts'

/** A request head, parsed or not. */
interface ReceivedHead {
  readonly method: string
  /** In origin-form. */
  readonly rawTarget: string
  readonly headers: HeaderList
  readonly parsed: S3Request | undefined
}

/**
 * Returns the refusal of a GET or HEAD with an encryption header or hoisted parameter in preference
 * to `error`: 400 whatever else is wrong with the request, because no change of the signature can
 * fix it. Only SlowDown (503) takes precedence.
 */
export function refuseReadFirst(policy: Policy, head: ReceivedHead, error: S3Error): S3Error {
  const { method, parsed } = head
  if ((method !== 'GET' && method !== 'HEAD') || error.code === 'SlowDown') return error
  // CreateSession accepts these headers.
  if (parsed?.operation.acceptsEncryption === 'all') return error
  const refused = refuseReadHeaders(policy, parsed?.headers ?? namesOf(head))
  if (refused === undefined) return error
  return error.client === undefined ? refused : { ...refused, client: error.client }
}

/** The headers, plus the query's names as headers. */
function namesOf({ headers, rawTarget }: ReceivedHead): HeaderList {
  const mark = rawTarget.indexOf('?')
  const query = parseQuery(mark === -1 ? '' : rawTarget.slice(mark + 1))
  if (!query.ok) return headers
  return [...headers, ...query.value.flatMap(({ name, value }) => [name.toLowerCase(), value])]
}
