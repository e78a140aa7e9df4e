import pico from 'pico-s3'
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

const s3 = new pico.PicoS3({
  provider: 'MINIO',
  host: endpoint,
  bucket,
  region,
  accessKeyId,
  secretAccessKey,
})
for (const [key, file] of Object.entries({ small, large, gone: small })) {
  await s3.upload({ file, filename: `${key}.bin` })
}
for (const key of ['small', 'large'])
  back(key, await s3.getObjectBuffer({ filename: `${key}.bin` }))
await s3.deleteObject({ filename: 'gone.bin' })
