import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import t from 'tap'
import { type CertificateOptions, type IssuedPair, TestAuthority } from '../support/certificates.ts'
import { send } from '../support/signed-request.ts'
import { type Rig, startProxy } from './rig.ts'
import { startRawStandIn, startStandIn } from './stand-in.ts'

const NAMES = ['*.s3.us-east-1.amazonaws.com', '*.s3.eu-west-1.amazonaws.com']
const ERRORS = 'sealgate_upstream_errors_total'

/** A proxy for AWS's names, which all lead to that port of this machine. */
/** By an authority of its own. */
function issueFor(hosts: readonly string[], options: CertificateOptions = {}): IssuedPair {
  return new TestAuthority().issue({ ...options, names: hosts.map((host) => `DNS:${host}`) })
}

function proxyToAws(port: number, authority: IssuedPair | undefined): Promise<Rig> {
  return startProxy({
    endpoint: `https://s3.us-east-1.amazonaws.com:${port}`,
    resolve: () => ['127.0.0.1'],
    ...(authority === undefined ? {} : { ca: authority.ca }),
  })
}

t.test("AWS's names over TLS: SNI, Host, region and the way to the bucket's region", async (t) => {
  const authority = issueFor(NAMES)
  const s3 = await startStandIn(({ host }, response) => {
    if (host.startsWith('far.s3.us-east-1.')) {
      response.writeHead(301, { 'x-amz-bucket-region': 'eu-west-1' }).end()
    } else response.writeHead(200).end(host)
  }, authority)
  const rig = await proxyToAws(s3.port, authority)
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  const near = await send(rig.port, { path: '/near/key' })
  t.equal(near.text, `near.s3.us-east-1.amazonaws.com:${s3.port}`)
  const far = await send(rig.port, { path: '/far/key' })
  t.equal(far.text, `far.s3.eu-west-1.amazonaws.com:${s3.port}`)
  t.match(s3.received.at(-1), { region: 'eu-west-1', path: '/key' })
})

t.test('a rooted endpoint resolves with its dot; Host and SNI have none', async (t) => {
  for (const addressing of ['path', 'virtual']) {
    const authority = issueFor(['minio.test', '*.minio.test'])
    const s3 = await startStandIn(({ host }, response) => response.end(host), authority)
    const asked = new Set<string>()
    const rig = await startProxy({
      endpoint: `https://minio.test.:${s3.port}`,
      upstream: `  addressing: ${addressing}`,
      ca: authority.ca,
      resolve: (hostname) => {
        asked.add(hostname)
        return ['127.0.0.1']
      },
    })
    t.teardown(() => Promise.all([rig.close(), s3.close()]))
    const answer = await send(rig.port, { path: '/bucket/key' })
    const name = addressing === 'path' ? 'minio.test' : 'bucket.minio.test'
    t.equal(answer.status, 200, rig.log())
    t.equal(answer.text, `${name}:${s3.port}`)
    t.strictSame([...asked], [`${name}.`])
  }
})

t.test('an access point is reached at a host of its own, in its own region', async (t) => {
  const authority = issueFor(['*.s3-accesspoint.us-west-2.amazonaws.com', ...NAMES])
  const s3 = await startStandIn(({ host }, response) => response.end(host), authority)
  const arn = 'arn:aws:s3:us-west-2:111122223333:accesspoint:my-ap'
  const alias = 'my-ap-abcdefghijklmnop-s3alias'
  const rig = await startProxy({
    endpoint: `https://s3.us-east-1.amazonaws.com:${s3.port}`,
    upstream: `  buckets: { '${arn}': {}, ${alias}: {} }`,
    resolve: () => ['127.0.0.1'],
    ca: authority.ca,
  })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  const byArn = await send(rig.port, { path: `/${encodeURIComponent(arn)}/a/key` })
  t.equal(
    byArn.text,
    `my-ap-111122223333.s3-accesspoint.us-west-2.amazonaws.com:${s3.port}`,
    byArn.text,
  )
  t.match(s3.received.at(-1), { region: 'us-west-2', path: '/a/key' })
  const byAlias = await send(rig.port, { path: `/${alias}/a/key` })
  t.equal(byAlias.text, `${alias}.s3.us-east-1.amazonaws.com:${s3.port}`)
  const unnamed = await send(rig.port, { path: '/other-abcdefghijklmnop-s3alias/a/key' })
  t.equal(unnamed.headers['x-sealgate-reason'], 'bucket-name-reserved')
  t.equal(s3.received.length, 2)
})

t.test('a certificate that is not trusted: 503, and the log says what to do', async (t) => {
  const authority = issueFor(NAMES)
  const other = issueFor(NAMES)
  const expired = issueFor(NAMES, { notAfter: '20210101000000Z' })
  const named = issueFor(['s3.elsewhere.example'])
  const rows: readonly (readonly [string, IssuedPair, IssuedPair | undefined, RegExp])[] = [
    ['another authority', authority, other, /set that CA in upstream\.caFile/],
    ['the system does not know it', authority, undefined, /set that CA in upstream\.caFile/],
    ['expired', expired, expired, /has expired or is not valid yet; renew it/],
    ['another name', named, named, /for another name; check upstream\.endpoint/],
  ]
  for (const [name, server, trusted, advice] of rows) {
    const s3 = await startStandIn((_request, response) => response.end(), server)
    const rig = await proxyToAws(s3.port, trusted)
    const answer = await send(rig.port, { path: '/bucket/key' })
    t.equal(answer.status, 503, name)
    t.match(answer.text, /<Code>ServiceUnavailable<\/Code>/)
    t.equal(answer.headers['x-sealgate-reason'], 'upstream-tls')
    t.match(rig.log(), advice, name)
    t.equal(await rig.count(ERRORS, 'kind="tls"'), 1, 'it would fail again, so one attempt is made')
    t.equal(s3.received.length, 0, 'no request went out')
    await rig.close()
    await s3.close()
  }
})

t.test('a server that speaks no TLS, or only TLS 1.1, is answered 503', async (t) => {
  const plain = await startRawStandIn((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  const { cert, key } = issueFor(NAMES)
  const old = createTlsServer({
    cert,
    key,
    minVersion: 'TLSv1.1',
    maxVersion: 'TLSv1.1',
    ciphers: 'ALL:@SECLEVEL=0',
  })
  old.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => {
    old.listen(0, '127.0.0.1', resolve)
  })
  t.teardown(() => Promise.all([plain.close(), new Promise((resolve) => old.close(resolve))]))
  for (const port of [plain.port, (old.address() as AddressInfo).port]) {
    const rig = await proxyToAws(port, undefined)
    const answer = await send(rig.port, { path: '/bucket/key' })
    t.equal(answer.status, 503)
    t.equal(await rig.count(ERRORS, 'kind="tls"'), 1)
    await rig.close()
  }
})

t.test('a handshake that breaks off is tried again', async (t) => {
  const s3 = await startRawStandIn((socket) => socket.resetAndDestroy())
  const rig = await proxyToAws(s3.port, undefined)
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  const answer = await send(rig.port, { path: '/bucket/key' })
  t.equal(answer.status, 502)
  t.equal(s3.connections(), 4)
  t.equal(await rig.count(ERRORS, 'kind="reset"'), 4)
})

t.test('a handshake that never ends is given up in time', async (t) => {
  const s3 = await startRawStandIn((socket) => socket.resume())
  const rig = await startProxy({
    endpoint: `https://127.0.0.1:${s3.port}`,
    upstream: '  connectTimeout: 100ms',
  })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  const answer = await send(rig.port, { path: '/bucket/key' })
  t.equal(answer.status, 503)
  t.equal(answer.headers['x-sealgate-reason'], 'upstream-unreachable')
  t.equal(await rig.count(ERRORS, 'kind="connect"'), s3.connections())
  t.match(rig.log(), /in 100 ms: check the network/)
})

t.test('sessions are resumed', async (t) => {
  const authority = issueFor(NAMES)
  const resumed: boolean[] = []
  const server = createTlsServer(authority, (socket: TLSSocket) => {
    resumed.push(socket.isSessionReused())
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const rig = await proxyToAws((server.address() as AddressInfo).port, authority)
  t.teardown(() => Promise.all([rig.close(), new Promise((resolve) => server.close(resolve))]))
  for (let i = 0; i < 3; i++) t.equal((await send(rig.port, { path: '/bucket/key' })).status, 200)
  t.strictSame(resumed, [false, true, true])
})

t.test('large bodies pass over TLS, both ways', async (t) => {
  const authority = issueFor(NAMES)
  const body = Buffer.alloc(3_000_000, 'some octets ')
  const s3 = await startStandIn(({ method }, response) => {
    response.end(method === 'GET' ? body : undefined)
  }, authority)
  const rig = await proxyToAws(s3.port, authority)
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  t.equal((await send(rig.port, { method: 'PUT', path: '/bucket/key', body })).status, 200)
  t.ok(s3.received[0]?.body.equals(body))
  t.ok((await send(rig.port, { path: '/bucket/key' })).body.equals(body))
})
