import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type SecureVersion, TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { TestAuthority } from '../support/certificates.ts'
import { exchangeOctets } from '../support/raw-socket.ts'
import { startProxy } from './rig.ts'

/*
 * An answer of S3's that ends with its TLS connection is whole where TLS says that it ends there
 * (close_notify), and broken off where TCP alone ends. RFC 9112 section 9.8.
 */

const GET = 'GET /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'
const CLIENTS = `
  - name: sidecar
    anonymous: true
    buckets: ['*']`

const BODY_BYTES = 300_000
/** More than waits between S3 and a client that does not read. */
const LARGE_BODY_BYTES = 16_000_000

/** How the body is framed; `whole`: the end of the connection does not matter. */
const FRAMINGS = [
  { framing: 'no length', head: '', whole: false },
  { framing: 'a length', head: `Content-Length: ${BODY_BYTES}\r\n`, whole: true },
  { framing: 'chunks', head: 'Transfer-Encoding: chunked\r\n', whole: true },
] as const

interface Answering {
  readonly head: string
  readonly version: SecureVersion
  readonly saysEnd: boolean
  readonly isLate: boolean
  readonly size?: number
}

/** A server that answers each request with the body and ends, with close_notify or without. */
async function startS3(t: Test, { head, version, saysEnd, isLate, size = BODY_BYTES }: Answering) {
  const { ca, cert, key } = new TestAuthority().issue()
  const sockets = new Set<Socket>()
  const server = createServer((tcp) => {
    sockets.add(tcp)
    const tls = new TLSSocket(tcp, {
      ...{ isServer: true, cert, key },
      ...{ minVersion: version, maxVersion: version },
    })
    tls.on('error', () => undefined)
    tls.once('data', () => {
      const body = 'x'.repeat(size)
      const framed = head.includes('chunked')
        ? `${size.toString(16)}\r\n${body}\r\n0\r\n\r\n`
        : body
      const end = (): void => {
        if (saysEnd) tls.end()
        // The TCP connection alone: what was written is sent, and then FIN.
        else tcp.destroy()
      }
      tls.write(`HTTP/1.1 200 OK\r\nConnection: close\r\n${head}\r\n${framed}`, () => {
        if (isLate) setTimeout(end, 20)
        else end()
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { port, ca }
}

/** Bytes of the body in an answer: each is an x. */
function bodyBytes(answer: string): number {
  return answer.slice(answer.indexOf('\r\n\r\n')).split('x').length - 1
}

async function proxyTo(t: Test, { port, ca }: { readonly port: number; readonly ca: string }) {
  const rig = await startProxy({
    endpoint: `https://localhost:${port}`,
    upstream: '  addressing: path',
    clients: CLIENTS,
    ca,
    resolve: () => ['127.0.0.1'],
  })
  t.teardown(() => rig.close())
  return rig
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const saysEnd of [true, false]) {
    const how = saysEnd ? 'close_notify' : 'TCP alone'
    t.test(`answers over ${version} that end with ${how}`, async (t) => {
      for (const { framing, head, whole } of FRAMINGS) {
        for (const isLate of [false, true]) {
          const s3 = await startS3(t, { head, version, saysEnd, isLate })
          const rig = await proxyTo(t, s3)
          const text = await exchangeOctets(rig.port, GET)
          t.match(text, /^HTTP\/1\.1 200 /, rig.log())
          const isWhole = text.endsWith('\r\n0\r\n\r\n') || head.startsWith('Content-Length')
          const bytes = bodyBytes(text)
          const name = `${framing}, ${isLate ? 'later' : 'at once'}`
          if (whole || saysEnd) {
            t.equal(isWhole, true, `${name}: whole`)
            t.equal(bytes, BODY_BYTES, `${name}: all of it`)
          } else {
            t.equal(isWhole, false, `${name}: broken off, and the client can see it`)
          }
          const told = rig.log().includes('TLS ended without close_notify')
          t.equal(told, !whole && !saysEnd, `${name}: the log says why`)
        }
      }
    })
  }
}

for (const saysEnd of [true, false]) {
  t.test(
    `the same for a client that reads late, ${saysEnd ? 'with' : 'without'} close_notify`,
    async (t) => {
      const answering = { head: '', version: 'TLSv1.3', isLate: false, saysEnd } as const
      const s3 = await startS3(t, { ...answering, size: LARGE_BODY_BYTES })
      const rig = await proxyTo(t, s3)
      const socket = connect(rig.port, '127.0.0.1')
      socket.on('error', () => undefined)
      const closed = once(socket, 'close')
      socket.write(GET)
      await once(socket, 'readable') // and then nothing is read
      await new Promise((resolve) => setTimeout(resolve, 200))
      const chunks: Buffer[] = []
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      await closed
      const text = Buffer.concat(chunks).toString('latin1')
      t.equal(text.endsWith('\r\n0\r\n\r\n'), saysEnd)
      if (saysEnd) t.equal(bodyBytes(text), LARGE_BODY_BYTES)
    },
  )
}
