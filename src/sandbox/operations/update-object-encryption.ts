import type { ObjectEncryption } from '../encryption.ts'
import { type Answer, bucketOf, type Exchange, emptyAnswer, keyOf, objectOf } from '../exchange.ts'
import { S3Fault } from '../fault.ts'
import { findObject } from '../find-version.ts'
import { isProtected } from '../object-lock.ts'
import type { ObjectRecord } from '../records.ts'
import { children, childText, readXml } from '../xml.ts'
import { checkRequiredDigest } from './required-digest.ts'

/** The key that a request asks for. */
interface RequestedKey {
  readonly keyArn: string
  readonly bucketKey: boolean
}

const KEY_ARN = /^arn:aws[-a-z0-9]*:kms:[-a-z0-9]*:(\d{12}):key\/.+$/

/**
 * UpdateObjectEncryption: changes the KMS key of an object or a version in place. ETag,
 * Last-Modified, checksum, storage class, version id and everything else stay; the answer has no
 * encryption headers.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html, also for
 * the error texts
 */
export function updateObjectEncryption(exchange: Exchange): Answer {
  const { quirks, keys, now } = exchange
  if (quirks.noUpdateEncryption) throw new S3Fault('NotImplemented')
  const bucket = bucketOf(exchange)
  checkRequiredDigest(exchange.request)
  const requested = readRequestedKey(exchange.document)
  const record = quirks.noUpdateVersion
    ? findObject(bucket, keyOf(exchange), undefined)
    : objectOf(exchange)
  refuseSource(record.encryption)
  refuseForeignKey(requested.keyArn, keys.account)
  refuseLocked(record, now)
  if (record.encryption.kind === 'kms') keys.checkUsable(record.encryption.keyArn)
  const keyArn = keys.resolve(requested.keyArn)
  if (quirks.silentUpdateEncryption) return emptyAnswer(200)
  const encryption: ObjectEncryption = {
    kind: 'kms',
    algorithm: 'aws:kms',
    keyArn: quirks.wrongKey ?? keyArn,
    bucketKey: requested.bucketKey,
    context: undefined,
  }
  bucket.replace({ ...record, encryption })
  return emptyAnswer(200)
}

function readRequestedKey(document: string): RequestedKey {
  const root = readXml(document, 'ObjectEncryption')
  const node = children(root, 'SSE-KMS')[0]
  if (node === undefined) {
    throw new S3Fault('InvalidRequest', typeFault(Object.keys(root)))
  }
  const keyArn = childText(node, 'KMSKeyArn')
  if (keyArn === undefined || keyArn === '') {
    throw new S3Fault(
      'InvalidRequest',
      "Requests that modify an object's encryption type to SSE-KMS require an AWS KMS key Amazon Resource Name (ARN). Modify the request to specify a KMS key ARN, and then try again.",
    )
  }
  if (!KEY_ARN.test(keyArn)) {
    throw new S3Fault(
      'InvalidRequest',
      "Requests that modify an object's encryption type to SSE-KMS require a valid AWS KMS key Amazon Resource Name (ARN). Confirm that you have a correctly formatted KMS key ARN in your request, and then try again.",
    )
  }
  return { keyArn, bucketKey: readBucketKey(childText(node, 'BucketKeyEnabled')) }
}

function typeFault(names: readonly string[]): string {
  if (names.some((name) => /dsse|sse-c/i.test(name))) {
    return "The UpdateObjectEncryption operation doesn't support updating the encryption type to DSSE-KMS or SSE-C. Modify the request to specify SSE-KMS for the updated encryption type, and then try again."
  }
  return 'Requests that modify an object encryption configuration require a valid new encryption type. Valid values are SSEKMS. Modify the request to specify SSE-KMS for the updated encryption type, and then try again.'
}

/** A missing value is false, whatever the bucket's setting. */
function readBucketKey(value: string | undefined): boolean {
  if (value === undefined || value === 'false') return false
  if (value === 'true') return true
  throw new S3Fault(
    'InvalidRequest',
    "The BucketKeyEnabled value isn't valid. Valid values are true or false. Modify the request to specify a valid value, and then try again.",
  )
}

function refuseSource(encryption: ObjectEncryption): void {
  if (encryption.kind === 'none') {
    throw new S3Fault(
      'InvalidRequest',
      "The UpdateObjectEncryption operation doesn't supported unencrypted source objects. Only source objects encrypted with SSE-S3 or SSE-KMS are supported.",
    )
  }
  const isDual = encryption.kind === 'kms' && encryption.algorithm === 'aws:kms:dsse'
  if (encryption.kind === 'customer' || isDual) {
    throw new S3Fault(
      'InvalidRequest',
      "The UpdateObjectEncryption operation doesn't support source objects with the encryption type DSSE-KMS or SSE-C. Only source objects encrypted with SSE-S3 or SSE-KMS are supported.",
    )
  }
}

function refuseForeignKey(keyArn: string, account: string): void {
  if (KEY_ARN.exec(keyArn)?.[1] === account) return
  throw new S3Fault(
    'AccessDenied',
    'The AWS KMS key in the request must be owned by the same account as the bucket. Modify the request to specify a KMS key from the same account, and then try again.',
  )
}

function refuseLocked(record: ObjectRecord, now: number): void {
  if (!isProtected(record.lock, now, false)) return
  throw new S3Fault(
    'AccessDenied',
    "The encryption type for the specified object can\u2019t be updated because that object is protected by S3 Object Lock. If the object has a governance-mode retention period or a legal hold, you must first remove the Object Lock status on the object before you issue your UpdateObjectEncryption request. You can't use the UpdateObjectEncryption operation with objects that have an Object Lock compliance mode retention period applied to them.",
  )
}
