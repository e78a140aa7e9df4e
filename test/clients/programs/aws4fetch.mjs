import { AwsClient } from 'aws4fetch'
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

const aws = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 0 })
const at = (key) => `${endpoint}/${bucket}/${key}`
for (const [key, body] of Object.entries({ small, large, gone: small })) {
  await ok(aws.fetch(at(`${key}.bin`), { method: 'PUT', body }))
}
for (const key of ['small', 'large']) {
  const signed = await aws.sign(at(`${key}.bin`), { aws: { signQuery: true } })
  back(key, Buffer.from(await (await ok(fetch(signed))).arrayBuffer()))
}
await ok(aws.fetch(`${endpoint}/${bucket}?list-type=2&prefix=a+b`))
await ok(aws.fetch(at('gone.bin'), { method: 'DELETE' }))
