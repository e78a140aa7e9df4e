import { type Answer, bucketOf, type Exchange, emptyAnswer, objectOf } from '../exchange.ts'
import { S3Fault } from '../fault.ts'
import { versionHeaders } from '../find-version.ts'
import { isArchived, restored } from '../storage-class.ts'
import { childText, readXml } from '../xml.ts'

/** RestoreObject, completed at once: 202 for a first copy, 200 for more days of an existing one. */
export function restoreObject(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  const record = objectOf(exchange)
  const root = readXml(exchange.document, 'RestoreRequest')
  if (childText(root, 'Type') !== undefined || childText(root, 'OutputLocation') !== undefined) {
    throw new S3Fault('NotImplemented', 'The sandbox restores objects in their place only.')
  }
  const days = childText(root, 'Days')
  if (days !== undefined && !/^\d{1,5}$/.test(days)) throw new S3Fault('MalformedXML')
  const wasArchived = isArchived(record, exchange.now)
  const archive = restored(record, days === undefined ? undefined : Number(days), exchange.now)
  bucket.replace({ ...record, archive })
  return emptyAnswer(wasArchived ? 202 : 200, versionHeaders(bucket, record))
}
