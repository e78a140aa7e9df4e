import type { HeaderList } from '../base/header-list.ts'
import type { Policy } from '../policy/policy.ts'
import { originFormOf } from '../s3/absolute-target.ts'
import type { S3Error } from '../s3/error.ts'
import { readRequest, type S3Request } from './read-request.ts'
import { refuseReadFirst } from './refuse-read.ts'

/** A request head, as received. */
export interface ReceivedHead {
  readonly method: string
  readonly rawTarget: string
  /** Names in lower case. */
  readonly headers: HeaderList
  readonly isTls: boolean
}

/** What reading a head depends on besides the head. */
interface ReadingSite {
  readonly policy: Policy
  /** The host names that the listener serves. */
  readonly hosts: readonly string[]
  readonly configuredBuckets: ReadonlySet<string>
}

/** A head that was read, or why it is refused; a refused one may have been read all the same. */
type ReadHead =
  | { readonly ok: true; readonly value: S3Request }
  | { readonly ok: false; readonly error: S3Error; readonly request: S3Request | undefined }

/**
 * Reads a head in the order in which its faults are told: encryption headers on a read come first, then
 * `refused` (why HTTP does not let it be served), then what is wrong with the request itself. Pure.
 */
export function readHead(
  { policy, hosts, configuredBuckets }: ReadingSite,
  head: ReceivedHead,
  refused: S3Error | undefined,
): ReadHead {
  const { method, rawTarget, headers, isTls } = head
  const target = originFormOf(rawTarget, headers, isTls ? 'https' : 'http')
  const read = target.ok
    ? readRequest(method, target.value, headers, hosts, configuredBuckets)
    : target
  if (!read.ok) return refuseHead(policy, head, undefined, refused ?? read.error)
  return refused === undefined ? read : refuseHead(policy, head, read.value, refused)
}

function refuseHead(
  policy: Policy,
  { method, rawTarget, headers }: ReceivedHead,
  request: S3Request | undefined,
  error: S3Error,
): ReadHead {
  const first = refuseReadFirst(policy, { method, rawTarget, headers, parsed: request }, error)
  return { ok: false, error: first, request }
}
