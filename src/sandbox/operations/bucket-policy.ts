import type { HeaderList } from '../../base/header-list.ts'
import { headerValue } from '../../base/header-list.ts'
import { isDenied, parseBucketPolicy } from '../bucket-policy.ts'
import { type Answer, bucketOf, type Exchange, emptyAnswer } from '../exchange.ts'
import { S3Fault } from '../fault.ts'
import type { BucketRecord } from '../records.ts'

/** GetBucketPolicy: the document as it was given. */
export function getBucketPolicy(exchange: Exchange): Answer {
  const { name, policy } = bucketOf(exchange).record
  if (policy === undefined) {
    throw new S3Fault('NoSuchBucketPolicy', undefined, [['BucketName', name]])
  }
  return { status: 200, headers: { 'content-type': 'application/json' }, body: policy }
}

/** PutBucketPolicy: refused where the sandbox could not obey it. */
export function putBucketPolicy(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  parseBucketPolicy(exchange.document)
  bucket.update({ ...bucket.record, policy: exchange.document })
  return emptyAnswer(204)
}

/** DeleteBucketPolicy. */
export function deleteBucketPolicy(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  bucket.update({ ...bucket.record, policy: undefined })
  return emptyAnswer(204)
}

/**
 * Throws `AccessDenied` if the bucket's policy denies the action on the key, or on the bucket
 * itself. Conditions use headers (or form fields); S3 does not evaluate hoisted parameters.
 */
export function checkBucketPolicy(
  bucket: BucketRecord | undefined,
  action: string,
  key: string | undefined,
  headers: HeaderList,
): void {
  if (bucket?.policy === undefined) return
  const denied = isDenied(parseBucketPolicy(bucket.policy), {
    action,
    resource: `arn:aws:s3:::${bucket.name}${key === undefined ? '' : `/${key}`}`,
    valueOf(name) {
      if (name === 'aws:securetransport') return 'false'
      if (name === 's3:signatureversion') return 'AWS4-HMAC-SHA256'
      return headerValue(headers, name.slice('s3:'.length))
    },
  })
  if (denied) throw new S3Fault('AccessDenied')
}
