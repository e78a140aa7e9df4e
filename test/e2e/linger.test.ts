import { once } from 'node:events'
import t from 'tap'
import { RawConnection } from '../support/raw-http.ts'
import { becomes } from '../support/raw-socket.ts'
import { startRig } from '../support/rig.ts'

/*
 * An answer that ends its connection reaches a client that is still sending: a server that closed at
 * once would have the kernel reset the connection, and the client would lose the answer with it.
 */

const ANONYMOUS = `
  - name: sidecar
    anonymous: true
    buckets: ['*']`

const HOST = 'Host: 127.0.0.1\r\n'
const MUCH = 4 * 1024 * 1024
const BODY = Buffer.alloc(MUCH, 'x')

const ENDED: readonly (readonly [name: string, head: string, behind: Buffer, answer: RegExp])[] = [
  [
    'bytes that are no request, behind a PUT without any framing',
    `PUT /bucket/k?partNumber=1&uploadId=u1 HTTP/1.1\r\n${HOST}\r\n`,
    BODY,
    /^HTTP\/1\.1 411 .*missing-content-length/s,
  ],
  [
    'bytes that are no request, behind a GET',
    `GET /bucket/k HTTP/1.1\r\n${HOST}\r\n`,
    BODY,
    /^HTTP\/1\.1 404 /s,
  ],
  ['bytes that are no request, alone', '', BODY, /^HTTP\/1\.1 400 .*malformed-http/s],
  [
    'a body of a request with a transfer coding that is refused',
    `PUT /bucket/k HTTP/1.1\r\n${HOST}Transfer-Encoding: identity, chunked\r\n\r\n${MUCH.toString(16)}\r\n`,
    BODY,
    /^HTTP\/1\.1 400 .*malformed-http/s,
  ],
  [
    'a chunk that is none',
    `PUT /bucket/k HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`,
    BODY,
    /^HTTP\/1\.1 411 /s,
  ],
  [
    'the body of a refused request with Connection: close',
    `PUT /BUCKET/k HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Length: ${MUCH}\r\n\r\n`,
    BODY,
    /^HTTP\/1\.1 400 .*bucket-name-invalid/s,
  ],
  [
    'the body of a refused request of HTTP/1.0',
    `PUT /BUCKET/k HTTP/1.0\r\n${HOST}Content-Length: ${MUCH}\r\n\r\n`,
    BODY,
    /^HTTP\/1\.1 400 .*bucket-name-invalid/s,
  ],
  [
    'the body of a refused request that asked for a 100',
    `PUT /BUCKET/k HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: ${MUCH}\r\n\r\n`,
    BODY,
    /^HTTP\/1\.1 400 .*bucket-name-invalid/s,
  ],
  [
    'bytes behind CONNECT',
    `CONNECT h:1 HTTP/1.1\r\n${HOST}\r\n`,
    BODY,
    /^HTTP\/1\.1 405 .*connect-not-allowed/s,
  ],
  [
    'bytes behind an Upgrade',
    `GET /BUCKET/k HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`,
    BODY,
    /^HTTP\/1\.1 400 .*bucket-name-invalid/s,
  ],
  [
    'requests behind one with Connection: close',
    `GET /BUCKET/k HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
    Buffer.from(`GET /bucket/k HTTP/1.1\r\n${HOST}\r\n`.repeat(20_000)),
    /^HTTP\/1\.1 400 .*bucket-name-invalid/s,
  ],
]

for (const [name, head, behind, expected] of ENDED) {
  t.test(`${name}: the answer before the connection's end is read`, async (t) => {
    const rig = await startRig({ clients: ANONYMOUS })
    t.teardown(() => rig.close())
    const connection = new RawConnection(rig.port)
    const { socket } = connection
    await once(socket, 'connect')
    // A client that reads only when it has sent all.
    socket.pause()
    socket.write(Buffer.concat([Buffer.from(head), behind]), () => socket.resume())
    await connection.closed()
    t.match(connection.text, expected)
    t.equal(connection.text.match(/HTTP\/1\.1 \d/g)?.length, 1)
    t.equal(connection.error, undefined)
    t.ok(await becomes(() => rig.metrics.inflight === 0))
  })
}

t.test('a client that neither sends nor ends its side is not waited for', async (t) => {
  const rig = await startRig({ clients: ANONYMOUS })
  t.teardown(() => rig.close())
  const connection = new RawConnection(rig.port)
  const { socket } = connection
  socket.allowHalfOpen = true
  connection.write(`GET /BUCKET/k HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)
  await once(socket, 'end')
  // Seen by who writes, once the connection is closed on the other side.
  const pulse = setInterval(() => socket.write('x'), 100)
  await connection.closed()
  clearInterval(pulse)
  t.match(connection.text, /^HTTP\/1\.1 400 /)
  t.match(connection.error, /ECONNRESET|EPIPE/)
})
