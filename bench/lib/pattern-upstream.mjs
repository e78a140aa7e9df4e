/**
 * A stand-in for S3 that serves objects of a pattern, and checks each one that is uploaded; a process of its own.
 * Argument: `{ port, certFile?, keyFile? }` as JSON. Sends `ready`, then a sentence for each wrong object.
 */
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { KEY_ID } from './nginx.mjs'
import { isRight, objectOf, objectStream } from './pattern-objects.mjs'

const { port, certFile, keyFile } = JSON.parse(process.argv[2] ?? '{}')

const answer = async (
  /** @type {http.IncomingMessage} */ request,
  /** @type {http.ServerResponse} */ response,
) => {
  const { id, bytes } = objectOf(request.url ?? '')
  response.setHeader('x-amz-server-side-encryption', 'aws:kms')
  response.setHeader('x-amz-server-side-encryption-aws-kms-key-id', KEY_ID)
  response.setHeader('x-amz-server-side-encryption-bucket-key-enabled', 'true')
  if (request.method === 'GET') {
    response.setHeader('content-length', bytes)
    objectStream(id, bytes)
      .on('error', () => undefined)
      .pipe(response)
    return
  }
  let at = 0
  for await (const piece of request) {
    if (!isRight(id, at, piece)) process.send?.(`an upload has a wrong byte after ${at} bytes`)
    at += piece.length
  }
  if (at !== bytes) process.send?.(`an upload has ${at} of ${bytes} bytes`)
  response.setHeader('etag', '"0123456789abcdef0123456789abcdef"')
  response.end()
}
const onRequest = (
  /** @type {http.IncomingMessage} */ request,
  /** @type {http.ServerResponse} */ response,
) => {
  answer(request, response).catch(() => response.destroy())
}
const server =
  certFile === undefined || keyFile === undefined
    ? http.createServer(onRequest)
    : https.createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, onRequest)
server.listen(port, '127.0.0.1', () => process.send?.('ready'))
