import { once } from 'node:events'
import { createServer } from 'node:http'
import { S3Store } from '@tus/s3-store'
import { Server } from '@tus/server'
import { Upload } from 'tus-js-client'
import { bucket, endpoint, large, region, small } from './task.mjs'

const s3ClientConfig = { bucket, endpoint, region, forcePathStyle: true, maxAttempts: 1 }
const datastore = new S3Store({ partSize: 5 << 20, s3ClientConfig })
const tus = new Server({ path: '/files', datastore })
const server = createServer(tus.handle.bind(tus)).listen(0, '127.0.0.1')
await once(server, 'listening')
for (const data of [small, large]) {
  await new Promise((resolve, reject) => {
    const at = `http://127.0.0.1:${server.address().port}/files`
    new Upload(data, {
      endpoint: at,
      chunkSize: 6 << 20,
      onSuccess: resolve,
      onError: reject,
    }).start()
  })
}
process.exit(0)
