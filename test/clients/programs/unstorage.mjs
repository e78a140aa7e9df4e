import { createStorage } from 'unstorage'
import s3Driver from 'unstorage/drivers/s3'
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

const driver = s3Driver({ endpoint, bucket, region, accessKeyId, secretAccessKey })
const storage = createStorage({ driver })
for (const [key, data] of Object.entries({ small, large, gone: small })) {
  await storage.setItemRaw(`${key}.bin`, data)
}
for (const key of ['small', 'large']) back(key, Buffer.from(await storage.getItemRaw(`${key}.bin`)))
await storage.getKeys()
await storage.removeItem('gone.bin')
