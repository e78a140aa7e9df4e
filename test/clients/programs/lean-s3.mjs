import { S3Client } from 'lean-s3'
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

const s3 = new S3Client({ endpoint, bucket, region, accessKeyId, secretAccessKey })
await s3.file('small.bin').write(small)
await s3.file('gone.bin').write(small)
const { uploadId } = await s3.createMultipartUpload('large.bin')
const parts = []
for (const [from, to] of [
  [0, 6 << 20],
  [6 << 20, large.length],
]) {
  const partNumber = parts.length + 1
  parts.push(await s3.uploadPart('large.bin', uploadId, large.subarray(from, to), partNumber))
}
await s3.completeMultipartUpload('large.bin', uploadId, parts)
for (const key of ['small', 'large']) back(key, await s3.file(`${key}.bin`).bytes())
await s3.list()
await s3.deleteObjects(['gone.bin'])
