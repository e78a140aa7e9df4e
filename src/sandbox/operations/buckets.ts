import { type HeaderList, headerValue } from '../../base/header-list.ts'
import { OWNERSHIPS, PRIVATE_ACL, requestedAcl } from '../acl.ts'
import { type Answer, bucketOf, type Exchange, emptyAnswer, xmlAnswer } from '../exchange.ts'
import { invalidArgument, S3Fault } from '../fault.ts'
import { ownerElements } from '../owner.ts'
import type { BucketRecord } from '../records.ts'
import { childText, readXml, writeXml } from '../xml.ts'

/** ListBuckets: every account sees all. */
export function listBuckets(exchange: Exchange): Answer {
  const buckets = exchange.store.buckets().map(
    ({ record }) =>
      [
        'Bucket',
        [
          ['Name', record.name],
          ['CreationDate', new Date(record.created).toISOString()],
        ],
      ] as const,
  )
  return xmlAnswer(
    writeXml('ListAllMyBucketsResult', [
      ['Owner', ownerElements()],
      ['Buckets', buckets],
    ]),
  )
}

/** CreateBucket: in the sandbox's region only. */
export function createBucket(exchange: Exchange): Answer {
  const { request, region, store } = exchange
  const name = request.bucket ?? ''
  const constraint =
    exchange.document === ''
      ? undefined
      : childText(readXml(exchange.document, 'CreateBucketConfiguration'), 'LocationConstraint')
  if (constraint !== undefined && constraint !== '' && constraint !== region) {
    throw new S3Fault(
      'IllegalLocationConstraintException',
      `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    )
  }
  if (store.find(name) !== undefined) {
    // Only us-east-1 answers 200 if one's own bucket is created again.
    if (region === 'us-east-1') return emptyAnswer(200, { location: `/${name}` })
    throw new S3Fault('BucketAlreadyOwnedByYou', undefined, [['BucketName', name]])
  }
  const settings = readSettings(request.headers)
  const bucket = store.create(name, exchange.now)
  bucket.update({ ...bucket.record, ...settings })
  return emptyAnswer(200, { location: `/${name}` })
}

type BucketSettings = Pick<BucketRecord, 'acl' | 'lock' | 'ownership' | 'versioning'>

/** The settings in CreateBucket's headers. */
function readSettings(headers: HeaderList): BucketSettings {
  const value = headerValue(headers, 'x-amz-object-ownership')
  const ownership = OWNERSHIPS.find((known) => known === value)
  if (value !== undefined && ownership === undefined) {
    throw invalidArgument('Invalid x-amz-object-ownership header', 'x-amz-object-ownership', value)
  }
  const isLocked =
    headerValue(headers, 'x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true'
  return {
    acl: requestedAcl(headers, ownership) ?? PRIVATE_ACL,
    ownership,
    // Object Lock works on versions only.
    versioning: isLocked ? 'Enabled' : undefined,
    lock: isLocked ? { defaultRetention: undefined } : undefined,
  }
}

/** DeleteBucket: only an empty one. */
export function deleteBucket(exchange: Exchange): Answer {
  exchange.store.remove(exchange.request.bucket ?? '')
  return emptyAnswer(204)
}

/** HeadBucket. */
export function headBucket(exchange: Exchange): Answer {
  bucketOf(exchange)
  return emptyAnswer(200, { 'x-amz-bucket-region': exchange.region })
}

/** GetBucketLocation: empty in us-east-1. */
export function getBucketLocation(exchange: Exchange): Answer {
  bucketOf(exchange)
  return xmlAnswer(
    writeXml('LocationConstraint', exchange.region === 'us-east-1' ? '' : exchange.region),
  )
}
