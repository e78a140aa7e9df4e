import { createReadStream } from 'node:fs'
import AWS from 'aws-sdk'
import { back, bucket, endpoint, ok, otherKey, region, small } from './task.mjs'

const s3 = new AWS.S3({
  endpoint,
  region,
  s3ForcePathStyle: true,
  signatureVersion: 'v4',
  maxRetries: 0,
})
const at = (Key) => ({ Bucket: bucket, Key })
// A page's upload: what is signed into the query selects nothing.
const url = s3.getSignedUrl('putObject', {
  ...at('small.bin'),
  ContentType: 'text/plain',
  CacheControl: 'no-cache',
})
await ok(fetch(url, { method: 'PUT', body: small, headers: { 'content-type': 'text/plain' } }))
const foreign = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: otherKey }
await s3.putObject({ ...at('gone.bin'), Body: small, ...foreign }).promise()
const Body = createReadStream('large.bin')
await s3.upload({ ...at('large.bin'), Body, ...foreign }, { partSize: 5 << 20 }).promise()
for (const key of ['small', 'large'])
  back(key, (await s3.getObject(at(`${key}.bin`)).promise()).Body)
await s3.listObjectsV2({ Bucket: bucket }).promise()
await s3.deleteObjects({ Bucket: bucket, Delete: { Objects: [{ Key: 'gone.bin' }] } }).promise()
