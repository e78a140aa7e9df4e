import { Operator } from 'opendal'
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

const s3 = new Operator('s3', {
  ...{ endpoint, bucket, region, access_key_id: accessKeyId, secret_access_key: secretAccessKey },
})
await s3.write('small.bin', small)
await s3.write('gone.bin', small)
const writer = await s3.writer('large.bin')
for (let at = 0; at < large.length; at += 6 << 20) {
  await writer.write(large.subarray(at, at + (6 << 20)))
}
await writer.close()
for (const key of ['small', 'large']) back(key, await s3.read(`${key}.bin`))
await s3.list('/')
await s3.delete('gone.bin')
