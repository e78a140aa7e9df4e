import awsLite from '@aws-lite/client'
import plugin from '@aws-lite/s3'
import { all, bucket as Bucket, back, endpoint, region, small } from './task.mjs'

const aws = await awsLite({ endpoint, region, plugins: [plugin] })
await aws.S3.PutObject({ Bucket, Key: 'small.bin', Body: small })
await aws.S3.PutObject({ Bucket, Key: 'large.bin', File: 'large.bin' })
await aws.S3.PutObject({ Bucket, Key: 'gone.bin', Body: small, ServerSideEncryption: 'AES256' })
for (const key of ['small', 'large']) {
  const { Body } = await aws.S3.GetObject({
    Bucket,
    Key: `${key}.bin`,
    rawResponsePayload: true,
    streamResponsePayload: true,
  })
  back(key, await all(Body))
}
await aws.S3.ListObjectsV2({ Bucket })
await aws.S3.DeleteObjects({ Bucket, Delete: { Objects: [{ Key: 'gone.bin' }] } })
