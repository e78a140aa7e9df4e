import { type Answer, type Exchange, emptyAnswer, objectOf, xmlAnswer } from '../exchange.ts'
import { S3Fault } from '../fault.ts'
import { versionHeaders } from '../find-version.ts'
import { childText, readXml, writeXml } from '../xml.ts'
import { checkRequiredDigest } from './required-digest.ts'
import { lockedBucketOf } from './retention.ts'

/** GetObjectLegalHold. Throws `NoSuchObjectLockConfiguration` if none was ever placed. */
export function getObjectLegalHold(exchange: Exchange): Answer {
  const bucket = lockedBucketOf(exchange)
  const record = objectOf(exchange)
  const { legalHold } = record.lock
  if (legalHold === undefined) throw new S3Fault('NoSuchObjectLockConfiguration')
  return xmlAnswer(writeXml('LegalHold', [['Status', legalHold]]), versionHeaders(bucket, record))
}

/** PutObjectLegalHold: may be placed and taken off at any time, whatever the retention. */
export function putObjectLegalHold(exchange: Exchange): Answer {
  const bucket = lockedBucketOf(exchange)
  checkRequiredDigest(exchange.request)
  const record = objectOf(exchange)
  const legalHold = childText(readXml(exchange.document, 'LegalHold'), 'Status')
  if (legalHold !== 'ON' && legalHold !== 'OFF') throw new S3Fault('MalformedXML')
  bucket.replace({ ...record, lock: { ...record.lock, legalHold } })
  return emptyAnswer(200, versionHeaders(bucket, record))
}
