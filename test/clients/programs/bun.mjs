import { S3Client } from 'bun'
import {
  accessKeyId,
  back,
  bucket,
  endpoint,
  large,
  ok,
  region,
  secretAccessKey,
  small,
} from './task.mjs'

const s3 = new S3Client({ endpoint, bucket, region, accessKeyId, secretAccessKey })
await s3.write('small.bin', small)
const writer = s3.file('large.bin').writer({ partSize: 5 << 20, queueSize: 2 })
writer.write(large)
await writer.end()
// `type` is signed into the query under the name of a GET's parameter.
const url = s3.presign('gone.bin', { method: 'PUT', type: 'text/plain' })
await ok(fetch(url, { method: 'PUT', body: small }))
for (const key of ['small', 'large']) back(key, await s3.file(`${key}.bin`).bytes())
await s3.list()
await s3.delete('gone.bin')
