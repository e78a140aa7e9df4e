import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import AWS from 'aws-sdk'
import uploadStream from 's3-upload-stream'
import { bucket, endpoint, region } from './task.mjs'

const s3 = new AWS.S3({
  endpoint,
  region,
  s3ForcePathStyle: true,
  signatureVersion: 'v4',
  maxRetries: 0,
})
const upload = uploadStream(s3).upload({ Bucket: bucket, Key: 'large.bin' })
createReadStream('large.bin').pipe(upload)
await once(upload, 'uploaded')
