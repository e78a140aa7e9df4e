import { createReadStream } from 'node:fs'
import { S3Client } from '@aws-sdk/client-s3'
import { AwsS3StorageAdapter } from '@flystorage/aws-s3'
import { FileStorage } from '@flystorage/file-storage'
import { back, bucket, endpoint, region, small } from './task.mjs'

const client = new S3Client({ endpoint, region, forcePathStyle: true, maxAttempts: 1 })
const storage = new FileStorage(new AwsS3StorageAdapter(client, { bucket }))
await storage.write('small.bin', small)
await storage.write('large.bin', createReadStream('large.bin'))
await storage.write('gone.bin', small)
for (const key of ['small', 'large']) back(key, await storage.readToUint8Array(`${key}.bin`))
for await (const one of storage.list('')) if (!one.path) throw new Error('no path')
await storage.deleteFile('gone.bin')
client.destroy()
