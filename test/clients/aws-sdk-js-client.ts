import { readFileSync } from 'node:fs'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'

// A program as users write it, run by the suite with the environment alone: endpoint, keys and authority.
// aws-sdk-js-client.js BUCKET KEY FILE

const [, , Bucket, Key, file = ''] = process.argv
const client = new S3Client({ forcePathStyle: true })
await client.send(new PutObjectCommand({ Bucket, Key, Body: readFileSync(file) }))
client.destroy()
