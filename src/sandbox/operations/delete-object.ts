import { type Answer, bucketOf, type Exchange, emptyAnswer, keyOf, xmlAnswer } from '../exchange.ts'
import { S3Fault } from '../fault.ts'
import { header } from '../request.ts'
import { children, childText, readXml, writeXml } from '../xml.ts'
import { matchesEtag } from './get-object.ts'
import { checkRequiredDigest } from './required-digest.ts'

const KEYS_MAX = 1000

/** DeleteObject: 204 whether or not there was one. */
export function deleteObject(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  const record = bucket.find(keyOf(exchange))
  const ifMatch = header(exchange.request, 'if-match')
  if (ifMatch !== undefined && record !== undefined && !matchesEtag(ifMatch, record.etag)) {
    throw new S3Fault('PreconditionFailed', undefined, [['Condition', 'If-Match']])
  }
  bucket.remove(keyOf(exchange))
  return emptyAnswer(204)
}

/** DeleteObjects: up to 1,000 keys. The body has to come with a digest. */
export function deleteObjects(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  checkRequiredDigest(exchange.request)
  const root = readXml(exchange.document, 'Delete')
  const keys = children(root, 'Object').map((object) => childText(object, 'Key'))
  if (keys.length === 0 || keys.length > KEYS_MAX) throw new S3Fault('MalformedXML')
  const isQuiet = childText(root, 'Quiet') === 'true'
  const deleted: string[] = []
  for (const key of keys) {
    if (key === undefined) throw new S3Fault('MalformedXML')
    bucket.remove(key)
    deleted.push(key)
  }
  return xmlAnswer(
    writeXml(
      'DeleteResult',
      isQuiet ? [] : deleted.map((key) => ['Deleted', [['Key', key]]] as const),
    ),
  )
}
