import { once } from 'node:events'
import { createServer } from 'node:http'
import { S3Client } from '@aws-sdk/client-s3'
import multer from 'multer'
import multerS3 from 'multer-s3'
import { bucket, endpoint, large, ok, region, small } from './task.mjs'

const s3 = new S3Client({ endpoint, region, forcePathStyle: true, maxAttempts: 1 })
const key = (_request, file, done) => done(null, file.originalname)
const upload = multer({ storage: multerS3({ s3, bucket, key }) }).any()
const server = createServer((request, response) => {
  upload(request, response, (error) => {
    response.statusCode = error ? 500 : 200
    response.end(String(error ?? request.files[0].location))
  })
}).listen(0, '127.0.0.1')
await once(server, 'listening')
for (const [name, data] of Object.entries({ 'small.bin': small, 'large.bin': large })) {
  const body = new FormData()
  body.append('file', new Blob([data]), name)
  const answer = await ok(
    fetch(`http://127.0.0.1:${server.address().port}/`, { method: 'POST', body }),
  )
  const location = await answer.text()
  // Applications keep this address: it must lead through Sealgate, whatever the size.
  if (location !== `${endpoint}/${bucket}/${name}`) throw new Error(`location ${location}`)
}
server.closeAllConnections()
server.close()
s3.destroy()
