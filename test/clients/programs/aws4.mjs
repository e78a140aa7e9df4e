import { once } from 'node:events'
import { request } from 'node:http'
import aws4 from 'aws4'
import { all, back, bucket, credentials, host, large, port, region, small } from './task.mjs'

async function send(method, path, body) {
  const options = { host, port, method, path: `/${bucket}${path}`, service: 's3', region, body }
  const signed = aws4.sign({ ...options, headers: { Host: `${host}:${port}` } }, credentials)
  const sent = request(signed).end(body)
  const [answer] = await once(sent, 'response')
  const data = await all(answer)
  if (answer.statusCode >= 300) throw new Error(`${answer.statusCode} ${data}`)
  return data
}

for (const [key, body] of Object.entries({ small, large, gone: small })) {
  await send('PUT', `/${key}.bin`, body)
}
for (const key of ['small', 'large']) back(key, await send('GET', `/${key}.bin`))
await send('GET', '?list-type=2&delimiter=/')
await send('DELETE', '/gone.bin')
