import { createS3FileStorage } from '@remix-run/file-storage-s3'
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

const storage = createS3FileStorage({ accessKeyId, secretAccessKey, bucket, region, endpoint })
for (const [key, data] of Object.entries({ small, large, gone: small })) {
  await storage.set(`${key}.bin`, new File([data], `${key}.bin`))
}
for (const key of ['small', 'large']) {
  back(key, Buffer.from(await (await storage.get(`${key}.bin`)).arrayBuffer()))
}
await storage.list()
await storage.remove('gone.bin')
