import { type Answer, bucketOf, type Exchange, emptyAnswer, xmlAnswer } from '../exchange.ts'
import { S3Fault } from '../fault.ts'
import {
  type BucketLock,
  type DefaultRetention,
  LOCK_MODES,
  type LockPeriod,
} from '../object-lock.ts'
import { parseHoldPeriod } from '../object-lock-headers.ts'
import { children, childText, readXml, writeXml, type XmlElement, type XmlNode } from '../xml.ts'
import { checkRequiredDigest } from './required-digest.ts'

/** A default is 36,500 days or 100 years at most. */
const COUNT_MAX = { Days: 36_500, Years: 100 } as const

/** GetObjectLockConfiguration. Throws `ObjectLockConfigurationNotFoundError`. */
export function getObjectLockConfiguration(exchange: Exchange): Answer {
  const { name, lock } = bucketOf(exchange).record
  if (lock === undefined) {
    throw new S3Fault('ObjectLockConfigurationNotFoundError', undefined, [['BucketName', name]])
  }
  const { defaultRetention } = lock
  return xmlAnswer(
    writeXml('ObjectLockConfiguration', [
      ['ObjectLockEnabled', 'Enabled'],
      defaultRetention && ['Rule', [['DefaultRetention', retentionElements(defaultRetention)]]],
    ]),
  )
}

/**
 * PutObjectLockConfiguration: switches Object Lock on, for good, and sets the default of new versions.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html; codes
 * and texts as recorded from S3 by LocalStack
 */
export function putObjectLockConfiguration(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  checkRequiredDigest(exchange.request)
  const lock = readBucketLock(exchange.document)
  if (bucket.record.versioning !== 'Enabled') {
    throw new S3Fault(
      'InvalidBucketState',
      "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
    )
  }
  bucket.update({ ...bucket.record, lock })
  return emptyAnswer(200)
}

function readBucketLock(document: string): BucketLock {
  const root = readXml(document, 'ObjectLockConfiguration')
  if (childText(root, 'ObjectLockEnabled') !== 'Enabled') throw new S3Fault('MalformedXML')
  const rule = children(root, 'Rule')[0]
  if (rule === undefined) return { defaultRetention: undefined }
  const node = children(rule, 'DefaultRetention')[0]
  if (node === undefined) throw new S3Fault('MalformedXML')
  return { defaultRetention: readDefaultRetention(node) }
}

function readDefaultRetention(node: XmlNode): DefaultRetention {
  const mode = LOCK_MODES.find((known) => known === childText(node, 'Mode'))
  const days = childText(node, 'Days')
  const years = childText(node, 'Years')
  const hold = children(node, 'DefaultEventHold')[0]
  const isEmpty = days === undefined && years === undefined && hold === undefined
  if (mode === undefined || isEmpty || (days !== undefined && years !== undefined)) {
    throw new S3Fault('MalformedXML')
  }
  const eventHold =
    hold && parseHoldPeriod(childText(hold, 'Days'), childText(hold, 'Years'), 'DefaultEventHold')
  if (hold !== undefined && eventHold === undefined) throw new S3Fault('MalformedXML')
  return { mode, period: readPeriod(days, years), eventHold }
}

function readPeriod(days: string | undefined, years: string | undefined): LockPeriod | undefined {
  const text = days ?? years
  if (text === undefined) return undefined
  const unit = days === undefined ? 'Years' : 'Days'
  const count = /^-?\d{1,9}$/.test(text) ? Number(text) : 0
  const extras = [['ArgumentName', unit]] as const
  if (count <= 0) {
    const message = 'Default retention period must be a positive integer value.'
    throw new S3Fault('InvalidArgument', message, extras)
  }
  if (count > COUNT_MAX[unit]) {
    throw new S3Fault('InvalidArgument', 'Default retention period too large.', extras)
  }
  return { unit, count }
}

function retentionElements({ mode, period, eventHold }: DefaultRetention): readonly XmlElement[] {
  return [
    ['Mode', mode],
    ...periodElements(period),
    ...(eventHold === undefined ? [] : [['DefaultEventHold', periodElements(eventHold)] as const]),
  ]
}

/** `Days` or `Years`. */
export function periodElements(period: LockPeriod | undefined): readonly XmlElement[] {
  return period === undefined ? [] : [[period.unit, period.count]]
}
