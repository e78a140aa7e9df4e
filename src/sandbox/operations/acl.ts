import { type Acl, type Ownership, PRIVATE_ACL, refuseDisabled, requestedAcl } from '../acl.ts'
import { readAcl, writeAcl } from '../acl-document.ts'
import {
  type Answer,
  bucketOf,
  type Exchange,
  emptyAnswer,
  objectOf,
  xmlAnswer,
} from '../exchange.ts'
import { S3Fault } from '../fault.ts'
import { versionHeaders } from '../find-version.ts'

/** GetObjectAcl. If ACLs are disabled it only returns the owner. */
export function getObjectAcl(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  const record = objectOf(exchange)
  const acl = visibleAcl(record.acl, bucket.record.ownership)
  return xmlAnswer(writeAcl(acl), versionHeaders(bucket, record))
}

/** PutObjectAcl: by `x-amz-acl`, by `x-amz-grant-*`, or by a document. */
export function putObjectAcl(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  const record = objectOf(exchange)
  bucket.replace({ ...record, acl: givenAcl(exchange, bucket.record.ownership) })
  return emptyAnswer(200, versionHeaders(bucket, record))
}

/** GetBucketAcl. */
export function getBucketAcl(exchange: Exchange): Answer {
  const { acl, ownership } = bucketOf(exchange).record
  return xmlAnswer(writeAcl(visibleAcl(acl, ownership)))
}

/** PutBucketAcl. */
export function putBucketAcl(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  bucket.update({ ...bucket.record, acl: givenAcl(exchange, bucket.record.ownership) })
  return emptyAnswer(200)
}

function visibleAcl(acl: Acl, ownership: Ownership | undefined): Acl {
  return ownership === 'BucketOwnerEnforced' ? PRIVATE_ACL : acl
}

function givenAcl({ request, document }: Exchange, ownership: Ownership | undefined): Acl {
  const byHeader = requestedAcl(request.headers, ownership)
  if (byHeader !== undefined) {
    if (document !== '') throw new S3Fault('UnexpectedContent')
    return byHeader
  }
  if (document === '') {
    throw new S3Fault('MissingSecurityHeader', undefined, [['MissingHeaderName', 'x-amz-acl']])
  }
  const acl = readAcl(document)
  refuseDisabled(ownership)
  return acl
}
