import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'

/**
 * An application in a pod: it knows its bucket and key, and has the endpoint and its keys from the variables
 * of its container.
 */
const [, , bucket = '', key = ''] = process.argv
const client = new S3Client({ forcePathStyle: true, maxAttempts: 1 })
await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'from a pod' }))
process.stdout.write('uploaded\n')
