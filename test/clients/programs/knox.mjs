import { once } from 'node:events'
import knox from 'knox'
import { accessKeyId, bucket, host, port, secretAccessKey, small } from './task.mjs'

const own = { endpoint: host, port, secure: false, style: 'path', bucket }
const client = knox.createClient({ ...own, key: accessKeyId, secret: secretAccessKey })
const sent = client.put('small.bin', { 'content-length': small.length })
sent.end(small)
const [answer] = await once(sent, 'response')
answer.resume()
if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`)
