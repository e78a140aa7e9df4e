import { S3mini } from 's3mini'
import {
  accessKeyId,
  back,
  bucket,
  endpoint,
  large,
  region,
  secretAccessKey,
  small,
} from './task.mjs'

const s3 = new S3mini({ accessKeyId, secretAccessKey, endpoint: `${endpoint}/${bucket}`, region })
await s3.putObject('small.bin', small)
await s3.putObject('gone.bin', small)
const id = await s3.getMultipartUploadId('large.bin', 'application/octet-stream')
const part = 6 << 20
await s3.completeMultipartUpload('large.bin', id, [
  await s3.uploadPart('large.bin', id, large.subarray(0, part), 1),
  await s3.uploadPart('large.bin', id, large.subarray(part), 2),
])
for (const key of ['small', 'large']) {
  back(key, Buffer.from(await s3.getObjectArrayBuffer(`${key}.bin`)))
}
await s3.listObjects('/', '')
await s3.deleteObjects(['gone.bin'])
