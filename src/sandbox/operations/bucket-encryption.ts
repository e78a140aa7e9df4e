import { type BucketEncryption, DEFAULT_BUCKET_ENCRYPTION } from '../encryption.ts'
import { type Answer, bucketOf, type Exchange, emptyAnswer, xmlAnswer } from '../exchange.ts'
import { S3Fault } from '../fault.ts'
import { children, childText, readXml, writeXml } from '../xml.ts'

/** GetBucketEncryption: never empty, since every bucket has at least SSE-S3. */
export function getBucketEncryption(exchange: Exchange): Answer {
  const { encryption } = bucketOf(exchange).record
  return xmlAnswer(
    writeXml('ServerSideEncryptionConfiguration', [
      [
        'Rule',
        [
          [
            'ApplyServerSideEncryptionByDefault',
            [
              ['SSEAlgorithm', encryption.algorithm],
              encryption.keyId === undefined ? undefined : ['KMSMasterKeyID', encryption.keyId],
            ],
          ],
          ['BucketKeyEnabled', encryption.bucketKey],
          encryption.blocksCustomerKeys
            ? ['BlockedEncryptionTypes', [['EncryptionType', 'SSE-C']]]
            : undefined,
        ],
      ],
    ]),
  )
}

/** PutBucketEncryption: objects that exist stay as they are. */
export function putBucketEncryption(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  bucket.update({ ...bucket.record, encryption: readBucketEncryption(exchange.document) })
  return emptyAnswer(200)
}

/** DeleteBucketEncryption: back to SSE-S3. */
export function deleteBucketEncryption(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  bucket.update({ ...bucket.record, encryption: DEFAULT_BUCKET_ENCRYPTION })
  return emptyAnswer(204)
}

/**
 * Reads a `ServerSideEncryptionConfiguration`. Throws `MalformedXML` or `InvalidArgument`. The key
 * is not looked up: S3 does not either, before an object is written.
 */
export function readBucketEncryption(document: string): BucketEncryption {
  const rules = children(readXml(document, 'ServerSideEncryptionConfiguration'), 'Rule')
  const rule = rules[0]
  if (rule === undefined || rules.length > 1) throw new S3Fault('MalformedXML')
  const byDefault = children(rule, 'ApplyServerSideEncryptionByDefault')[0] ?? {}
  const algorithm = childText(byDefault, 'SSEAlgorithm') ?? 'AES256'
  const keyId = childText(byDefault, 'KMSMasterKeyID')
  if (algorithm !== 'AES256' && algorithm !== 'aws:kms' && algorithm !== 'aws:kms:dsse') {
    throw new S3Fault('MalformedXML')
  }
  if (algorithm === 'AES256' && keyId !== undefined) {
    throw new S3Fault(
      'InvalidArgument',
      'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
      [['ArgumentName', 'ApplyServerSideEncryptionByDefault']],
    )
  }
  const blocked = children(children(rule, 'BlockedEncryptionTypes')[0] ?? {}, 'EncryptionType')
  return {
    algorithm,
    keyId,
    bucketKey: childText(rule, 'BucketKeyEnabled') === 'true',
    blocksCustomerKeys: blocked.some((node) => node['#text'] === 'SSE-C'),
  }
}
