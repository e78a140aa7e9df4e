import { headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { Client } from '../config/config.ts'
import { matchesAny } from '../policy/pattern.ts'
import { hasAllBuckets } from '../request/grants.ts'
import { filterBucketList } from '../s3/bucket-list.ts'
import type { S3Error } from '../s3/error.ts'
import type { Operation } from '../s3/operation.ts'
import { refusal } from '../s3/refusals.ts'
import { bufferAnswer } from '../upstream/buffer-answer.ts'
import type { Forwarded } from '../upstream/forward.ts'
import { replayAnswer, withoutLength } from '../upstream/upstream-answer.ts'

/** S3 lists at most 10,000 buckets at once, each in some 200 bytes. */
const LIST_BYTES_MAX = 4 * 1024 * 1024

/** Whether the answer may name buckets that the client may not use. */
export function listsHiddenBuckets(client: Client, { name }: Operation): boolean {
  return name === 'ListBuckets' && !hasAllBuckets(client)
}

/**
 * Takes the buckets that the client may not use out of the answer to ListBuckets; an error passes. An
 * answer that cannot be filtered fails the request.
 */
export async function withVisibleBuckets(
  client: Client,
  forwarded: Forwarded,
): Promise<Result<Forwarded, S3Error>> {
  const { head } = forwarded
  if (head.status < 200 || head.status > 299) return ok(forwarded)
  const buffered = await bufferAnswer(forwarded, LIST_BYTES_MAX)
  if (!buffered.ok) return buffered
  const isPlain = (headerValue(head.headers, 'content-encoding') ?? 'identity') === 'identity'
  const document = buffered.value.body.toString('utf8')
  const filtered = isPlain
    ? filterBucketList(document, (bucket) => matchesAny(client.buckets, bucket))
    : undefined
  if (filtered === undefined) return failure(refusal('upstream-error-document/buckets'))
  return ok({ head: withoutLength(head), answer: replayAnswer(Buffer.from(filtered, 'utf8')) })
}
