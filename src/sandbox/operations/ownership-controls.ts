import { OWNERSHIPS } from '../acl.ts'
import { type Answer, bucketOf, type Exchange, emptyAnswer, xmlAnswer } from '../exchange.ts'
import { S3Fault } from '../fault.ts'
import { children, childText, readXml, writeXml } from '../xml.ts'

/** GetBucketOwnershipControls. Throws `OwnershipControlsNotFoundError`. */
export function getOwnershipControls(exchange: Exchange): Answer {
  const { name, ownership } = bucketOf(exchange).record
  if (ownership === undefined) {
    throw new S3Fault('OwnershipControlsNotFoundError', undefined, [['BucketName', name]])
  }
  return xmlAnswer(writeXml('OwnershipControls', [['Rule', [['ObjectOwnership', ownership]]]]))
}

/** PutBucketOwnershipControls: `BucketOwnerEnforced` switches ACLs off. */
export function putOwnershipControls(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  const rules = children(readXml(exchange.document, 'OwnershipControls'), 'Rule')
  const value = childText(rules[0] ?? {}, 'ObjectOwnership')
  const ownership = OWNERSHIPS.find((known) => known === value)
  if (ownership === undefined || rules.length !== 1) throw new S3Fault('MalformedXML')
  bucket.update({ ...bucket.record, ownership })
  return emptyAnswer(200)
}

/** DeleteBucketOwnershipControls: ACLs count again. */
export function deleteOwnershipControls(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  bucket.update({ ...bucket.record, ownership: undefined })
  return emptyAnswer(204)
}
