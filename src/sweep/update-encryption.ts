import { headerValue } from '../base/header-list.ts'
import { buildXml } from '../s3/xml.ts'
import { type Change, changeOf } from './change.ts'
import { versionQuery } from './head-object.ts'
import type { EncryptTarget, ObjectVersion } from './object-version.ts'
import { askS3, type S3Link } from './s3-request.ts'

/**
 * Gives a version another KMS key in place. `bucketKey` is always sent: left out, it is false,
 * whatever the bucket's setting. The answer says nothing about the encryption.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html
 */
export async function updateEncryption(
  link: S3Link,
  version: ObjectVersion,
  { keyId }: Pick<EncryptTarget, 'keyId'>,
  bucketKey: boolean,
): Promise<Change> {
  const document = buildXml([
    'ObjectEncryption',
    [
      [
        'SSE-KMS',
        [
          ['KMSKeyArn', keyId],
          ['BucketKeyEnabled', String(bucketKey)],
        ],
      ],
    ],
  ])
  const reply = await askS3(link, {
    method: 'PUT',
    bucket: version.bucket,
    key: version.key,
    query: [{ name: 'encryption', value: '' }, ...versionQuery(version)],
    body: Buffer.from(document),
  })
  if (reply.kind !== 'answer') {
    // The version null has become a delete marker.
    const isMarker = reply.kind === 'refused' && reply.code === 'MethodNotAllowed'
    const isNamed = version.versionId !== undefined
    return isMarker && isNamed ? { kind: 'moved', isCertain: true } : changeOf(reply)
  }
  const requestId = headerValue(reply.headers, 'x-amz-request-id')
  return { kind: 'made', versionId: version.versionId, etag: undefined, requestId }
}
