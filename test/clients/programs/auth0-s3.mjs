import { once } from 'node:events'
import s3 from '@auth0/s3'
import AWS from 'aws-sdk'
import { bucket, region, tlsEndpoint } from './task.mjs'

const s3Client = new AWS.S3({
  endpoint: tlsEndpoint,
  region,
  s3ForcePathStyle: true,
  signatureVersion: 'v4',
  maxRetries: 0,
})
const client = s3.createClient({ s3Client, s3RetryCount: 1 })
await once(
  client.uploadFile({ localFile: 'small.bin', s3Params: { Bucket: bucket, Key: 'small.bin' } }),
  'end',
)
