import { type Answer, bucketOf, type Exchange, emptyAnswer, xmlAnswer } from '../exchange.ts'
import { S3Fault } from '../fault.ts'
import { childText, readXml, writeXml } from '../xml.ts'

/** GetBucketVersioning: without a status until versions have once been enabled. */
export function getBucketVersioning(exchange: Exchange): Answer {
  const { versioning } = bucketOf(exchange).record
  return xmlAnswer(
    writeXml('VersioningConfiguration', [
      versioning === undefined ? undefined : ['Status', versioning],
    ]),
  )
}

/** PutBucketVersioning. Throws `MalformedXML`, `InvalidBucketState`, `NotImplemented` for MFA delete. */
export function putBucketVersioning(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  const root = readXml(exchange.document, 'VersioningConfiguration')
  if (childText(root, 'MfaDelete') === 'Enabled') {
    throw new S3Fault('NotImplemented', 'The sandbox does not know MFA delete.')
  }
  const status = childText(root, 'Status')
  if (bucket.record.lock !== undefined && status !== 'Enabled') {
    throw new S3Fault(
      'InvalidBucketState',
      'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
    )
  }
  if (status !== 'Enabled' && status !== 'Suspended') throw new S3Fault('MalformedXML')
  bucket.update({ ...bucket.record, versioning: status })
  return emptyAnswer(200)
}
