import type { BucketStore } from '../bucket-store.ts'
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
import {
  checkRetentionChange,
  LOCK_MODES,
  type Retention,
  released,
  retainedUntil,
} from '../object-lock.ts'
import { buildRetention, parseHoldPeriod, parseRetainUntil } from '../object-lock-headers.ts'
import { header } from '../request.ts'
import { children, childText, readXml, writeXml, type XmlNode } from '../xml.ts'
import { periodElements } from './object-lock-configuration.ts'
import { checkRequiredDigest } from './required-digest.ts'

/** GetObjectRetention. Throws `NoSuchObjectLockConfiguration`. */
export function getObjectRetention(exchange: Exchange): Answer {
  const bucket = lockedBucketOf(exchange)
  const record = objectOf(exchange)
  const { retention } = record.lock
  if (retention === undefined) throw new S3Fault('NoSuchObjectLockConfiguration')
  const { mode, eventHold, period } = retention
  return xmlAnswer(
    writeXml('Retention', [
      ['Mode', mode],
      ['RetainUntilDate', new Date(retainedUntil(retention, exchange.now)).toISOString()],
      eventHold && ['EventHold', eventHold],
      period && ['EventHoldDuration', periodElements(period)],
    ]),
    versionHeaders(bucket, record),
  )
}

/**
 * PutObjectRetention: sets, extends or removes a retention, places or releases an event hold.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html; codes and texts
 * as recorded from S3 by LocalStack
 */
export function putObjectRetention(exchange: Exchange): Answer {
  const bucket = lockedBucketOf(exchange)
  checkRequiredDigest(exchange.request)
  const record = objectOf(exchange)
  const before = record.lock.retention
  const after = readRetention(exchange, before)
  checkRetentionChange(before, after, exchange.now, bypassesGovernance(exchange))
  bucket.replace({ ...record, lock: { ...record.lock, retention: after } })
  return emptyAnswer(200, versionHeaders(bucket, record))
}

/** The bucket, which has to have Object Lock. Throws `InvalidRequest`. */
export function lockedBucketOf(exchange: Exchange): BucketStore {
  const bucket = bucketOf(exchange)
  if (bucket.record.lock !== undefined) return bucket
  throw new S3Fault('InvalidRequest', 'Bucket is missing Object Lock Configuration')
}

/** Returns whether the request bypasses governance retention: every account may. */
export function bypassesGovernance({ request }: Exchange): boolean {
  return header(request, 'x-amz-bypass-governance-retention')?.toLowerCase() === 'true'
}

function readRetention(exchange: Exchange, before: Retention | undefined): Retention | undefined {
  const root = readXml(exchange.document, 'Retention')
  const modeText = childText(root, 'Mode')
  const mode = LOCK_MODES.find((known) => known === modeText)
  const date = childText(root, 'RetainUntilDate')
  const eventHold = readEventHold(root)
  if (modeText !== undefined && mode === undefined) throw new S3Fault('MalformedXML')
  if (eventHold === undefined && (mode === undefined) !== (date === undefined)) {
    throw new S3Fault('MalformedXML')
  }
  const duration = children(root, 'EventHoldDuration')[0]
  const period =
    duration &&
    parseHoldPeriod(childText(duration, 'Days'), childText(duration, 'Years'), 'EventHoldDuration')
  const until =
    date === undefined ? undefined : parseRetainUntil(date, 'RetainUntilDate', exchange.now)
  if (eventHold === 'OFF' && before?.eventHold === 'ON' && period === undefined) {
    const after = released(before, exchange.now)
    return { ...after, mode: mode ?? after.mode, until: Math.max(after.until, until ?? 0) }
  }
  return buildRetention(mode, until, eventHold, period)
}

function readEventHold(root: XmlNode): 'ON' | 'OFF' | undefined {
  const value = childText(root, 'EventHold')
  if (value === undefined || value === 'ON' || value === 'OFF') return value
  throw new S3Fault('MalformedXML')
}
