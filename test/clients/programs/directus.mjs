import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { DriverS3 } from '@directus/storage-driver-s3'
import {
  accessKeyId,
  all,
  back,
  bucket,
  endpoint,
  otherKey,
  region,
  secretAccessKey,
  small,
} from './task.mjs'

const s3 = new DriverS3({
  ...{ key: accessKeyId, secret: secretAccessKey, bucket, endpoint, region, forcePathStyle: true },
  ...{ serverSideEncryption: 'aws:kms', serverSideEncryptionKmsKeyId: otherKey },
})
await s3.write('small.bin', Readable.from([small]))
await s3.write('large.bin', createReadStream('large.bin'))
await s3.write('gone.bin', Readable.from([small]))
for (const key of ['small', 'large']) back(key, await all(await s3.read(`${key}.bin`)))
for await (const one of s3.list()) if (!one) throw new Error('no name')
await s3.delete('gone.bin')
process.exit(0)
