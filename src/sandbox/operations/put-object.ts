import type { Checksum } from '../checksum.ts'
import { checksumHeader } from '../checksum.ts'
import { encryptionHeaders } from '../encryption.ts'
import { type Answer, bucketOf, type Exchange, emptyAnswer, keyOf } from '../exchange.ts'
import { versionHeaders } from '../find-version.ts'
import { withDefault } from '../object-lock.ts'
import { checkLockDigest } from '../object-lock-headers.ts'
import { checkWriteConditions, etagOf, hasMd5Etag, readObjectHead } from './object-head.ts'
import { storeBody } from './store-body.ts'

/** PutObject. The conditions are checked before the body is read and again when it is complete. */
export async function putObject(exchange: Exchange): Promise<Answer> {
  const { request } = exchange
  const bucket = bucketOf(exchange)
  const key = keyOf(exchange)
  const head = readObjectHead(request.headers, bucket.record, exchange)
  const lock = withDefault(head.lock, bucket.record.lock, exchange.now)
  checkLockDigest(lock, request.headers, 'Put Object')
  checkWriteConditions(request, bucket.find(key))
  const { segment, facts } = await storeBody(exchange, bucket, hasMd5Etag(head.encryption))
  try {
    checkWriteConditions(request, bucket.find(key))
  } catch (error) {
    bucket.discard([segment])
    throw error
  }
  const record = bucket.put({
    ...head,
    lock,
    key,
    size: segment.size,
    etag: etagOf(head.encryption, facts.md5),
    lastModified: wholeSeconds(exchange.now),
    checksum: facts.checksum,
    segments: [segment],
    parts: undefined,
  })
  return emptyAnswer(200, {
    etag: `"${record.etag}"`,
    ...versionHeaders(bucket, record),
    ...checksumHeaders(record.checksum),
    ...(exchange.quirks.silentPut ? {} : encryptionHeaders(record.encryption, true)),
  })
}

/** S3's times have no fractions. */
export function wholeSeconds(time: number): number {
  return Math.floor(time / 1000) * 1000
}

/** A checksum as headers of an answer. */
export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  if (checksum === undefined) return {}
  return {
    [checksumHeader(checksum.algorithm)]: checksum.value,
    'x-amz-checksum-type': checksum.type,
  }
}
